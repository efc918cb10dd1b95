"""What is known of one node's load, from one reading to the next: pure steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from controller.load.levels import Crossing, LevelState, lost, step
from controller.load.rates import Rates, advance
from controller.load.reading import Cell, Counted, Reading
from controller.load.snapshot import NodeLoad, PortRates
from controller.model.thresholds import Thresholds


@dataclass(frozen=True)
class Metered:
    """A node between two readings. Immutable."""

    rates: Rates | None = None
    level: LevelState = field(default_factory=LevelState)
    load: NodeLoad | None = None
    "None: it was never measured."

    @property
    def at(self) -> float | None:
        """``time.monotonic`` when it was measured last; None: not since its counts are known."""
        return self.rates.at if self.rates else None


def measure(
    before: Metered, reading: Reading, thresholds: Thresholds, smoothing_s: float
) -> tuple[Metered, Crossing | None]:
    """Take a reading into what is known of a node, and tell whether a threshold was crossed."""
    rates = advance(before.rates, reading, smoothing_s)
    if rates.at is None or rates.at == before.at:
        return replace(before, rates=rates), None
    load = node_load(reading.counted, rates)
    level, crossing = step(before.level, load.pps, thresholds, rates.at, rates.over_s)
    return Metered(rates, level, replace(load, level=level.level)), crossing


def forget(before: Metered) -> Metered:
    """Return what is left when a node's load is not known any more: what it was, as stale."""
    level = lost(before.level)
    load = before.load and replace(before.load, stale=True, level=level.level)
    return Metered(None, level, load)


def node_load(counted: Counted, rates: Rates) -> NodeLoad:
    """Arrange rates by function, slot and port."""
    functions = {
        name: _by_slot(rates.pps, counters, counted.slots[name])
        for name, counters in counted.functions.items()
    }
    return NodeLoad(
        pps=sum(sum(slots.values()) for slots in functions.values()),
        function_pps=functions,
        ports=_by_port(rates.pps, counted),
        at=rates.at or 0.0,
    )


def _by_slot(pps: Mapping[Cell, float], counters: tuple[str, ...], slots: int) -> dict[int, float]:
    found = {
        slot: sum(pps.get((counter, slot), 0.0) for counter in counters) for slot in range(slots)
    }
    return {slot: rate for slot, rate in found.items() if rate}


def _by_port(pps: Mapping[Cell, float], counted: Counted) -> dict[int, PortRates]:
    ports: dict[int, PortRates] = defaultdict(lambda: PortRates(0.0, 0.0))
    for (counter, port), rate in pps.items():
        if counter == counted.ports.rx:
            ports[port] = ports[port]._replace(rx_pps=rate)
        elif counter == counted.ports.tx:
            ports[port] = ports[port]._replace(tx_pps=rate)
    return dict(ports)
