"""One test on one fresh switch, from starting the switch to comparing what it sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tests.conformance.control import digests
from tests.conformance.control.arrays import CheckError
from tests.conformance.control.client import Client, ControlError
from tests.conformance.expectations import Expectations, MismatchError
from tests.conformance.outcome import Outcome, Verdict
from tests.conformance.player import Player, ProgramRefusedError
from tests.conformance.ports import ETHERNET_HEADER_BYTES, Ports
from tests.conformance.program import Program, UnknownNameError
from tests.conformance.stf.reader import read_stf
from tests.conformance.stf.statements import (
    Expect,
    ExpectDigest,
    ExpectIdle,
    Packet,
    SetPort,
    Statement,
)
from tests.conformance.stf.tokens import StfError
from tests.conformance.switches.process import SwitchProcess
from tests.conformance.switches.switch import GRPC_ADDRESS, START_LIMIT_S, SwitchKind

PATIENCE_S = 3.0
"""How long what is expected may take when all frames are through: nothing follows, in general."""
NOTICE_PATIENCE_S = 30.0
"""The same if notices are expected, which a switch sends when it is time."""


def run_trial(kind: SwitchKind, program: Program, stf: str) -> Outcome:
    """Run a test. Never raises for what the switch or the test does wrong."""
    began = time.monotonic()
    try:
        statements = read_stf(stf)
    except StfError as error:
        verdict, reason = Verdict.UNREADABLE, str(error)
    else:
        verdict, reason = on_fresh_switch(
            kind, program, statements, lambda player: _check(player, program, statements)
        )
    return Outcome(program.name, kind.name, verdict, reason, round(time.monotonic() - began, 3))


def on_fresh_switch(
    kind: SwitchKind,
    program: Program,
    statements: Sequence[Statement],
    act: Callable[[Player], None],
) -> tuple[Verdict, str]:
    """Start a switch with the ports that statements name, load a program, act, and judge."""
    with (
        Ports(port_numbers(statements), _has_short_frames(statements)) as ports,
        SwitchProcess(kind.command(ports.interfaces)) as process,
        Client(GRPC_ADDRESS) as client,
    ):

        def play() -> None:
            client.connect(START_LIMIT_S)
            extras = kind.extras(client)
            act(Player(program, ports, client, extras, process.is_at_rest))

        verdict, reason = _judge(play)
        ending = process.ending()
        words = process.last_words() if verdict is not Verdict.PASSED else ""
        if ending is not None:
            verdict, words = Verdict.CRASHED, process.last_words()
        return verdict, "\n".join(filter(None, [ending, reason, words]))


def port_numbers(statements: Sequence[Statement]) -> list[int]:
    """The ports that statements name."""
    named = {
        statement.port
        for statement in statements
        if isinstance(statement, (Packet, Expect, SetPort)) and isinstance(statement.port, int)
    }
    return sorted(named)


def _judge(play: Callable[[], None]) -> tuple[Verdict, str]:
    try:
        play()
    except ProgramRefusedError as error:
        return Verdict.REFUSED, str(error)
    except (UnknownNameError, ValueError) as error:
        return Verdict.UNREADABLE, str(error)
    except (MismatchError, CheckError, ControlError) as error:
        return Verdict.FAILED, str(error)
    return Verdict.PASSED, ""


def _check(player: Player, program: Program, statements: Sequence[Statement]) -> None:
    """Apply all statements, then compare. Raises what `_judge` makes verdicts of."""
    expectations = Expectations(port_numbers(statements))
    if any(isinstance(statement, ExpectDigest) for statement in statements):
        digests.request_digests(player.client, program)
    for statement in statements:
        if not expectations.add(statement):
            player.apply(statement)
    notices = any(isinstance(each, (ExpectDigest, ExpectIdle)) for each in statements)
    patience_s = NOTICE_PATIENCE_S if notices else PATIENCE_S
    player.wait(lambda: expectations.are_in(player), patience_s)
    expectations.compare(player, program)


def _has_short_frames(statements: Sequence[Statement]) -> bool:
    for statement in statements:
        match statement:
            case Packet(frame=frame) if len(frame) < ETHERNET_HEADER_BYTES:
                return True
            case Expect(pattern=str(pattern)) if len(pattern) < 2 * ETHERNET_HEADER_BYTES:
                return True
    return False
