"""From P4Info and a loaded program to the objects that requests are served from.

Each object of the P4Info must be in the program, with the same shape; what does not fit refuses
the whole config with INVALID_ARGUMENT, naming the object, so that nothing is found out later by
a write. What only the program has (hidden tables, actions nobody may name) no controller can
reach, and that is no fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from finsy.proto import p4i

from switch.p4json.objects import KeyField, MatchKind
from switch.p4json.objects import Table as ProgramTable
from switch.p4json.program import Program
from switch.p4runtime.actions import ActionCodec, ActionSet, Parameter
from switch.p4runtime.match import CODECS, FieldCodec, KeyCodec
from switch.p4runtime.p4data import DataCodec, data_codec
from switch.p4runtime.state import (
    Array,
    DigestList,
    Entry,
    Profile,
    Register,
    Table,
    ValueSet,
)
from switch.p4runtime.status import StatusError, invalid_argument

_T = TypeVar("_T")

_KINDS: dict[int, frozenset[MatchKind]] = {
    p4i.MatchField.EXACT: frozenset({MatchKind.EXACT, MatchKind.VALID}),
    p4i.MatchField.LPM: frozenset({MatchKind.LPM}),
    p4i.MatchField.TERNARY: frozenset({MatchKind.TERNARY}),
    p4i.MatchField.RANGE: frozenset({MatchKind.RANGE}),
    p4i.MatchField.OPTIONAL: frozenset({MatchKind.OPTIONAL, MatchKind.TERNARY}),
}
"""What the JSON may call each of P4Info's match types."""


class Builder:
    """Builds the objects of one pipeline."""

    def __init__(self, p4info: p4i.P4Info, program: Program) -> None:
        self._p4info = p4info
        self._program = program
        self._types = p4info.type_info
        self._actions = self._index(p4info.actions, "action", p4i.P4Ids.ACTION)
        self._direct_counters = self._index(
            p4info.direct_counters, "direct counter", p4i.P4Ids.DIRECT_COUNTER
        )
        self._direct_meters = self._index(
            p4info.direct_meters, "direct meter", p4i.P4Ids.DIRECT_METER
        )
        self._profile_infos = self._index(
            p4info.action_profiles, "action profile", p4i.P4Ids.ACTION_PROFILE
        )
        self.profiles: dict[int, Profile] = {}
        """Filled by `tables`."""

    # -- tables -----------------------------------------------------------------------------

    def tables(self) -> dict[int, Table]:
        """All tables, with the entries of the P4 source in them; fills `profiles` as well."""
        infos = self._index(self._p4info.tables, "table", p4i.P4Ids.TABLE)
        return {table_id: self._table(info) for table_id, info in infos.items()}

    def _table(self, info: p4i.Table) -> Table:
        name = info.preamble.name
        what = f"table {name}"
        program = _find(self._program.tables, what, name)
        actions = self._action_set(info, program)
        meters = [i for i in info.direct_resource_ids if i in self._direct_meters]
        table = Table(
            table_id=info.preamble.id,
            program=program,
            info=info,
            keys=KeyCodec(_key_fields(what, info.match_fields, program.keys)),
            actions=actions,
            profile=self._profile_of(info, program, actions),
            has_counter=any(i in self._direct_counters for i in info.direct_resource_ids),
            has_meter=bool(meters),
        )
        if meters:
            table.meter_type = self._direct_meters[meters[0]].spec.type
        if table.has_counter and not program.with_counters:
            raise _mismatch(what, "P4Info gives it a direct counter, the JSON does not")
        if table.has_meter and program.direct_meter is None:
            raise _mismatch(what, "P4Info gives it a direct meter, the JSON does not")
        table.entries.update({(entry.key, entry.priority): entry for entry in _initial(table)})
        return table

    def _action_set(self, info: p4i.Table, program: ProgramTable) -> ActionSet:
        what = f"table {program.name}"
        codecs: dict[int, ActionCodec] = {}
        for ref in info.action_refs:
            codec = self._action(what, ref.id)
            if codec.name not in program.actions:
                raise _mismatch(what, f"it has no action {codec.name} in the JSON")
            codecs[ref.id] = codec
        return ActionSet(what, codecs, {ref.id: ref.scope for ref in info.action_refs})

    def _action(self, what: str, action_id: int) -> ActionCodec:
        info = self._actions.get(action_id)
        if info is None:
            raise _mismatch(what, f"it refers to action 0x{action_id:08x}, which P4Info lacks")
        name = info.preamble.name
        signature = _find(self._program.actions, f"action {name}", name)
        if len(info.params) != len(signature.parameters):
            raise _mismatch(
                f"action {name}",
                f"{len(info.params)} parameters in P4Info, {len(signature.parameters)} in the JSON",
            )
        return ActionCodec(
            action_id,
            name,
            tuple(
                Parameter(
                    param.id,
                    param.name,
                    _width(f"parameter {param.name} of action {name}", param, known.width),
                )
                for param, known in zip(info.params, signature.parameters, strict=True)
            ),
        )

    def _profile_of(
        self, info: p4i.Table, program: ProgramTable, actions: ActionSet
    ) -> Profile | None:
        what = f"table {program.name}"
        if not info.implementation_id:
            if program.action_profile is not None:
                raise _mismatch(what, f"only the JSON gives it {program.action_profile}")
            return None
        profile = self.profiles.get(info.implementation_id)
        if profile is None:
            profile = self._profile(what, info.implementation_id, actions)
        if program.action_profile != profile.name:
            raise _mismatch(what, f"only P4Info gives it action profile {profile.name}")
        return profile

    def _profile(self, what: str, profile_id: int, actions: ActionSet) -> Profile:
        info = self._profile_infos.get(profile_id)
        if info is None:
            raise _mismatch(what, f"it refers to 0x{profile_id:08x}, which P4Info lacks")
        name = info.preamble.name
        program = _find(self._program.action_profiles, f"action profile {name}", name)
        if info.with_selector != program.has_selector:
            raise _mismatch(f"action profile {name}", "only one of the two has a selector")
        profile = Profile(profile_id, name, info, actions, info.size or program.max_size)
        self.profiles[profile_id] = profile
        return profile

    # -- arrays and the rest ----------------------------------------------------------------

    def counters(self) -> dict[int, Array]:
        """All indirect counter arrays."""
        infos = self._index(self._p4info.counters, "counter", p4i.P4Ids.COUNTER)
        return {
            i: self._array("counter", info, self._program.counters) for i, info in infos.items()
        }

    def meters(self) -> dict[int, Array]:
        """All indirect meter arrays."""
        infos = self._index(self._p4info.meters, "meter", p4i.P4Ids.METER)
        return {i: self._array("meter", info, self._program.meters) for i, info in infos.items()}

    def _array(self, kind: str, info: Any, arrays: Mapping[str, Any]) -> Array:
        name = info.preamble.name
        what = f"{kind} {name}"
        array = _find(arrays, what, name)
        _check_size(what, info.size, array.size)
        meter_type = info.spec.type if kind == "meter" else p4i.MeterSpec.TWO_RATE_THREE_COLOR
        return Array(info.preamble.id, name, array.size, meter_type)

    def registers(self) -> dict[int, Register]:
        """All register arrays."""
        infos = self._index(self._p4info.registers, "register", p4i.P4Ids.REGISTER)
        return {i: self._register(info) for i, info in infos.items()}

    def _register(self, info: p4i.Register) -> Register:
        name = info.preamble.name
        what = f"register {name}"
        array = _find(self._program.registers, what, name)
        _check_size(what, info.size, array.size)
        codec = self._codec(what, info, (array.width,))
        return Register(info.preamble.id, name, array.size, codec)

    def digests(self) -> dict[int, DigestList]:
        """All digests."""
        infos = self._index(self._p4info.digests, "digest", p4i.P4Ids.DIGEST)
        return {i: self._digest(info) for i, info in infos.items()}

    def _digest(self, info: p4i.Digest) -> DigestList:
        name = info.preamble.name
        known = _find(self._program.digests, f"digest {name}", name)
        codec = self._codec(f"digest {name}", info, known.widths)
        return DigestList(info.preamble.id, name, codec)

    def _codec(self, what: str, info: Any, widths: tuple[int, ...]) -> DataCodec:
        try:
            codec = data_codec(info.type_spec, self._types)
        except StatusError as error:
            raise invalid_argument(f"{what}: {error.message}") from error
        if codec.widths != widths:
            raise _mismatch(what, f"fields of {codec.widths} bits in P4Info, {widths} in the JSON")
        return codec

    def value_sets(self) -> dict[int, ValueSet]:
        """All parser value sets."""
        infos = self._index(self._p4info.value_sets, "value set", p4i.P4Ids.VALUE_SET)
        return {i: self._value_set(info) for i, info in infos.items()}

    def _value_set(self, info: p4i.ValueSet) -> ValueSet:
        name = info.preamble.name
        what = f"value set {name}"
        known = _find(self._program.value_sets, what, name)
        fields = tuple(_field(what, match, match.bitwidth) for match in info.match)
        width = sum(field.width for field in fields)
        if width != known.width:
            raise _mismatch(what, f"{width} bits in P4Info, {known.width} in the JSON")
        return ValueSet(info.preamble.id, name, info.size, KeyCodec(fields))

    def _index(self, infos: Iterable[_T], kind: str, prefix: int) -> dict[int, _T]:
        """Objects by id; raises if an id is taken twice or not of the kind's range."""
        index: dict[int, _T] = {}
        for info in infos:
            object_id, name = info.preamble.id, info.preamble.name
            if object_id >> 24 != prefix:
                raise _mismatch(f"{kind} {name}", f"0x{object_id:08x} is not an id of a {kind}")
            if object_id in index:
                raise _mismatch(f"{kind} {name}", f"its id 0x{object_id:08x} is used twice")
            index[object_id] = info
        return index


def _find(objects: Mapping[str, _T], what: str, name: str) -> _T:
    found = objects.get(name)
    if found is None:
        raise _mismatch(what, "it is in the P4Info and not in the JSON")
    return found


def _mismatch(what: str, why: str) -> StatusError:
    return invalid_argument(f"P4Info and p4_device_config do not fit: {what}: {why}")


def _check_size(what: str, in_p4info: int, in_json: int) -> None:
    if in_p4info != in_json:
        raise _mismatch(what, f"size {in_p4info} in P4Info, {in_json} in the JSON")


def _width(what: str, info: Any, in_json: int) -> int:
    """The width of a field or parameter.

    P4Info has the controller's width for a translated type and none for P4's `error`.
    """
    if info.HasField("type_name"):
        if not info.bitwidth:
            raise _mismatch(what, f"{info.type_name.name} is translated to strings")
        return min(info.bitwidth, in_json)
    if info.bitwidth not in (0, in_json):
        raise _mismatch(what, f"{info.bitwidth} bits in P4Info, {in_json} in the JSON")
    return in_json


def _key_fields(
    what: str, infos: Iterable[p4i.MatchField], keys: tuple[KeyField, ...]
) -> tuple[FieldCodec, ...]:
    infos = tuple(infos)
    if len(infos) != len(keys):
        raise _mismatch(what, f"{len(infos)} match fields in P4Info, {len(keys)} in the JSON")
    fields = []
    for info, key in zip(infos, keys, strict=True):
        if key.kind not in _KINDS.get(info.match_type, ()):
            raise _mismatch(what, f"match field {info.name} is {key.kind.value} in the JSON")
        fields.append(_field(what, info, key.width))
    return tuple(fields)


def _field(what: str, info: p4i.MatchField, in_json: int) -> FieldCodec:
    codec = CODECS.get(info.match_type)
    if codec is None:
        raise _mismatch(what, f"match field {info.name} is of an unknown kind")
    return codec(info.id, info.name, _width(f"{what}, match field {info.name}", info, in_json))


def _initial(table: Table) -> Iterable[Entry]:
    """The entries of the P4 source."""
    for entry in table.program.const_entries:
        yield Entry(
            key=tuple(entry.key),
            priority=entry.priority,
            action=entry.action,
            is_const=table.is_const,
        )
