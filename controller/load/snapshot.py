"""The load of all nodes at one moment. Immutable, safe to share between threads.

What a node handles in a slot counts as that node's load, whether it enforces the slot or only
learns it: its work is the same. While a slot is moved both nodes handle its packets, so both carry
it; what the network as a whole carries in a slot is therefore the most that any node handles, not
the sum (``LoadSnapshot.demand``).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Level(enum.Enum):
    """What thresholds make of a node's load."""

    UNKNOWN = "unknown"
    "Nothing was measured yet, or not for long."
    NORMAL = "normal"
    HIGH = "high"
    "Loaded: above its ``high_pps`` for its hold time."
    LOW = "low"
    "Idle: below its ``low_pps`` for its hold time."


class PortRates(NamedTuple):
    """What passes a port, packets/s."""

    rx_pps: float
    tx_pps: float


@dataclass(frozen=True)
class NodeLoad:
    """What one node handles. Rates are smoothed, packets/s."""

    pps: float
    "Packets handled by functions, over all functions and slots: what thresholds bound."
    function_pps: Mapping[str, Mapping[int, float]]
    "Function to slot to packets/s; slots without packets are left out."
    ports: Mapping[int, PortRates]
    "Empty where the node's program does not count what passes its ports."
    at: float
    "``time.monotonic`` when its counters were read."
    stale: bool = False
    "Whether that is longer ago than it should be: the node is down, or does not answer in time."
    level: Level = Level.UNKNOWN

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, rates rounded to tenths."""
        return {
            "pps": round(self.pps, 1),
            "level": self.level.value,
            "stale": self.stale,
            "functions": {
                function: {str(slot): round(pps, 1) for slot, pps in sorted(slots.items())}
                for function, slots in self.function_pps.items()
            },
            "ports": {
                str(port): {"rx_pps": round(rates.rx_pps, 1), "tx_pps": round(rates.tx_pps, 1)}
                for port, rates in sorted(self.ports.items())
            },
        }


@dataclass(frozen=True)
class LoadSnapshot:
    """All nodes' load. A node that was never measured is missing."""

    nodes: Mapping[str, NodeLoad] = field(default_factory=dict)
    at: float = 0.0
    "``time.monotonic`` when it was taken."

    def slot_loads(self) -> dict[str, Mapping[str, Mapping[int, float]]]:
        """Return node to function to slot to packets/s, as planners take it."""
        return {name: node.function_pps for name, node in self.nodes.items()}

    def demand(self, function: str) -> dict[int, float]:
        """Return the packets/s of a function's slots, each counted once wherever it is handled."""
        most: dict[int, float] = {}
        for node in self.nodes.values():
            for slot, pps in node.function_pps.get(function, {}).items():
                most[slot] = max(most.get(slot, 0.0), pps)
        return most

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; ``age_s`` tells how old a node's figures were at that moment."""
        return {
            name: node.to_dict() | {"age_s": round(max(0.0, self.at - node.at), 3)}
            for name, node in self.nodes.items()
        }

    def brief(self) -> dict[str, Any]:
        """Return the same in short: each node's sum and level, what passes its ports."""
        return {
            name: {
                "pps": round(node.pps, 1),
                "level": node.level.value,
                "stale": node.stale,
                "ports": {
                    str(port): [round(rates.rx_pps, 1), round(rates.tx_pps, 1)]
                    for port, rates in node.ports.items()
                },
            }
            for name, node in self.nodes.items()
        }
