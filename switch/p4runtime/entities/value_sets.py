"""Parser value sets (specification 1.4, "ValueSetEntry").

The data plane matches a member as one value with a mask, the fields put together, so every
match kind but ranges is possible.
"""

from __future__ import annotations

from collections.abc import Iterator

from finsy.proto import p4r

from switch.p4json.objects import MatchKey, TernaryMatch
from switch.p4runtime.effects import Channel
from switch.p4runtime.entities.handler import EntityHandler, only_modify
from switch.p4runtime.match import ExactCodec, FieldCodec, LpmCodec, RangeCodec
from switch.p4runtime.state import ValueSet
from switch.p4runtime.status import already_exists, resource_exhausted, unimplemented
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View, find, select


class ValueSetHandler(EntityHandler):
    """Serves `value_set_entry`."""

    kind = "value_set_entry"

    def object_id(self, message: p4r.ValueSetEntry) -> int:
        """The value set's id."""
        return message.value_set_id

    def write(
        self, tx: Transaction, view: View, update: p4r.Update.Type, message: p4r.ValueSetEntry
    ) -> None:
        """Replace all members of a set."""
        only_modify(update, "value set")
        value_set = find(view.pipeline.value_sets, message.value_set_id, "value set")
        if len(message.members) > value_set.size:
            raise resource_exhausted(
                f"value set {value_set.name} has room for {value_set.size} members"
            )
        members = tuple(value_set.keys.decode(member.match) for member in message.members)
        if len(set(members)) < len(members):
            raise already_exists(f"value set {value_set.name} is given a member twice")
        matches = tuple(_joined(value_set, member) for member in members)
        tx.assign(value_set, "members", members)
        tx.effect(Channel.VALUE_SET, (value_set.name, matches))

    def read(self, view: View, message: p4r.ValueSetEntry) -> Iterator[p4r.Entity]:
        """One set, or all."""
        chosen = select(view, view.pipeline.value_sets, message.value_set_id, "value set")
        return self._messages([(value_set, value_set.members) for value_set in chosen])

    def _messages(self, found: list[tuple[ValueSet, tuple[MatchKey, ...]]]) -> Iterator[p4r.Entity]:
        for value_set, members in found:
            entity = p4r.Entity()
            entity.value_set_entry.value_set_id = value_set.value_set_id
            for member in members:
                value_set.keys.encode(member, entity.value_set_entry.members.add().match)
            yield entity


def _joined(value_set: ValueSet, member: MatchKey) -> TernaryMatch:
    """A member as one value and mask, its first field leftmost."""
    value = mask = 0
    for field, match in zip(value_set.keys.fields, member, strict=True):
        field_value, field_mask = _value_and_mask(field, match)
        value = value << field.width | field_value
        mask = mask << field.width | field_mask
    return TernaryMatch(value, mask)


def _value_and_mask(field: FieldCodec, match) -> tuple[int, int]:
    if isinstance(field, RangeCodec):
        raise unimplemented("ranges in value sets")
    if isinstance(field, ExactCodec):
        return match, field.ones
    if isinstance(field, LpmCodec):
        value, length = match
        return value, field.ones ^ (field.ones >> length)
    return match
