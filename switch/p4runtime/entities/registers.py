"""Registers (specification 1.4, "RegisterEntry"); BMv2's own server does not serve them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from finsy.proto import p4r

from switch.p4runtime.effects import Channel
from switch.p4runtime.entities.arrays import ArrayHandler
from switch.p4runtime.state import Register
from switch.p4runtime.status import invalid_argument
from switch.p4runtime.view import View


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

    def value(self, array: Register, message: p4r.RegisterEntry) -> tuple[Any, ...]:
        """The cell that the data describes; raises INVALID_ARGUMENT without data."""
        if not message.HasField("data"):
            raise invalid_argument(f"a write of register {array.name} needs data")
        (cell,) = array.codec.decode(message.data, f"register {array.name}")
        return (cell,)

    def cells(self, view: View, array: Register, first: int, count: int) -> list[Any]:
        """The cells."""
        return view.plane.read_registers(view.config, array.name, first, count)

    def entities(self, array: Register, first: int, cells: list[int]) -> Iterator[p4r.Entity]:
        """One message a cell."""
        for place, cell in enumerate(cells):
            entity = p4r.Entity()
            message = entity.register_entry
            message.register_id = array.register_id
            message.index.index = first + place
            array.codec.encode(iter((cell,)), message.data)
            yield entity
