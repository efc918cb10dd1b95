"""`generate`: from a program to the Python source that runs it, and what that is linked with.

The whole of a packet's way is one function, so that the packet's fields are local variables:

    parser, checksum verification, ingress, end of ingress,
    for each copy: egress, end of egress, checksum update, deparser, send

A copy that has to wait in an egress queue leaves it before egress; a second function is egress for
such copies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from switch.codegen.bounds import find_bounds
from switch.codegen.checksums import emit_verification
from switch.codegen.code import (
    COMPARE,
    Assign,
    Block,
    Comment,
    ForEach,
    If,
    Return,
    Run,
    Unpack,
    Value,
    number,
    render,
    variable,
)
from switch.codegen.conditions import equal
from switch.codegen.context import Context, Stage
from switch.codegen.deparser import emit_deparser
from switch.codegen.inline import inline
from switch.codegen.liveness import assigned, initial_values, prune
from switch.codegen.module import Request
from switch.codegen.packing import lower
from switch.codegen.parser import emit_parser
from switch.codegen.pipeline import emit_pipeline
from switch.codegen.primitives.forwarding import truncation
from switch.codegen.primitives.headers import packet_size
from switch.codegen.queueing import emit_egress_start, emit_hold, emit_waited, needed_by
from switch.codegen.state import EGRESS, PARAMETERS, PROCESS, Bounds
from switch.codegen.traffic import (
    COPIES,
    clock_us,
    egress_port,
    egress_rid,
    emit_drop,
    emit_egress_end,
    emit_ingress_end,
    emit_restore_fields,
    emit_send,
    set_instance,
)
from switch.p4json.program import Program
from switch.runtime.drops import Drop
from switch.runtime.instances import Instance

PASSES = 3
"""Each pass knows better than the one before how large fields become."""


LINE_LENGTH = 85
"""Of the generated source, where it can be kept."""


@dataclass(frozen=True)
class Generated:
    """The source of a module of two functions, and the names that it must be given."""

    source: str
    links: Mapping[str, Request]
    """What each global name of the module stands for; see `switch.runtime.link`."""


def generate(program: Program, priority_queues: int = 1) -> Generated:
    """Generate the code of a program. Raises `ProgramError` if a construct is not supported."""
    bounds: Bounds = {}
    for _ in range(PASSES - 1):
        context = Context.of(program, bounds, priority_queues)
        process, waited = _emit(context)
        bounds = find_bounds([*process, *waited], context.state)
    context = Context.of(program, bounds, priority_queues)
    process, waited = _emit(context)
    title = f"{program.source_file or 'A P4 program'}, translated for the embedded switch."
    lines = [
        *_function(PROCESS, title, process, context),
        *("", ""),
        *_function(EGRESS, "Egress of a packet that has waited in a queue.", waited, context),
    ]
    return Generated("\n".join(lines) + "\n", dict(context.links.requests))


def _function(name: str, title: str, block: Block, context: Context) -> list[str]:
    """The lines of one function."""
    body, _ = prune(block)
    body, needed = prune(inline(body))
    body = [Comment(title), *_start_values(context, needed), *lower(body, context.links)]
    return [f"def {name}({', '.join(PARAMETERS)}):", *render(body, 1)]


def _emit(context: Context) -> tuple[Block, Block]:
    """The bodies of both functions."""
    ingress = _emit_ingress(context)
    direct, waited = _emit_egress(context)
    front = _emit_front(context, ingress)
    before, loop = _emit_copies(context, front, direct)
    return [*front, *before, loop], waited


def _start_values(context: Context, needed: frozenset[str]) -> Block:
    """Give a value to what may be read before it is set."""
    names = needed - frozenset(PARAMETERS)
    if Stage.EGRESS not in context.features.clones_from:
        names -= context.state.places.keys()
    return [
        Run(f"{' = '.join(some)} = {value.text}", value.reads, frozenset(some))
        for value, group in initial_values(names, context.state.defaults)
        for some in _lines(group)
    ]


def _lines(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a list of names so that each part makes a line of reasonable length."""
    line: list[str] = []
    for name in names:
        if line and sum(map(len, line)) + 3 * len(line) + len(name) > LINE_LENGTH:
            yield line
            line = []
        line.append(name)
    if line:
        yield line


# -- from the wire to the copies ------------------------------------------------------------------


def _emit_ingress(context: Context) -> Block:
    """Parser to the end of ingress, for a packet that takes this way."""
    parsed = emit_parser(context) + emit_verification(context)
    pipeline = emit_pipeline(Stage.INGRESS, context)
    after = [*pipeline, *emit_ingress_end(context)]
    if Stage.INGRESS not in context.features.clones_from:
        return parsed + after
    is_clone = equal(variable("kind"), number(Instance.INGRESS_CLONE.value))
    return [*parsed, If(is_clone, _emit_ingress_clone(context), after)]


def _emit_ingress_clone(context: Context) -> Block:
    """A clone has only the metadata that was kept for it; it goes to egress at once."""
    session, fields, kept = _carried(context)
    return [
        Unpack((session, fields, kept), variable("carried")),
        *context.state.reset_metadata(),
        *emit_restore_fields(variable(fields), kept, context),
        *set_instance(Instance.INGRESS_CLONE, context),
        *_session_copies(session, context),
    ]


def _emit_egress_clone(context: Context) -> Block:
    """A clone from egress brings its headers along; it is not parsed."""
    session, fields, kept = _carried(context)
    state = context.state
    headers = state.local("carried_headers")
    names = (state.local("payload_at"), packet_size(context), *state.header_variables())
    return [
        Unpack((session, fields, kept, headers), variable("carried")),
        Unpack(names, variable(headers)),
        *emit_restore_fields(variable(fields), kept, context),
        *set_instance(Instance.EGRESS_CLONE, context),
        *_session_copies(session, context),
    ]


def _carried(context: Context) -> tuple[str, str, str]:
    session, fields, kept = (
        context.state.local(name) for name in ("session", "carried_fields", "carried_values")
    )
    return session, fields, kept


def _session_copies(session: str, context: Context) -> Block:
    """The copies of a clone session, and the length that its clones are cut to."""
    state = context.state
    found, copies, limit = state.local("clones"), state.local(COPIES), truncation(context)
    sessions = context.links.get("clone_sessions", wish="clone_copies")
    missing = Value(f"{found} is None", COMPARE, frozenset({found}), 0, 1)
    return [
        Run(f"{found} = {sessions}({session})", frozenset({session}), frozenset({found})),
        If(missing, [*emit_drop(Drop.NO_SESSION, context), Return()]),
        Unpack((copies, limit), variable(found)),
    ]


def _emit_front(context: Context, ingress: Block) -> Block:
    """Everything up to the copies, whatever way the packet takes."""
    way: Block = [*_arrival(context), *ingress]
    if Stage.EGRESS in context.features.clones_from:
        is_clone = equal(variable("kind"), number(Instance.EGRESS_CLONE.value))
        way = [If(is_clone, _emit_egress_clone(context), way)]
    return way


def _arrival(context: Context) -> Block:
    """Metadata of a packet that enters: from a port, or again with what was kept for it."""
    fresh: Block = context.set_known("standard_metadata.ingress_port", variable("port", 0, 511))
    fresh += context.set_known("intrinsic_metadata.ingress_global_timestamp", clock_us(context))
    block = context.set_known("standard_metadata.packet_length", variable("length", 0))
    block += context.set_known("standard_metadata.instance_type", variable("kind", 0, 6))
    if not (context.features.resubmits or context.features.recirculates):
        return [*fresh, *block]
    fields, kept = (context.state.local(name) for name in ("carried_fields", "carried_values"))
    again: Block = [
        Unpack((fields, kept), variable("carried")),
        *emit_restore_fields(variable(fields), kept, context),
    ]
    returns = Value(f"kind >= {Instance.RECIRCULATE.value}", COMPARE, frozenset({"kind"}), 0, 1)
    return [If(returns, again, fresh), *block]


# -- the copies -----------------------------------------------------------------------------------


def _emit_egress(context: Context) -> tuple[Block, Block]:
    """Egress to the wire, for a copy that comes from ingress and for one that has waited."""
    rest = [
        *emit_pipeline(Stage.EGRESS, context),
        *emit_egress_end(context),
        *emit_deparser(context),
        *emit_send(context),
    ]
    direct = [*emit_egress_start(context, waited=False), *rest]
    waited = [*emit_egress_start(context, waited=True), *rest]
    needed = needed_by(context, waited)
    return [*emit_hold(context, needed), *direct], emit_waited(context, needed, waited)


def _emit_copies(context: Context, front: Block, egress: Block) -> tuple[Block, ForEach]:
    """The loop over copies. Each begins with the packet as ingress left it."""
    body, needed = prune(egress)
    changed = needed & assigned(body)
    set_before = assigned(front)
    saved = tuple(sorted(changed & set_before))
    fresh = changed - set_before
    start: Block = [
        Assign(name, value)
        for value, names in initial_values(fresh, context.state.defaults)
        for name in names
    ]
    before: Block = []
    if saved:
        holder = context.state.local("saved")
        listed = "".join(f"{name}, " for name in saved).removesuffix(" ")
        before = [Assign(holder, Value(f"({listed})", reads=frozenset(saved)))]
        start.append(Unpack(saved, variable(holder)))
    copies = variable(context.state.local(COPIES))
    targets = (egress_port(context), egress_rid(context))
    return before, ForEach(targets, copies, [*start, *body])
