"""One test on one switch, from starting the switch to comparing what it sent.

Choices:
- Frames that come out are compared at the end, per port and in order, on the ports that the test
  names; what leaves by another port is not looked at, as in p4c's runner, which attaches no other.
- A control statement waits until the frames sent before it are through, that is until nothing has
  come out for `QUIET_S`. So does the end, once all that is expected has come or `PATIENCE_S` is
  over.
- Between frames for different ports there is a pause, since a switch serves its ports in an order
  of its own; after each frame a short one, since BMv2 takes only 8 at once from a TUN interface.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tests.conformance.compare import difference
from tests.conformance.control import digests, packet_io
from tests.conformance.control.arrays import Arrays, CheckError
from tests.conformance.control.client import Client, ControlError
from tests.conformance.control.replication import Replication
from tests.conformance.control.tables import Tables
from tests.conformance.outcome import Outcome, Verdict
from tests.conformance.ports import ETHERNET_HEADER_BYTES, Ports, wait_quiet
from tests.conformance.program import Program, UnknownNameError
from tests.conformance.stf.reader import read_stf
from tests.conformance.stf.statements import (
    CPU,
    Add,
    AddGroup,
    AddMember,
    ArrayRead,
    Check,
    CounterWrite,
    Expect,
    ExpectDigest,
    ExpectIdle,
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
from tests.conformance.stf.tokens import StfError
from tests.conformance.switches.process import SwitchProcess
from tests.conformance.switches.switch import GRPC_ADDRESS, START_LIMIT_S, SwitchKind

QUIET_S = 0.1
PATIENCE_S = 3.0
QUIET_LIMIT_S = 10.0
PORT_CHANGE_PAUSE_S = 0.01
FRAME_PAUSE_S = 0.001


class MismatchError(Exception):
    """The switch did something else than the test expects."""


class ProgramRefusedError(Exception):
    """The switch did not load the program."""


def run_trial(kind: SwitchKind, program: Program, stf: str) -> Outcome:
    """Run a test on a fresh switch. Never raises for what the switch or the test does wrong."""
    began = time.monotonic()
    verdict, reason = _run(kind, program, stf)
    return Outcome(program.name, kind.name, verdict, reason, round(time.monotonic() - began, 3))


def _run(kind: SwitchKind, program: Program, stf: str) -> tuple[Verdict, str]:
    try:
        statements = read_stf(stf)
    except StfError as error:
        return Verdict.UNREADABLE, str(error)
    numbers = _port_numbers(statements)
    with (
        Ports(numbers, _has_short_frames(statements)) as ports,
        SwitchProcess(kind.command(ports.interfaces)) as process,
        Client(GRPC_ADDRESS) as client,
    ):
        verdict, reason = _judge(kind, program, statements, ports, client)
        ending = process.ending()
        if ending is not None:
            words = process.last_words()
            return Verdict.CRASHED, "\n".join(filter(None, [ending, reason, words]))
        if verdict is not Verdict.PASSED:
            words = process.last_words()
            reason = f"{reason}\n{words}" if words else reason
        return verdict, reason


def _judge(
    kind: SwitchKind,
    program: Program,
    statements: Sequence[Statement],
    ports: Ports,
    client: Client,
) -> tuple[Verdict, str]:
    try:
        client.connect(START_LIMIT_S)
        trial = Trial(kind, program, ports, client)
        trial.play(statements)
    except ProgramRefusedError as error:
        return Verdict.REFUSED, str(error)
    except (StfError, UnknownNameError, ValueError) as error:
        return Verdict.UNREADABLE, str(error)
    except (MismatchError, CheckError, ControlError) as error:
        return Verdict.FAILED, str(error)
    return Verdict.PASSED, ""


class Trial:
    """A test under way."""

    def __init__(self, kind: SwitchKind, program: Program, ports: Ports, client: Client) -> None:
        self._program = program
        self._ports = ports
        self._client = client
        self._load()
        self._tables = Tables(client, program)
        self._replication = Replication(client)
        self._arrays = Arrays(client, program, self._tables, kind.extras(client))
        self._expected: dict[Port, list[Expect]] = {number: [] for number in ports.interfaces}
        self._expected_digests: dict[str, list[tuple[int, ...]]] = {}
        self._expected_idle: list[str] = []
        self._last_port: Port | None = None
        self._is_settled = True
        self._control: dict[type[Statement], Callable[..., None]] = {
            Add: self._tables.add,
            Modify: self._tables.modify,
            Remove: self._tables.remove,
            SetDefault: self._tables.set_default,
            AddMember: self._tables.add_member,
            AddGroup: self._tables.add_group,
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
            Reload: self._reload,
            Wait: self._wait,
        }

    def play(self, statements: Sequence[Statement]) -> None:
        """Run all statements, then compare. Raises what `_judge` makes verdicts of."""
        if any(isinstance(statement, ExpectDigest) for statement in statements):
            digests.request_digests(self._client, self._program)
        for statement in statements:
            self._step(statement)
        self._await_expected()
        self._compare()

    def _step(self, statement: Statement) -> None:
        match statement:
            case Packet():
                self._send(statement)
            case Expect():
                self._expected.setdefault(statement.port, []).append(statement)
            case ExpectDigest():
                self._expected_digests.setdefault(statement.name, []).append(statement.values)
            case ExpectIdle():
                self._expected_idle.append(statement.label)
            case _:
                self._settle()
                self._apply(statement)

    def _apply(self, statement: Statement) -> None:
        try:
            self._control[type(statement)](statement)
        except (ControlError, CheckError, UnknownNameError, ValueError) as error:
            raise type(error)(f"line {statement.line}: {error}") from error

    def _send(self, packet: Packet) -> None:
        if self._last_port not in (None, packet.port):
            time.sleep(PORT_CHANGE_PAUSE_S)
        self._last_port = packet.port
        self._is_settled = False
        if isinstance(packet.port, int):
            self._ports.send(packet.port, packet.frame)
            time.sleep(FRAME_PAUSE_S)
        else:
            self._client.packet_out(packet_io.packet_out(self._program, packet.frame))

    def _settle(self) -> None:
        if not self._is_settled:
            wait_quiet(self._ports, QUIET_S, QUIET_LIMIT_S)
            self._is_settled = True

    def _await_expected(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self._missing() and time.monotonic() < deadline:
            self._ports.collect(QUIET_S)
        wait_quiet(self._ports, QUIET_S, QUIET_LIMIT_S)

    def _missing(self) -> bool:
        """Whether fewer frames and notifications have come than are expected in all."""
        frames = sum(len(expected) for port, expected in self._expected.items() if port != CPU)
        heard = len(self._expected.get(CPU, ())) + len(self._expected_idle)
        heard += sum(len(values) for values in self._expected_digests.values())
        return self._ports.count() < frames or self._client.heard.count() < heard

    def _compare(self) -> None:
        heard = self._client.heard
        if heard.errors:
            raise MismatchError("; ".join(heard.errors))
        for port, expected in self._expected.items():
            if isinstance(port, int):
                frames = self._ports.received(port)
            else:
                frames = [packet_io.frame_of(self._program, packet) for packet in heard.packets]
            wrong = difference(expected, frames, port)
            if wrong is not None:
                raise MismatchError(wrong)
        self._compare_digests()
        self._compare_idle()

    def _compare_digests(self) -> None:
        for name, expected in self._expected_digests.items():
            received = digests.received(self._program, name, self._client.heard.digests)
            if received != expected:
                raise MismatchError(f"digest {name}: received {received}, expected {expected}")

    def _compare_idle(self) -> None:
        idle = [_key(entry) for entry in self._client.heard.idle]
        expected = [_key(self._tables.entry(label)) for label in self._expected_idle]
        if idle != expected:
            raise MismatchError(f"{len(idle)} idle notifications: {idle}, expected: {expected}")

    def _load(self) -> None:
        try:
            self._client.push(self._program)
        except ControlError as error:
            raise ProgramRefusedError(str(error)) from error

    def _reload(self, statement: Reload) -> None:
        self._load()

    def _read(self, statement: ArrayRead) -> None:
        if statement.kind == "session":
            self._replication.read_session(statement.index)
        else:
            self._arrays.read(statement)

    def _set_port(self, statement: SetPort) -> None:
        self._ports.set_up(statement.port, statement.up)

    def _wait(self, statement: Wait) -> None:
        time.sleep(statement.at_least_s)


def _key(entry: object) -> str:
    """What names an entry, to compare."""
    return f"{entry.table_id} {sorted(map(str, entry.match))} {entry.priority}"


def _port_numbers(statements: Sequence[Statement]) -> list[int]:
    named = {
        statement.port
        for statement in statements
        if isinstance(statement, (Packet, Expect, SetPort)) and isinstance(statement.port, int)
    }
    return sorted(named)


def _has_short_frames(statements: Sequence[Statement]) -> bool:
    for statement in statements:
        match statement:
            case Packet(frame=frame) if len(frame) < ETHERNET_HEADER_BYTES:
                return True
            case Expect(pattern=str(pattern)) if len(pattern) < 2 * ETHERNET_HEADER_BYTES:
                return True
    return False
