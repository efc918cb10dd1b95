"""Whether an object of the P4Info has the shape that the program's JSON gives it.

What does not fit refuses the whole config with INVALID_ARGUMENT, naming the object, so that
nothing is found out later by a write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from finsy.proto import p4i

from switch.p4json.objects import KeyField, MatchKind
from switch.p4runtime.match import CODECS, FieldCodec
from switch.p4runtime.status import StatusError, invalid_argument

_T = TypeVar("_T")


class _WithPreamble(Protocol):
    @property
    def preamble(self) -> p4i.Preamble: ...


_I = TypeVar("_I", bound=_WithPreamble)

_KINDS: dict[int, frozenset[MatchKind]] = {
    p4i.MatchField.EXACT: frozenset({MatchKind.EXACT, MatchKind.VALID}),
    p4i.MatchField.LPM: frozenset({MatchKind.LPM}),
    p4i.MatchField.TERNARY: frozenset({MatchKind.TERNARY}),
    p4i.MatchField.RANGE: frozenset({MatchKind.RANGE}),
    p4i.MatchField.OPTIONAL: frozenset({MatchKind.OPTIONAL, MatchKind.TERNARY}),
}
"""What the JSON may call each of P4Info's match types."""


def index_by_id(infos: Iterable[_I], kind: str, prefix: int) -> dict[int, _I]:
    """Objects by id; raises if an id is taken twice or not of the kind's range."""
    index: dict[int, _I] = {}
    for info in infos:
        object_id, name = info.preamble.id, info.preamble.name
        if object_id >> 24 != prefix:
            raise mismatch(f"{kind} {name}", f"0x{object_id:08x} is not an id of a {kind}")
        if object_id in index:
            raise mismatch(f"{kind} {name}", f"its id 0x{object_id:08x} is used twice")
        index[object_id] = info
    return index


def find(objects: Mapping[str, _T], what: str, name: str) -> _T:
    """The program's object of a name."""
    found = objects.get(name)
    if found is None:
        raise mismatch(what, "it is in the P4Info and not in the JSON")
    return found


def mismatch(what: str, why: str) -> StatusError:
    """The refusal of a config because of one object."""
    return invalid_argument(f"P4Info and p4_device_config do not fit: {what}: {why}")


def check_size(what: str, in_p4info: int, in_json: int) -> None:
    """Both must give an array the same size."""
    if in_p4info != in_json:
        raise mismatch(what, f"size {in_p4info} in P4Info, {in_json} in the JSON")


def width_of(what: str, info: Any, in_json: int) -> int:
    """The width of a field or parameter.

    P4Info has the controller's width for a translated type and none for P4's `error`.
    """
    if info.HasField("type_name"):
        if not info.bitwidth:
            raise mismatch(what, f"{info.type_name.name} is translated to strings")
        return min(info.bitwidth, in_json)
    if info.bitwidth not in (0, in_json):
        raise mismatch(what, f"{info.bitwidth} bits in P4Info, {in_json} in the JSON")
    return in_json


def key_fields(
    what: str, infos: Iterable[p4i.MatchField], keys: tuple[KeyField, ...]
) -> tuple[FieldCodec, ...]:
    """The codecs of a table's key, whose fields both list in the order of the P4 source."""
    infos = tuple(infos)
    if len(infos) != len(keys):
        raise mismatch(what, f"{len(infos)} match fields in P4Info, {len(keys)} in the JSON")
    fields = []
    for info, key in zip(infos, keys, strict=True):
        if key.kind not in _KINDS.get(info.match_type, ()):
            raise mismatch(what, f"match field {info.name} is {key.kind.value} in the JSON")
        fields.append(field_codec(what, info, key.width))
    return tuple(fields)


def field_codec(what: str, info: p4i.MatchField, in_json: int) -> FieldCodec:
    """The codec of one match field, of so many bits in the JSON."""
    codec = CODECS.get(info.match_type)
    if codec is None:
        raise mismatch(what, f"match field {info.name} is of an unknown kind")
    return codec(info.id, info.name, width_of(f"{what}, match field {info.name}", info, in_json))
