"""Where a copy of a packet may wait: between ingress and egress, as in BMv2.

A copy to a port whose packets need not wait goes straight on in the same function. Another is
handed over with the variables that egress reads, and a function of its own goes on with it when
its turn comes (`switch.dataplane.traffic`).
"""

from __future__ import annotations

from collections.abc import Sequence

from switch.codegen.code import (
    COMPARE,
    Again,
    Block,
    Comment,
    ForEach,
    If,
    Run,
    Value,
    number,
    variable,
)
from switch.codegen.conditions import greater_or_equal
from switch.codegen.context import Context
from switch.codegen.liveness import prune
from switch.codegen.primitives.forwarding import DROP_PORT
from switch.codegen.primitives.headers import packet_size
from switch.codegen.state import PARAMETERS
from switch.codegen.traffic import clock_us, egress_port, egress_rid, emit_drop, output_queue
from switch.runtime.drops import Drop

_DEPTHS_AND_TIMES = ("enq_timestamp", "enq_qdepth", "deq_timedelta", "deq_qdepth")
_FIELDS = (*_DEPTHS_AND_TIMES, "qid")


def emit_egress_start(context: Context, waited: bool) -> Block:
    """What BMv2 sets when a packet leaves its queue; one that did not wait found it empty."""
    now = clock_us(context)
    block: Block = [Comment("Egress")]
    block += context.set_known("intrinsic_metadata.egress_global_timestamp", now)
    if waited:
        block += _set_fields(context, [variable(name, 0) for name in _brought(context)])
    else:
        block += _set_fields(context, [now, number(0), number(0), number(0), number(0)])
    block += context.set_known("standard_metadata.egress_spec", number(DROP_PORT + 1))
    size = variable(packet_size(context), 0)
    block += context.set_known("standard_metadata.packet_length", size)
    port, rid = variable(egress_port(context), 0, 511), variable(egress_rid(context), 0)
    block += context.set_known("standard_metadata.egress_port", port)
    return [*block, *context.set_known("intrinsic_metadata.egress_rid", rid)]


def _set_fields(context: Context, values: Sequence[Value]) -> Block:
    """All or none, as in BMv2, but for `qid`."""
    if any(context.well_known(f"queueing_metadata.{name}") is None for name in _DEPTHS_AND_TIMES):
        return []
    return [
        statement
        for name, value in zip(_FIELDS, values, strict=True)
        for statement in context.set_known(f"queueing_metadata.{name}", value)
    ]


def emit_hold(context: Context, needed: Sequence[str]) -> Block:
    """Find where frames for the port go; hand the copy over if it has to wait.

    `needed` are the variables that it is to bring along.
    """
    queue, held = output_queue(context), context.state.local("held")
    port, find = egress_port(context), context.links.get("queues", wish="queue_of")
    reads = frozenset({queue})
    return [
        *_check_priority(context),
        Run(f"{queue} = {find}({port})", frozenset({port}), frozenset({queue})),
        If(
            Value(f"{queue} is None", COMPARE, reads, 0, 1),
            [_hand_over(context, needed, held), If(variable(held, 0, 1), [Again()])],
        ),
    ]


def _hand_over(context: Context, needed: Sequence[str], held: str) -> Run:
    hold, level = context.links.get("hold"), _priority(context)
    where = [variable(name) for name in (egress_port(context), egress_rid(context))]
    values = [_carried(name, context) for name in needed]
    listed = "".join(f"{value.text}, " for value in values).removesuffix(" ")
    text = (
        f"{held} = {hold}({', '.join(value.text for value in (*where, level))}, "
        f"bytes(data[at:at + length]), port, ({listed}))"
    )
    reads = frozenset({"data", "at", "length", "port"})
    return Run(
        text, reads.union(*(value.reads for value in (*where, level, *values))), frozenset({held})
    )


def _check_priority(context: Context) -> Block:
    """BMv2 drops a packet of a priority for which there is no queue."""
    too_high = greater_or_equal(_priority(context), number(context.priority_queues))
    return [If(too_high, [*emit_drop(Drop.PRIORITY, context), Again()])]


def _priority(context: Context) -> Value:
    found = context.well_known("intrinsic_metadata.priority")
    value = context.read(found) if found else number(0)
    return value if value.constant is None else number(value.constant)


def _carried(name: str, context: Context) -> Value:
    """A variable's value; the place of a header has one only if the header was extracted."""
    header = context.state.places.get(name)
    if header is None:
        return variable(name)
    valid = context.state.valid(header)
    return Value(f"{name} if {valid.text} else 0", reads=valid.reads | {name})


def needed_by(context: Context, egress: Block) -> list[str]:
    """The variables that a copy has to bring along, in a stable order."""
    _, needed = prune([_once(_targets(context), egress)])
    return sorted(needed - frozenset(PARAMETERS))


def emit_waited(context: Context, needed: Sequence[str], egress: Block) -> Block:
    """Egress for a copy that has waited."""
    return [_once((*_targets(context), *needed), egress)]


def _once(targets: tuple[str, ...], body: Block) -> ForEach:
    """A loop, since `Again` ends egress; of one round."""
    return ForEach(targets, Value("(carried,)", reads=frozenset({"carried"})), body)


def _targets(context: Context) -> tuple[str, ...]:
    """What the traffic manager puts before the variables; see its `next_packet`."""
    where = (egress_port(context), egress_rid(context), output_queue(context))
    return (*where, *_brought(context))


def _brought(context: Context) -> list[str]:
    return [context.state.local(f"brought_{name}") for name in _FIELDS]
