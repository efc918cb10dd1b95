"""One random test on two switches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.cases import Case
from tests.conformance.differential.compare import Determinism, determinism, differences
from tests.conformance.differential.generate import Generator
from tests.conformance.pool import Worker, WorkerError
from tests.conformance.program import Program
from tests.conformance.stf.reader import read_stf
from tests.conformance.stf.statements import Packet


@dataclass(frozen=True)
class Comparison:
    """What came of it."""

    test: Case
    """The random test, to be run again."""
    frames: int = 0
    """How many frames left the reference."""
    differences: tuple[str, ...] = ()
    """What the subject did otherwise, or that it crashed or did not load the program."""
    not_judged: str = ""
    """Why nothing can be said: the reference did not come through, or the program is random."""


def compare(
    reference: Worker,
    subject: Worker,
    case: Case,
    seed: int,
    frame_count: int,
    folder: Path,
    *,
    cut: bool,
) -> Comparison:
    """Make a random test for the program of a case, and run it on both switches.

    The frames of the case's own test are what the random ones are made from. `folder` is where the
    test is put. `cut`: also with frames that end early.
    """
    program = Program.read(case.json, case.p4info)
    stf = folder / f"{case.name.replace('/', '--')}-{seed}.stf"
    test = Case(stf.stem, case.json, case.p4info, stf)
    extent = determinism(program.json)
    if extent is Determinism.NOTHING:
        return Comparison(test, not_judged="the program draws random numbers")
    stf.write_text(Generator(program, _frames(case), seed, cut=cut).test(frame_count))
    with ThreadPoolExecutor(1) as other:  # both mostly wait
        observation = other.submit(subject.observe, test)
        try:
            wanted = reference.observe(test)
        except WorkerError as error:
            return Comparison(test, not_judged=f"the reference: {error}")
    if wanted["verdict"] != "passed":
        return Comparison(test, not_judged=f"the reference {wanted['verdict']}: {wanted['reason']}")
    frames = sum(map(len, wanted["frames"].values()))
    try:
        found = observation.result()
    except WorkerError as error:
        return Comparison(test, frames, (str(error),))
    if found["verdict"] != "passed":
        return Comparison(test, frames, (f"{found['verdict']}: {found['reason']}",))
    return Comparison(test, frames, tuple(differences(wanted, found, extent)))


def _frames(case: Case) -> list[bytes]:
    statements = read_stf(case.stf.read_text())
    return [statement.frame for statement in statements if isinstance(statement, Packet)]
