"""Counters, meters, registers, digests and value sets, from P4Info and a loaded program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finsy.proto import p4i

from switch.p4json.program import Program
from switch.p4runtime.match import KeyCodec
from switch.p4runtime.p4data import DataCodec, data_codec
from switch.p4runtime.shapes import check_size, field_codec, find, index_by_id, mismatch
from switch.p4runtime.state import Array, DigestList, Register, ValueSet
from switch.p4runtime.status import StatusError, invalid_argument


class ArrayBuilder:
    """Builds what one pipeline has besides tables."""

    def __init__(self, p4info: p4i.P4Info, program: Program) -> None:
        self._p4info = p4info
        self._program = program

    def counters(self) -> dict[int, Array]:
        """All indirect counter arrays."""
        infos = index_by_id(self._p4info.counters, "counter", p4i.P4Ids.COUNTER)
        return {
            i: self._array("counter", info, self._program.counters) for i, info in infos.items()
        }

    def meters(self) -> dict[int, Array]:
        """All indirect meter arrays."""
        infos = index_by_id(self._p4info.meters, "meter", p4i.P4Ids.METER)
        return {i: self._array("meter", info, self._program.meters) for i, info in infos.items()}

    def _array(self, kind: str, info: Any, arrays: Mapping[str, Any]) -> Array:
        name = info.preamble.name
        what = f"{kind} {name}"
        array = find(arrays, what, name)
        check_size(what, info.size, array.size)
        meter_type = info.spec.type if kind == "meter" else p4i.MeterSpec.TWO_RATE_THREE_COLOR
        return Array(info.preamble.id, name, array.size, meter_type)

    def registers(self) -> dict[int, Register]:
        """All register arrays."""
        infos = index_by_id(self._p4info.registers, "register", p4i.P4Ids.REGISTER)
        return {i: self._register(info) for i, info in infos.items()}

    def _register(self, info: p4i.Register) -> Register:
        name = info.preamble.name
        what = f"register {name}"
        array = find(self._program.registers, what, name)
        check_size(what, info.size, array.size)
        codec = self._codec(what, info, (array.width,))
        return Register(info.preamble.id, name, array.size, codec)

    def digests(self) -> dict[int, DigestList]:
        """All digests."""
        infos = index_by_id(self._p4info.digests, "digest", p4i.P4Ids.DIGEST)
        return {i: self._digest(info) for i, info in infos.items()}

    def _digest(self, info: p4i.Digest) -> DigestList:
        name = info.preamble.name
        known = find(self._program.digests, f"digest {name}", name)
        codec = self._codec(f"digest {name}", info, known.widths)
        return DigestList(info.preamble.id, name, codec)

    def _codec(self, what: str, info: Any, widths: tuple[int, ...]) -> DataCodec:
        try:
            codec = data_codec(info.type_spec, self._p4info.type_info)
        except StatusError as error:
            raise invalid_argument(f"{what}: {error.message}") from error
        if codec.widths != widths:
            raise mismatch(what, f"fields of {codec.widths} bits in P4Info, {widths} in the JSON")
        return codec

    def value_sets(self) -> dict[int, ValueSet]:
        """All parser value sets."""
        infos = index_by_id(self._p4info.value_sets, "value set", p4i.P4Ids.VALUE_SET)
        return {i: self._value_set(info) for i, info in infos.items()}

    def _value_set(self, info: p4i.ValueSet) -> ValueSet:
        name = info.preamble.name
        what = f"value set {name}"
        known = find(self._program.value_sets, what, name)
        fields = tuple(field_codec(what, match, match.bitwidth) for match in info.match)
        width = sum(field.width for field in fields)
        if width != known.width:
            raise mismatch(what, f"{width} bits in P4Info, {known.width} in the JSON")
        return ValueSet(info.preamble.id, name, info.size, KeyCodec(fields))
