"""Match fields between P4Runtime messages and the data plane's keys, one codec per match kind.

A codec is made once per field of a table when a program is loaded, so that a write runs no more
than one small function per field; many values at once come as columns. The constraints are those of
the specification 1.4, "Match Format": a field that matches everything must be omitted, bits that do
not count must be 0.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from finsy.proto import p4i, p4r

from switch.p4json.objects import FieldMatch
from switch.p4runtime.bytestrings import check_all, decode, encode
from switch.p4runtime.status import StatusError, invalid_argument

_M = TypeVar("_M", bound=FieldMatch)


class FieldCodec(ABC, Generic[_M]):
    """One match field of a table or of a value set."""

    oneof: ClassVar[str]
    """The member of `FieldMatch.field_match_type` that this kind uses."""
    parts: ClassVar[tuple[str, ...]] = ("value",)
    """The fields of its message."""
    wildcard: _M | None = None
    """What an omitted field means; None: it may not be omitted."""
    _decode: Callable[..., _M]
    """The data plane's form of values for `parts`, checked."""
    takes_priority: ClassVar[bool] = False
    """Whether a table with such a field has priorities."""

    def __init__(self, field_id: int, name: str, width: int) -> None:
        self.field_id = field_id
        self.name = name
        self.width = width
        self.ones = (1 << width) - 1

    def decode(self, message: p4r.FieldMatch) -> _M:
        """The data plane's form of a field; raises INVALID_ARGUMENT."""
        given = message.WhichOneof("field_match_type")
        if given != self.oneof:
            raise self.error(
                f"is matched as {self.oneof}, and the message has a {given or 'no'} match"
            )
        match = getattr(message, self.oneof)
        parts = [getattr(match, part) for part in self.parts]
        return self._decode(*[p if isinstance(p, int) else self._bits(p) for p in parts])

    def decode_all(self, columns: Sequence[Sequence[int]]) -> Sequence[_M]:
        """Many fields, from a column for each of `parts`.

        Raises INVALID_ARGUMENT if one of them is refused; which, `decode` tells.
        """
        for column in columns:
            check_all(column, self.width, f"match field {self.name!r}")
        return self._decode_all(*columns)

    def encode(self, value: _M, message: p4r.FieldMatch) -> None:
        """Fill a field's message; not to be called with the wildcard."""
        message.field_id = self.field_id
        self._encode(value, message)

    def error(self, why: str) -> StatusError:
        """The refusal of this field."""
        return invalid_argument(f"match field {self.name!r} {why}")

    def _bits(self, data: bytes) -> int:
        value = int.from_bytes(data, "big")
        if value >> self.width or not data:
            decode(data, self.width, f"match field {self.name!r}")
        return value

    def _decode_all(self, *columns: Sequence[int]) -> Sequence[_M]:
        return list(map(self._decode, *columns))

    @abstractmethod
    def _encode(self, value: _M, message: p4r.FieldMatch) -> None: ...


class ExactCodec(FieldCodec[int]):
    """A value, never omitted."""

    oneof = "exact"

    def _decode_all(self, *columns: Sequence[int]) -> Sequence[int]:
        return columns[0]

    def _decode(self, value: int) -> int:
        return value

    def _encode(self, value: int, message: p4r.FieldMatch) -> None:
        message.exact.value = encode(value)


class LpmCodec(FieldCodec[tuple[int, int]]):
    """A value and the length of its prefix."""

    oneof = "lpm"
    parts = ("value", "prefix_len")
    wildcard = (0, 0)

    def _decode(self, value: int, length: int) -> tuple[int, int]:
        if not 0 < length <= self.width:
            raise self.error(
                f"has a prefix of {length} of {self.width} bits; omit the field to match everything"
            )
        if value & (self.ones >> length):
            raise self.error(f"has bits set after its prefix of {length} bits")
        return value, length

    def _encode(self, value: tuple[int, int], message: p4r.FieldMatch) -> None:
        message.lpm.value = encode(value[0])
        message.lpm.prefix_len = value[1]


class TernaryCodec(FieldCodec[tuple[int, int]]):
    """A value and the bits that count."""

    oneof = "ternary"
    parts = ("value", "mask")
    wildcard = (0, 0)
    takes_priority = True

    def _decode(self, value: int, mask: int) -> tuple[int, int]:
        if not mask:
            raise self.error("has a mask of 0; omit the field to match everything")
        if value & ~mask:
            raise self.error("has bits set in its value that are not in its mask")
        return value, mask

    def _encode(self, value: tuple[int, int], message: p4r.FieldMatch) -> None:
        message.ternary.value = encode(value[0])
        message.ternary.mask = encode(value[1])


class RangeCodec(FieldCodec[tuple[int, int]]):
    """An inclusive range."""

    oneof = "range"
    parts = ("low", "high")
    takes_priority = True

    def __init__(self, field_id: int, name: str, width: int) -> None:
        super().__init__(field_id, name, width)
        self.wildcard = (0, self.ones)

    def _decode(self, low: int, high: int) -> tuple[int, int]:
        if low > high:
            raise self.error(f"has a range from {low} down to {high}")
        if (low, high) == self.wildcard:
            raise self.error("has a range of all values; omit the field to match everything")
        return low, high

    def _encode(self, value: tuple[int, int], message: p4r.FieldMatch) -> None:
        message.range.low = encode(value[0])
        message.range.high = encode(value[1])


class OptionalCodec(FieldCodec[tuple[int, int]]):
    """A value, or nothing at all."""

    oneof = "optional"
    wildcard = (0, 0)
    takes_priority = True

    def _decode(self, value: int) -> tuple[int, int]:
        return value, self.ones

    def _encode(self, value: tuple[int, int], message: p4r.FieldMatch) -> None:
        message.optional.value = encode(value[0])


CODECS: dict[int, type[FieldCodec[Any]]] = {
    p4i.MatchField.EXACT: ExactCodec,
    p4i.MatchField.LPM: LpmCodec,
    p4i.MatchField.TERNARY: TernaryCodec,
    p4i.MatchField.RANGE: RangeCodec,
    p4i.MatchField.OPTIONAL: OptionalCodec,
}
"""By P4Info's `MatchType`."""


class KeyCodec:
    """The match key of a table, or of a member of a value set."""

    def __init__(self, fields: tuple[FieldCodec[Any], ...]) -> None:
        self.fields = fields
        self.takes_priority = any(field.takes_priority for field in fields)
        self._places = {field.field_id: (place, field) for place, field in enumerate(fields)}
        self._wildcards: list[Any] = [field.wildcard for field in fields]

    def decode(self, messages: Collection[p4r.FieldMatch]) -> tuple[FieldMatch, ...]:
        """The key that repeated `FieldMatch` messages give; raises INVALID_ARGUMENT."""
        key = list(self._wildcards)
        given = 0
        for message in messages:
            try:
                place, field = self._places[message.field_id]
            except KeyError:
                raise invalid_argument(f"there is no match field {message.field_id}") from None
            key[place] = field.decode(message)
            given |= 1 << place
        if given.bit_count() != len(messages):
            raise invalid_argument("a match field is given twice")
        if None in key:
            missing = self.fields[key.index(None)]
            raise missing.error("is matched exactly and may not be omitted")
        return tuple(key)

    def encode(self, key: tuple[FieldMatch, ...], messages: Any) -> None:
        """Append the fields of a key to a repeated field, without those that match everything."""
        for value, field in zip(key, self.fields, strict=True):
            if value != field.wildcard:
                field.encode(value, messages.add())
