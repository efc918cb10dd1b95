"""What is played: a network, its thresholds, and traffic that rises over them and falls again.

The rates are such that two cores carry them on every topology here, with room to spare: what is
shown is how the management entity acts, not how fast a switch is. The load is the same for all
topologies and for both kinds of nodes, so the slower kind sets it: at the highest 2,700 packets/s
are sent, each passes three nodes, and BMv2's firewall loses nothing up to some 8,000. At its lowest
the load is one node's and that is not even idle, at its highest it takes three.

F_A are many flows, so that their slots can be spread: replies to connections which the hosts inside
have opened, once, before anything moves. F_B are uninvited flows to the same hosts.

Choices: no hold time and no smoothing, so that what is measured is the reaction itself, and the
moment at which the load crossed the threshold can be told from the generator's own records.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from topo.blueprint import Blueprint, HostSpec
from topo.configuration import Behaviour
from topo.topologies import diamond, leaf_spine
from topo.traffic.flow import Experiment, Flow
from topo.traffic.ramp import Ramp

FUNCTION = "firewall"
PASSED, BLOCKED = "F_A", "F_B"
BEHAVIOUR = Behaviour(
    capacity_pps=2_000,
    high_pps=1_200,
    low_pps=500,
    hold_s=0.0,
    cool_down_s=1.0,
    poll_interval_s=0.25,
    smoothing_s=0.0,
)
PASSED_FLOWS, BLOCKED_FLOWS = 63, 18
PASSED_PPS, BLOCKED_PPS = 8, 10
"""Of each flow, at the lowest load."""
PEAK = 5.0
"""Part of F_A's rates at the highest load."""
PARTS = {"low": 0.1, "rise": 0.25, "peak": 0.25, "fall": 0.2, "low again": 0.2}
"""Parts of the traffic's time."""
PORTS = range(10_000, 60_000)


@dataclass(frozen=True)
class Scenario:
    """A network and the traffic's time table."""

    topology: str
    blueprint: Blueprint
    seconds: float

    @property
    def border(self) -> str:
        """The node that enforces everything at first, and to which all is gathered again."""
        return self.blueprint.placement[FUNCTION]

    @property
    def sender(self) -> HostSpec:
        """The host outside that sends everything."""
        return next(host for host in self.blueprint.hosts if host.zone == "outside")

    @property
    def receivers(self) -> tuple[HostSpec, ...]:
        """The hosts inside."""
        return tuple(host for host in self.blueprint.hosts if host.zone == "inside")

    @property
    def ramp(self) -> Ramp:
        """The factor on the rates of F_A over time."""
        low, peak, fall = self.span("low")[1], self.span("peak"), self.span("fall")
        return Ramp(((0, 1), (low, 1), (peak[0], PEAK), (peak[1], PEAK), (fall[1], 1)))

    def span(self, part: str) -> tuple[float, float]:
        """Return when a part of the traffic begins and ends, seconds since the first packet."""
        names = list(PARTS)
        before = sum(PARTS[name] for name in names[: names.index(part)])
        return before * self.seconds, (before + PARTS[part]) * self.seconds

    def offered_pps(self, at_s: float) -> float:
        """Return what is sent at a time, packets/s."""
        passed = PASSED_FLOWS * PASSED_PPS * self.ramp.factor(at_s)
        return passed + BLOCKED_FLOWS * BLOCKED_PPS

    def experiments(self, seed: int) -> Mapping[str, Experiment]:
        """Map each receiver to the traffic for it; `seed` decides the flows' ports, so slots."""
        chance = random.Random(seed)
        shares = len(self.receivers)
        return {
            receiver.name: Experiment(
                token=chance.randrange(2**32),
                flows=tuple(self._flows(receiver, shares, chance)),
            )
            for receiver in self.receivers
        }

    def _flows(self, receiver: HostSpec, shares: int, chance: random.Random) -> list[Flow]:
        passed, blocked = PASSED_FLOWS // shares, BLOCKED_FLOWS // shares
        # Each flow has ports of its own at both ends; the sender's differ between receivers too,
        # since each receiver's generator binds them at the same host.
        index = self.receivers.index(receiver)
        mine = PORTS[index::shares]
        from_ports = chance.sample(mine, passed + blocked)
        to_ports = chance.sample(PORTS, passed + blocked)

        def flow(number: int, name: str, rate_pps: int, **options: Any) -> Flow:
            return Flow(
                f"{name} {receiver.name} {number}",
                (self.sender.address, from_ports[number]),
                (receiver.address, to_ports[number]),
                rate_pps,
                **options,
            )

        # The generator spreads the beginnings of flows by their place in the list: flows of a kind
        # are mixed with the others evenly, so that what is sent in all is even too.
        placed = [
            *(((n + 0.5) / passed, n, PASSED) for n in range(passed)),
            *(((n + 0.5) / blocked, passed + n, BLOCKED) for n in range(blocked)),
        ]
        return [
            flow(n, name, PASSED_PPS, opened_by_receiver=True, ramp=self.ramp)
            if name == PASSED
            else flow(n, name, BLOCKED_PPS)
            for _, n, name in sorted(placed)
        ]


TOPOLOGIES: Mapping[str, Callable[[], Blueprint]] = {
    "diamond": diamond,
    "leaf-spine": leaf_spine,
}
