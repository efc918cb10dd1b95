"""What happens between the pipelines and at their ends: copies, drops, clones, digests, sending.

The order is BMv2's (`simple_switch.cpp`, `ingress_thread` and `egress_thread`): after ingress
clone, digest, resubmit, multicast, drop, unicast; after egress clone, drop, recirculate, send.
"""

from __future__ import annotations

from collections.abc import Sequence

from switch.codegen.code import (
    COMPARE,
    Again,
    Assign,
    Block,
    Comment,
    If,
    Return,
    Run,
    Unpack,
    Value,
    number,
    variable,
)
from switch.codegen.conditions import equal, greater_or_equal, not_equal
from switch.codegen.context import Context, Stage
from switch.codegen.deparser import ADDRESS, FRAME, SIZE, emit_frame, emit_output
from switch.codegen.primitives.forwarding import (
    DROP_PORT,
    NOT_CLONED,
    UNTRUNCATED,
    clone_session,
    kept_fields,
    truncation,
)
from switch.codegen.primitives.headers import packet_size
from switch.p4json.expressions import FieldRef
from switch.runtime.drops import Drop
from switch.runtime.instances import Instance

COPIES = "copies"
SESSION_MASK = 0x7FFF


def emit_drop(reason: Drop, context: Context) -> Block:
    """Count a packet that is dropped."""
    drops = context.links.get("drops")
    return [Run(f"{drops}[{reason.value}] += 1  # {reason.name.lower()}")]


def set_instance(kind: Instance, context: Context) -> Block:
    """Set `instance_type`."""
    return context.set_known("standard_metadata.instance_type", number(kind.value))


def clock_us(context: Context) -> Value:
    """Microseconds since the switch started."""
    clock = context.links.get("clock", wish="monotonic_ns")
    start = context.links.get("start_ns")
    return Value(f"({clock}() - {start}) // 1000", low=0)


# -- after ingress ------------------------------------------------------------------------------


def emit_ingress_end(context: Context) -> Block:
    """From the end of ingress to the copies that go to egress."""
    block: Block = [Comment("End of ingress")]
    if Stage.INGRESS in context.features.clones_from:
        block += _clone_from_ingress(context)
    if context.features.sends_digests:
        block += _send_digest(context)
    if context.features.resubmits:
        block += _resubmit(context)
    return [*block, *_forward(context)]


def _forward(context: Context) -> Block:
    port = context.read(context.standard("egress_spec"))
    group = context.well_known("intrinsic_metadata.mcast_grp")
    instance = context.well_known("intrinsic_metadata.egress_rid")
    rid = context.read(instance).text if instance else "0"
    reads = port.reads | (context.read(instance).reads if instance else frozenset())
    copies = context.state.local(COPIES)
    unicast: Block = [
        Assign(copies, Value(f"(({port.text}, {rid}),)", reads=reads)),
        *set_instance(Instance.NORMAL, context),
    ]
    dropped: Block = [*emit_drop(Drop.INGRESS, context), Return()]
    decide: Block = [If(equal(port, number(DROP_PORT)), dropped, unicast)]
    if group is None:
        return decide
    return [If(context.read(group), _multicast(context.read(group), context), decide)]


def _multicast(group: Value, context: Context) -> Block:
    copies = context.state.local(COPIES)
    groups = context.links.get("multicast_groups", wish="multicast_copies")
    found = Run(f"{copies} = {groups}({group.text})", group.reads, frozenset({copies}))
    missing = Value(f"{copies} is None", COMPARE, frozenset({copies}), 0, 1)
    block: Block = [
        found,
        If(missing, [*emit_drop(Drop.NO_GROUP, context), Return()]),
        *set_instance(Instance.REPLICATION, context),
    ]
    if context.features.truncates:
        block.append(Assign(truncation(context), number(UNTRUNCATED)))
    return block


def _clone_from_ingress(context: Context) -> Block:
    """The packet as it came goes through the parser again, then to egress."""
    session, kept = clone_session(context), context.state.local("kept")
    fields = context.state.local("clone_fields")
    text = (
        f"process(data, at, length, port, {Instance.INGRESS_CLONE.value}, "
        f"({session} & {SESSION_MASK:#x}, {fields}, {kept}))"
    )
    reads = frozenset({session, fields, kept, "data", "at", "length", "port"})
    done = Assign(session, number(NOT_CLONED))
    body = [*_keep_fields(variable(fields), kept, context), Run(text, reads), done]
    return [If(greater_or_equal(variable(session), number(0)), body)]


def _keep_fields(list_id: Value, kept: str, context: Context) -> Block:
    """Gather the fields of whichever field list was asked for."""
    chain: Block = [Assign(kept, Value("()"))]
    for number_of in sorted(context.program.body.field_lists, reverse=True):
        values = [context.read(ref) for ref in kept_fields(context, number_of)]
        if values:
            gathered = Assign(kept, _tuple(values))
            chain = [If(equal(list_id, number(number_of)), [gathered], chain)]
    return chain


def _tuple(values: Sequence[Value]) -> Value:
    text = "".join(f"{value.text}, " for value in values)
    reads = frozenset().union(*(value.reads for value in values))
    return Value(f"({text.removesuffix(' ')})", reads=reads)


def emit_restore_fields(list_id: Value, kept: str, context: Context) -> Block:
    """Give the fields of a field list the values that were gathered."""
    chain: Block = []
    for number_of in sorted(context.program.body.field_lists, reverse=True):
        fields = kept_fields(context, number_of)
        if fields:
            names = tuple(_name(ref, context) for ref in fields)
            unpacked = Unpack(names, variable(kept))
            chain = [If(equal(list_id, number(number_of)), [unpacked], chain)]
    return chain


def _name(ref: FieldRef, context: Context) -> str:
    return context.state.field_name(ref.header, ref.field)


def _send_digest(context: Context) -> Block:
    wanted = variable(context.state.local("digest_list"), 0)
    send = context.links.get("digest", wish="send_digest")
    chain: Block = []
    for number_of, found in context.program.body.learn_lists.items():
        values = _tuple([context.read(ref) for ref in found.fields])
        sent = Run(f"{send}({found.name!r}, {values.text})", values.reads)
        chain = [If(equal(wanted, number(number_of)), [sent], chain)]
    return chain


def _resubmit(context: Context) -> Block:
    """The packet as it came goes through everything again."""
    fields, kept = context.state.local("resubmit_fields"), context.state.local("kept")
    again = context.links.get("requeue")
    text = (
        f"{again}(bytes(data[at:at + length]), port, {Instance.RESUBMIT.value}, ({fields}, {kept}))"
    )
    reads = frozenset({fields, kept, "data", "at", "length", "port"})
    body = [*_keep_fields(variable(fields), kept, context), Run(text, reads), Return()]
    return [If(not_equal(variable(fields), number(0)), body)]


# -- egress -------------------------------------------------------------------------------------


def emit_egress_end(context: Context) -> Block:
    """From the end of the egress pipeline to the wire."""
    block: Block = [Comment("End of egress")]
    if Stage.EGRESS in context.features.clones_from:
        block += _clone_from_egress(context)
    dropped = [*emit_drop(Drop.EGRESS, context), Again()]
    spec = context.read(context.standard("egress_spec"))
    return [*block, If(equal(spec, number(DROP_PORT)), dropped)]


def emit_send(context: Context) -> Block:
    """Recirculate, or add the frame to those that the port sends."""
    block: Block = []
    if context.features.recirculates:
        block += _recirculate(context)
    return [*block, *emit_output(context, _enqueue(context))]


def _enqueue(context: Context) -> Block:
    address, size = (context.state.local(name) for name in (ADDRESS, SIZE))
    queue = output_queue(context)
    missing = Value(f"{queue} is None", COMPARE, frozenset({queue}), 0, 1)
    reads = frozenset({queue, address, size})
    return [
        If(
            missing,
            emit_drop(Drop.NO_PORT, context),
            [Run(f"{queue} += ({address}, {size})", reads, frozenset({queue}))],
        ),
    ]


def egress_port(context: Context) -> str:
    """The variable of the port that a copy goes to."""
    return context.state.local("output_port")


def egress_rid(context: Context) -> str:
    """The variable of a copy's instance in its multicast group or clone session."""
    return context.state.local("output_rid")


def output_queue(context: Context) -> str:
    """The variable of the frames that the port is to send; None if there is no such port."""
    return context.state.local("queue")


def _clone_from_egress(context: Context) -> Block:
    """The packet's headers as they are now go through egress again."""
    state = context.state
    session, kept = clone_session(context), state.local("kept")
    fields = state.local("clone_fields")
    names = state.header_variables()
    payload_at, size = state.local("payload_at"), packet_size(context)
    listed = ", ".join([payload_at, size, *names])
    again = context.links.get("requeue")
    text = (
        f"{again}(bytes(data[at:at + length]), port, {Instance.EGRESS_CLONE.value}, "
        f"({session} & {SESSION_MASK:#x}, {fields}, {kept}, ({listed})))"
    )
    reads = frozenset(
        {session, fields, kept, payload_at, size, *names, "data", "at", "length", "port"}
    )
    body = [*_keep_fields(variable(fields), kept, context), Run(text, reads)]
    return [
        If(greater_or_equal(variable(session), number(0)), body),
    ]


def _recirculate(context: Context) -> Block:
    """The frame as it would be sent goes through everything again."""
    state = context.state
    fields, kept, frame = (state.local(name) for name in ("recirculate_fields", "kept", FRAME))
    again = context.links.get("requeue")
    text = f"{again}({frame}, port, {Instance.RECIRCULATE.value}, ({fields}, {kept}))"
    reads = frozenset({frame, fields, kept, "port"})
    truncated: Block = []
    if context.features.truncates:
        limit = truncation(context)
        value = Value(f"{frame}[:{limit}]", reads=frozenset({frame, limit}))
        truncated = [Assign(frame, value)]
    body = [
        *_keep_fields(variable(fields), kept, context),
        *emit_frame(context, frame),
        *truncated,
        Run(text, reads),
        Again(),
    ]
    return [If(not_equal(variable(fields), number(0)), body)]
