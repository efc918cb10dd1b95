"""What decides where a packet goes, and which copies of it there are.

These note what is wanted in variables; `switch.codegen.traffic` acts on them at the end of the
ingress or egress pipeline, as BMv2 does.
"""

from __future__ import annotations

from collections.abc import Mapping

from switch.codegen.code import Assign, Block, Value, call, number, variable
from switch.codegen.context import Context, Place, Stage
from switch.codegen.primitives.family import Arguments, Emitter, argument, expect
from switch.p4json.expressions import FieldRef

DROP_PORT = 511
"""An egress port that stands for 'drop' (BMv2's default)."""

NOT_CLONED = -1
UNTRUNCATED = 0xFFFFFFFF


def drop(arguments: Arguments, context: Context, place: Place) -> Block:
    """`mark_to_drop(standard_metadata)`: may be undone by a later assignment to `egress_spec`."""
    state = context.state
    target = context.standard("egress_spec")
    block = state.assign(target.header, target.field, number(DROP_PORT))
    group = context.well_known("intrinsic_metadata.mcast_grp")
    if group is not None:
        block += state.assign(group.header, group.field, number(0))
    return block


def clone(arguments: Arguments, context: Context, place: Place) -> Block:
    """`clone(type, session)`; the last call in a pipeline counts."""
    expect(arguments, 2, place)
    if place.stage not in (Stage.INGRESS, Stage.EGRESS):
        raise place.error("clones outside of ingress and egress")
    context.features.clones_from.add(place.stage)
    context.features.truncates = True  # a session may say so
    return [
        Assign(clone_session(context), argument(arguments, 0, context, place)),
        Assign(context.state.local("clone_fields"), _list_id(arguments[1:], context, place)),
    ]


def clone_session(context: Context) -> str:
    """The variable that holds the clone session asked for."""
    return context.state.local("clone_session", number(NOT_CLONED))


def resubmit(arguments: Arguments, context: Context, place: Place) -> Block:
    """`resubmit(…)`: the original packet goes through ingress again."""
    expect(arguments, 1, place)
    if place.stage is not Stage.INGRESS:
        raise place.error("resubmits outside of ingress")
    context.features.resubmits = True
    list_id = _list_id(arguments, context, place)
    return [Assign(context.state.local("resubmit_fields"), list_id)]


def recirculate(arguments: Arguments, context: Context, place: Place) -> Block:
    """`recirculate(…)`: the deparsed packet goes through ingress again."""
    expect(arguments, 1, place)
    if place.stage is not Stage.EGRESS:
        raise place.error("recirculates outside of egress")
    context.features.recirculates = True
    list_id = _list_id(arguments, context, place)
    return [Assign(context.state.local("recirculate_fields"), list_id)]


def truncate(arguments: Arguments, context: Context, place: Place) -> Block:
    """`truncate(length)`: the smallest length asked for counts."""
    expect(arguments, 1, place)
    context.features.truncates = True
    name = truncation(context)
    smaller = call("min", variable(name), argument(arguments, 0, context, place))
    return [Assign(name, smaller)]


def truncation(context: Context) -> str:
    """The variable that holds the length in bytes to which the frame is cut."""
    return context.state.local("truncated_to", number(UNTRUNCATED))


def digest(arguments: Arguments, context: Context, place: Place) -> Block:
    """`digest(receiver, data)`; the last call counts, with the values at the end of ingress."""
    expect(arguments, 2, place)
    if place.stage is not Stage.INGRESS:
        raise place.error("sends a digest from outside of ingress")
    context.features.sends_digests = True
    list_id = argument(arguments, 1, context, place)
    if list_id.constant not in context.program.body.learn_lists:
        raise place.error(f"refers to the unknown digest {list_id.text}")
    return [Assign(context.state.local("digest_list"), list_id)]


def _list_id(arguments: Arguments, context: Context, place: Place) -> Value:
    list_id = argument(arguments, 0, context, place)
    known = context.program.body.field_lists
    if list_id.constant is None or (list_id.constant and list_id.constant not in known):
        raise place.error(f"refers to the unknown field list {list_id.text}")
    return list_id


def kept_fields(context: Context, list_id: int) -> tuple[FieldRef, ...]:
    """The fields of a field list; list 0 is empty."""
    found = context.program.body.field_lists.get(list_id)
    return found.fields if found else ()


PRIMITIVES: Mapping[str, Emitter] = {
    "drop": drop,
    "mark_to_drop": drop,
    "clone_ingress_pkt_to_egress": clone,
    "clone_egress_pkt_to_egress": clone,
    "resubmit": resubmit,
    "recirculate": recirculate,
    "truncate": truncate,
    "generate_digest": digest,
}
