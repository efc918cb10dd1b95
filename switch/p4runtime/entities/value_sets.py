"""Parser value sets (specification 1.4, "ValueSetEntry").

The data plane matches values with masks, the fields put together. A range is as many of these as
it takes prefixes to cover it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from math import prod
from typing import Any

from finsy.proto import p4r

from switch.p4json.objects import MatchKey, TernaryMatch
from switch.p4runtime.effects import Channel
from switch.p4runtime.entities.handler import EntityHandler, only_modify
from switch.p4runtime.match import ExactCodec, FieldCodec, LpmCodec, RangeCodec
from switch.p4runtime.prefixes import prefixes
from switch.p4runtime.state import ValueSet
from switch.p4runtime.status import already_exists, resource_exhausted
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View, find, select

MAX_MATCHES = 1024
"""Of one member: two ranges of 16 bits can be 900 together."""


class ValueSetHandler(EntityHandler):
    """Serves `value_set_entry`."""

    kind = "value_set_entry"

    def object_id(self, message: p4r.ValueSetEntry) -> int:
        """The value set's id."""
        return message.value_set_id

    def write(
        self,
        tx: Transaction,
        view: View,
        update: p4r.Update.Type.ValueType,
        message: p4r.ValueSetEntry,
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
        matches = tuple(match for member in members for match in _matches(value_set, member))
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


def _matches(value_set: ValueSet, member: MatchKey) -> list[TernaryMatch]:
    """A member as values and masks of all fields together, the first field leftmost."""
    choices = [
        [(value, mask, field.width) for value, mask in _values_and_masks(field, match)]
        for field, match in zip(value_set.keys.fields, member, strict=True)
    ]
    count = prod(map(len, choices))
    if count > MAX_MATCHES:
        raise resource_exhausted(
            f"the ranges of a member of value set {value_set.name} are {count} prefixes together; "
            f"there is room for {MAX_MATCHES}"
        )
    return [_joined(chosen) for chosen in product(*choices)]


def _joined(fields: Iterable[tuple[int, int, int]]) -> TernaryMatch:
    value = mask = 0
    for field_value, field_mask, width in fields:
        value = value << width | field_value
        mask = mask << width | field_mask
    return TernaryMatch(value, mask)


def _values_and_masks(field: FieldCodec, match: Any) -> list[tuple[int, int]]:
    if isinstance(field, RangeCodec):
        low, high = match
        return list(prefixes(low, high, field.width))
    if isinstance(field, ExactCodec):
        return [(match, field.ones)]
    if isinstance(field, LpmCodec):
        value, length = match
        return [(value, field.ones ^ (field.ones >> length))]
    return [match]
