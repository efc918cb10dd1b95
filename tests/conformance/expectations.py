"""What a test expects to come out of a switch, compared at the end.

Frames are compared per port and in order, on the ports that the test names; what leaves by another
port is not looked at, as in p4c's runner, which attaches no other.
"""

from __future__ import annotations

from collections.abc import Iterable

from finsy.proto import p4r

from tests.conformance.compare import difference
from tests.conformance.control import digests
from tests.conformance.control.client import Heard
from tests.conformance.player import Player
from tests.conformance.program import Program
from tests.conformance.stf.statements import (
    CPU,
    Expect,
    ExpectDigest,
    ExpectIdle,
    Port,
    Statement,
)


class MismatchError(Exception):
    """The switch did something else than the test expects."""


class Expectations:
    """The expectations of one test."""

    def __init__(self, ports: Iterable[int]) -> None:
        self._frames: dict[Port, list[Expect]] = {port: [] for port in ports}
        self._digests: dict[str, list[tuple[int, ...]]] = {}
        self._idle: list[str] = []

    def add(self, statement: Statement) -> bool:
        """Take in a statement; False if it expects nothing."""
        match statement:
            case Expect():
                self._frames.setdefault(statement.port, []).append(statement)
            case ExpectDigest():
                self._digests.setdefault(statement.name, []).append(statement.values)
            case ExpectIdle():
                self._idle.append(statement.label)
            case _:
                return False
        return True

    def are_in(self, player: Player) -> bool:
        """Whether as many frames and notifications have come as are expected in all."""
        frames = sum(len(expected) for port, expected in self._frames.items() if port != CPU)
        heard = len(self._frames.get(CPU, ())) + len(self._idle)
        heard += sum(len(values) for values in self._digests.values())
        return player.received_count() >= frames and player.heard.count() >= heard

    def compare(self, player: Player, program: Program) -> None:
        """Raises `MismatchError` for the first difference."""
        if player.heard.errors:
            raise MismatchError("; ".join(player.heard.errors))
        for port, expected in self._frames.items():
            wrong = difference(expected, player.received(port), port)
            if wrong is not None:
                raise MismatchError(wrong)
        self._compare_digests(player.heard, program)
        self._compare_idle(player)

    def _compare_digests(self, heard: Heard, program: Program) -> None:
        for name, expected in self._digests.items():
            received = digests.received(program, name, heard.digests)
            if received != expected:
                raise MismatchError(f"digest {name}: received {received}, expected {expected}")

    def _compare_idle(self, player: Player) -> None:
        idle = [_key(entry) for entry in player.heard.idle]
        expected = [_key(player.tables.entry(label)) for label in self._idle]
        if idle != expected:
            raise MismatchError(f"idle entries: notified of {idle}, expected {expected}")


def _key(entry: p4r.TableEntry) -> str:
    """What names an entry, to compare."""
    return f"{entry.table_id} {sorted(map(str, entry.match))} {entry.priority}"
