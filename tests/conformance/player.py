"""Plays the statements of a test on a switch that runs its program.

Choices:
- A control statement waits until the frames sent before it are through, that is until the switch
  is at rest and nothing has come out for `QUIET_S`.
- A frame for another port than the one before waits until the switch is at rest, since it serves
  its ports in an order of its own; and so does the next of `FRAMES_AT_ONCE`, since BMv2 takes only
  8 at once from a TUN interface.
- A packet-out has been taken in when what is asked behind it on the stream is answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.conformance.control import packet_io
from tests.conformance.control.arrays import Arrays, CheckError
from tests.conformance.control.client import Client, ControlError, Heard
from tests.conformance.control.replication import Replication
from tests.conformance.control.tables import Tables
from tests.conformance.ports import Ports, wait_quiet
from tests.conformance.program import Program, UnknownNameError
from tests.conformance.stf.statements import (
    CPU,
    Add,
    AddGroup,
    AddMember,
    ArrayRead,
    Check,
    CounterWrite,
    GroupCreate,
    MeterWrite,
    Mirror,
    Modify,
    NodeAssociate,
    NodeCreate,
    NodeUpdate,
    Packet,
    Port,
    RegisterWrite,
    Reload,
    Remove,
    SetDefault,
    SetPort,
    SetValues,
    Statement,
    Wait,
)
from tests.conformance.switches.switch import Extras

QUIET_S = 0.1
QUIET_LIMIT_S = 10.0
REST_LIMIT_S = 10.0
"""Some programs send packets round and round: their switch is never at rest."""
REST_PAUSE_S = 0.001
FRAMES_AT_ONCE = 4


class ProgramRefusedError(Exception):
    """The switch did not load the program."""


class Player:
    """A program on a switch, and the statements applied to it."""

    def __init__(
        self,
        program: Program,
        ports: Ports,
        client: Client,
        extras: Extras,
        is_at_rest: Callable[[], bool],
    ) -> None:
        """Load the program. Raises `ProgramRefusedError`."""
        self._program = program
        self._ports = ports
        self._is_at_rest = is_at_rest
        self.client = client
        self.extras = extras
        self._load()
        self.tables = Tables(client, program)
        self._replication = Replication(client)
        self._arrays = Arrays(client, program, self.tables, extras)
        self._last_port: Port | None = None
        self._frames_on_their_way = 0
        self._is_settled = True
        self._control: dict[type[Statement], Callable[..., None]] = {
            Add: self.tables.add,
            Modify: self.tables.modify,
            Remove: self.tables.remove,
            SetDefault: self.tables.set_default,
            AddMember: self.tables.add_member,
            AddGroup: self.tables.add_group,
            GroupCreate: self._replication.create_group,
            NodeCreate: self._replication.create_node,
            NodeUpdate: self._replication.update_node,
            NodeAssociate: self._replication.associate,
            Mirror: self._replication.mirror,
            Check: self._arrays.check,
            ArrayRead: self._read,
            CounterWrite: self._arrays.write_counter,
            RegisterWrite: self._arrays.write_register,
            MeterWrite: self._arrays.write_meter,
            SetValues: self._arrays.set_values,
            SetPort: self._set_port,
            Reload: lambda _: self._load(),
            Wait: lambda wait: time.sleep(wait.at_least_s),
        }

    @property
    def heard(self) -> Heard:
        """What the switch has said on the stream so far."""
        return self.client.heard

    def apply(self, statement: Statement) -> None:
        """Apply a statement that is no expectation.

        Raises `ControlError`, `CheckError`, `UnknownNameError` or `ValueError`, naming the line.
        """
        if isinstance(statement, Packet):
            self._send(statement)
            return
        self._settle()
        try:
            self._control[type(statement)](statement)
        except (ControlError, CheckError, UnknownNameError, ValueError) as error:
            raise type(error)(f"line {statement.line}: {error}") from error

    def received(self, port: Port) -> list[bytes]:
        """The frames that have left by a port, in order."""
        if port == CPU:
            return [packet_io.frame_of(self._program, packet) for packet in self.heard.packets]
        return self._ports.received(int(port))

    def received_count(self) -> int:
        """How many frames have left by all ports but the CPU port."""
        return self._ports.count()

    def wait(self, is_enough: Callable[[], bool], patience_s: float) -> None:
        """Collect frames until all are through, and there is enough or `patience_s` is over."""
        self._wait_quiet()
        deadline = time.monotonic() + patience_s
        while not is_enough() and time.monotonic() < deadline:
            self._ports.collect(QUIET_S)
        self._wait_quiet()

    def _send(self, packet: Packet) -> None:
        if self._last_port != packet.port or self._frames_on_their_way == FRAMES_AT_ONCE:
            self._rest()
        self._last_port = packet.port
        self._frames_on_their_way += 1
        self._is_settled = False
        if isinstance(packet.port, int):
            self._ports.send(packet.port, packet.frame)
        else:
            self.client.packet_out(packet_io.packet_out(self._program, packet.frame))

    def _settle(self) -> None:
        if not self._is_settled:
            self._wait_quiet()
            self._is_settled = True

    def _wait_quiet(self) -> None:
        self._rest()
        wait_quiet(self._ports, QUIET_S, QUIET_LIMIT_S)

    def _rest(self) -> None:
        if self._last_port == CPU:
            self.client.exchange()
        deadline = time.monotonic() + REST_LIMIT_S
        while not self._is_at_rest() and time.monotonic() < deadline:
            time.sleep(REST_PAUSE_S)
        self._frames_on_their_way = 0

    def _load(self) -> None:
        try:
            self.client.push(self._program)
        except ControlError as error:
            raise ProgramRefusedError(str(error)) from error

    def _read(self, statement: ArrayRead) -> None:
        if statement.kind == "session":
            self._replication.read_session(statement.index)
        else:
            self._arrays.read(statement)

    def _set_port(self, statement: SetPort) -> None:
        self._ports.set_up(statement.port, statement.up)
