"""Registers (specification 1.4, "RegisterEntry"); BMv2's own server does not serve them.

Whole arrays are what a migration of state reads, so the messages of many `bit<W>` cells are put
together in protobuf's wire format, several times faster than field by field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from finsy.proto import p4r

from switch.p4runtime.effects import Channel
from switch.p4runtime.entities.arrays import ArrayHandler
from switch.p4runtime.entities.register_wire import MAX_WIDTH, register_messages
from switch.p4runtime.p4data import BitCodec
from switch.p4runtime.state import Register
from switch.p4runtime.status import invalid_argument
from switch.p4runtime.view import Answer, View

MANY_CELLS = 64
"""From so many on the faster way is taken."""


class RegisterHandler(ArrayHandler):
    """Serves `register_entry`."""

    kind = "register_entry"
    what = "register"
    channel = Channel.REGISTER
    fill_channel = Channel.REGISTER_FILL

    def object_id(self, message: p4r.RegisterEntry) -> int:
        """The register's id."""
        return message.register_id

    def arrays(self, view: View) -> Mapping[int, Register]:
        """The registers."""
        return view.pipeline.registers

    def value(self, array: Register, message: p4r.RegisterEntry) -> int:
        """The cell that the data describes; raises INVALID_ARGUMENT without data."""
        if not message.HasField("data"):
            raise invalid_argument(f"a write of register {array.name} needs data")
        return array.codec.decode(message.data, array.name)[0]

    def cells(self, view: View, array: Register, first: int, count: int) -> list[int]:
        """The cells."""
        return view.plane.read_registers(view.config, array.name, first, count)

    def entities(
        self, array: Register, first: int, cells: list[int], request: p4r.RegisterEntry
    ) -> Answer:
        """One entity a cell, or messages of many."""
        codec = array.codec
        is_plain = isinstance(codec, BitCodec) and codec.widths[0] <= MAX_WIDTH
        if is_plain and len(cells) >= MANY_CELLS:
            return register_messages(array.register_id, first, cells)
        return self._entities(array, first, cells)

    def _entities(self, array: Register, first: int, cells: list[int]) -> Iterator[p4r.Entity]:
        for place, cell in enumerate(cells):
            entity = p4r.Entity()
            message = entity.register_entry
            message.register_id = array.register_id
            message.index.index = first + place
            array.codec.encode(iter((cell,)), message.data)
            yield entity
