"""Everything that is measured of one switch, as figures with titles."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.benchmark import control, lookups
from tests.benchmark.links import DESTINATION, SOURCE
from tests.benchmark.memory import resident_mb
from tests.benchmark.reload import PPS as RELOAD_PPS
from tests.benchmark.reload import measure_reload, reload_program
from tests.benchmark.search import FIRST_PPS, loss_free
from tests.benchmark.subject import Subject, read_program, running
from tests.benchmark.traffic import Traffic, measure
from tests.conformance.switches.switch import SwitchKind

FIREWALL = "guarded"
L2 = "l2"
FRAME_BYTES = (64, 512, 1500)
LATENCY_PPS = 4000
BATCHES = (1, 100, 1000)

LOAD = "load of the firewall program, ms"
MEMORY = "memory with the firewall program, MB"
EMPTY_CALLS = "calls of Write/s, without entries"
TERNARY = "look-up in 1,000 ternary entries of 64 masks, us"
LPM = "look-up in 1,000 prefixes of 24 lengths, us"
_RELOAD = f"reload under {RELOAD_PPS} packets/s"
RELOAD_LOST = f"{_RELOAD}, packets lost"
RELOAD_TOOK = f"{_RELOAD}, ms in all"


@dataclass(frozen=True)
class Effort:
    """How long to measure, and with which frames."""

    trial_s: float = 1.0
    latency_s: float = 4.0
    control_s: float = 1.5
    frame_bytes: Sequence[int] = FRAME_BYTES


@dataclass
class Figures:
    """What was measured of one switch."""

    switch: str
    values: dict[str, float] = field(default_factory=dict)


def loss_free_title(program: str, frame_bytes: int) -> str:
    """Title of a loss-free rate."""
    return f"loss-free, {program}, {frame_bytes} B, packets/s"


def latency_title(frame_bytes: int, which: str) -> str:
    """Title of a latency: `p50`, `p99` or `max`."""
    return f"latency at {LATENCY_PPS} packets/s, {frame_bytes} B, {which}, us"


def entries_title(batch: int) -> str:
    """Title of a rate of insertions."""
    return f"entries inserted/s, batches of {batch}"


def registers_title(done: str, by: str) -> str:
    """Title of a rate of register cells `read` or `written`, by Thrift or P4Runtime."""
    return f"registers {done}/s, {by}"


def reload_title(when: str, which: str) -> str:
    """Title of a latency `before` or `during` a reload: `p99` or `max`."""
    return f"{_RELOAD}, {which} {when}, us"


def measure_switch(kind: SwitchKind, effort: Effort, tell: Callable[[str], None]) -> Figures:
    """Measure one switch; `tell` hears what is under way."""
    figures = Figures(kind.name)
    bench = _Bench(figures.values, effort, lambda text: tell(f"{kind.name}: {text}"))
    with running(kind, read_program(FIREWALL)) as subject:
        figures.values[LOAD] = subject.load_s * 1000
        figures.values[MEMORY] = resident_mb(subject.pid)
        bench.latency()
        bench.loss_free(FIREWALL, effort.frame_bytes)
        bench.registers(subject)
    with running(kind, read_program(L2)) as subject:
        bench.loss_free(L2, [min(effort.frame_bytes)])
        bench.entries(subject)
    with running(kind, reload_program()) as subject:
        bench.reload(subject)
    if kind.name == "embedded":
        figures.values[TERNARY] = lookups.ternary_us()
        figures.values[LPM] = lookups.lpm_us()
    return figures


class _Bench:
    """Measurements of a switch that runs."""

    def __init__(
        self, values: dict[str, float], effort: Effort, tell: Callable[[str], None]
    ) -> None:
        self._values = values
        self._effort = effort
        self._tell = tell

    def latency(self) -> None:
        for size in self._effort.frame_bytes:
            self._tell(f"latency, {size} bytes")
            _trial(size, LATENCY_PPS, 0.5)  # warms up
            traffic = _trial(size, LATENCY_PPS, self._effort.latency_s)
            self._values[latency_title(size, "p50")] = traffic.p50_us
            self._values[latency_title(size, "p99")] = traffic.p99_us
            self._values[latency_title(size, "max")] = traffic.max_us

    def loss_free(self, program: str, sizes: Sequence[int]) -> None:
        first_pps = FIRST_PPS
        for size in sizes:
            self._tell(f"loss-free rate of {program}, {size} bytes")
            best = loss_free(
                lambda rate, size=size: _trial(size, rate, self._effort.trial_s), first_pps
            )
            self._values[loss_free_title(program, size)] = best.sent_pps if best else 0
            if best:  # other sizes are not far from it
                first_pps = int(0.7 * best.sent_pps)

    def reload(self, subject: Subject) -> None:
        self._tell("reload under traffic")
        seen = measure_reload(subject, self._effort.latency_s)
        for when, traffic in (("before", seen.before), ("during", seen.during)):
            self._values[reload_title(when, "p99")] = traffic.p99_us
            self._values[reload_title(when, "max")] = traffic.max_us
        self._values[RELOAD_LOST] = seen.during.sent - seen.during.received
        self._values[RELOAD_TOOK] = seen.took_s * 1000

    def registers(self, subject: Subject) -> None:
        seconds = self._effort.control_s
        self._tell("registers")
        ways = [control.THRIFT] if subject.kind == "bmv2" else [control.THRIFT, control.P4RUNTIME]
        for by in ways:
            read = control.registers_read_per_s(subject, by, seconds)
            self._values[registers_title("read", by)] = read
            written = control.registers_written_per_s(subject, by, seconds)
            self._values[registers_title("written", by)] = written

    def entries(self, subject: Subject) -> None:
        self._values[EMPTY_CALLS] = control.empty_calls_per_s(subject, self._effort.control_s)
        for batch in BATCHES:
            self._tell(f"entries in batches of {batch}")
            rate = control.entries_per_s(subject, batch, self._effort.control_s)
            self._values[entries_title(batch)] = rate


def _trial(size: int, rate_pps: int, seconds: float) -> Traffic:
    traffic = measure(SOURCE, DESTINATION, size, rate_pps, seconds)
    time.sleep(0.1)
    return traffic
