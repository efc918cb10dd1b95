"""What is at the moment, for Prometheus: nodes, placement, load, polls. Looked up at each scrape.

Choices: no node is asked for a scrape; what is known is shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from controller import hub
from controller.discovery.delays import Delays
from controller.discovery.topology import Topology
from controller.load.poller import PollCounts
from controller.load.snapshot import Level, LoadSnapshot
from controller.model.network import NetworkDescription
from controller.model.parts import Port
from controller.model.placement import Placement
from controller.model.standing import Readiness, Standing
from controller.model.thresholds import Thresholds

if TYPE_CHECKING:
    from controller.management import ManagementEntity


class PresentState(Collector):
    """Collects what a management entity knows."""

    def __init__(self, me: ManagementEntity) -> None:
        self._me = me

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not need a management entity that runs."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics as they are now."""
        me = self._me
        build = GaugeMetricFamily(
            "hitless_build_info", "The management entity; always 1.", labels=["version", "hub"]
        )
        build.add_metric([me.version, hub.NAME], 1)
        yield build
        yield from nodes(me.standings())
        yield from placement(me.latest())
        yield crowding(me.topology.snapshot())
        yield copies(me.topology.copies)
        yield from latency(me.topology.delays, me.network, time.monotonic())
        if me.load is not None:
            snapshot = me.load.snapshot()
            yield from load(snapshot)
            yield thresholds({name: me.policy.thresholds(name) for name in snapshot.nodes})
            yield from polls(me.load.polls())


def nodes(standings: Mapping[str, Standing]) -> Iterator[Metric]:
    """Yield how nodes stand."""
    states = GaugeMetricFamily(
        "hitless_node_state",
        "1 for the state that a node is in, 0 for the others.",
        labels=["node", "state"],
    )
    for name, standing in standings.items():
        for readiness in Readiness:
            states.add_metric(
                [name, readiness.value.replace(" ", "_")], standing.readiness is readiness
            )
    yield states


def placement(view: Placement) -> Iterator[Metric]:
    """Yield who enforces how much, as nodes last said."""
    slots = GaugeMetricFamily(
        "hitless_enforced_slots",
        "Slots of a function that a node enforces.",
        labels=["node", "function"],
    )
    for name, facts in view.facts.items():
        for function, said in facts.functions.items():
            slots.add_metric([name, function], len(said.enforce))
    conflicts = GaugeMetricFamily(
        "hitless_conflicting_slots",
        "Slots of a function that no node enforces, or more than one, or nobody knows.",
        labels=["function", "kind"],
    )
    counts: dict[tuple[str, str], int] = {}
    for conflict in view.conflicts():
        key = conflict.function, conflict.kind.value
        counts[key] = counts.get(key, 0) + len(conflict.slots)
    for labels, count in counts.items():
        conflicts.add_metric(labels, count)
    yield slots
    yield conflicts


def crowding(topology: Topology) -> Metric:
    """Return the limits that are reached at ports."""
    reached = GaugeMetricFamily(
        "hitless_port_limit_reached",
        "1 while more comes in at a port than is looked at: hosts (no further ones are learned), "
        "copies (more packets of unknown hosts than the node copies to the controller).",
        labels=["node", "port", "limit"],
    )
    for port, limit in topology.crowded:
        reached.add_metric([port.node, str(port.number), limit.value], 1)
    return reached


def copies(by_port: Mapping[Port, int]) -> Metric:
    """Return how many packets of hosts came here, from ports with some."""
    family = CounterMetricFamily(
        "hitless_host_copies",
        "Packets of unknown hosts, and ARP, that a node copied to the controller.",
        labels=["node", "port"],
    )
    for port, count in dict(by_port).items():
        family.add_metric([port.node, str(port.number)], count)
    return family


def latency(delays: Delays, network: NetworkDescription, now: float) -> Iterator[Metric]:
    """Yield how long LLDP frames are under way."""
    trips = GaugeMetricFamily(
        "hitless_lldp_trip_seconds",
        "An LLDP frame's way from here over a node, a link and another node back, a median; it "
        "includes the control channels.",
        labels=["source", "destination"],
    )
    echoes = GaugeMetricFamily(
        "hitless_lldp_echo_seconds",
        "An LLDP frame's way from here to a node and straight back, a median.",
        labels=["node"],
    )
    for link in network.links:
        ways = zip(((link.a, link.b), (link.b, link.a)), delays.trip_ms(link, now), strict=True)
        for (source, destination), ms in ways:
            if ms is not None:
                trips.add_metric([str(source), str(destination)], ms / 1000)
    for name in network.nodes:
        if (ms := delays.echo_ms(name, now)) is not None:
            echoes.add_metric([name], ms / 1000)
    yield trips
    yield echoes


def load(snapshot: LoadSnapshot) -> Iterator[Metric]:
    """Yield the load of nodes, slots and ports."""
    by_node = GaugeMetricFamily(
        "hitless_load_packets_per_second",
        "Packets that a node's functions handle, smoothed: what thresholds bound.",
        labels=["node"],
    )
    by_slot = GaugeMetricFamily(
        "hitless_slot_load_packets_per_second",
        "Packets that a node's function handles in a slot, smoothed.",
        labels=["node", "function", "slot"],
    )
    by_port = GaugeMetricFamily(
        "hitless_port_packets_per_second",
        "Packets that pass a node's port, smoothed.",
        labels=["node", "port", "direction"],
    )
    levels = GaugeMetricFamily(
        "hitless_load_level",
        "1 for what thresholds make of a node's load, 0 for the others; unknown: it is not "
        "measured now.",
        labels=["node", "level"],
    )
    for name, node in snapshot.nodes.items():
        for level in Level:
            levels.add_metric([name, level.value], node.level is level)
        if node.stale:
            continue
        by_node.add_metric([name], node.pps)
        for function, slots in node.function_pps.items():
            for slot, pps in slots.items():
                by_slot.add_metric([name, function, str(slot)], pps)
        for port, rates in node.ports.items():
            by_port.add_metric([name, str(port), "rx"], rates.rx_pps)
            by_port.add_metric([name, str(port), "tx"], rates.tx_pps)
    yield from (by_node, by_slot, by_port, levels)


def thresholds(limits: Mapping[str, Thresholds]) -> Metric:
    """Return the thresholds of nodes that have some."""
    family = GaugeMetricFamily(
        "hitless_load_threshold_packets_per_second",
        "Above high a node is loaded, below low it is idle, more than capacity is never planned.",
        labels=["node", "threshold"],
    )
    for name, limit in limits.items():
        found = {"high": limit.high_pps, "low": limit.low_pps, "capacity": limit.capacity_pps}
        for threshold, pps in found.items():
            if pps is not None:
                family.add_metric([name, threshold], pps)
    return family


def polls(counts: Mapping[str, PollCounts]) -> Iterator[Metric]:
    """Yield what polling nodes has come to."""
    durations = SummaryMetricFamily(
        "hitless_poll_duration_seconds",
        "Time that readings of a node's load counters took.",
        labels=["node"],
    )
    failures = CounterMetricFamily(
        "hitless_poll_failures",
        "Readings of a node's load counters that failed.",
        labels=["node"],
    )
    for name, count in counts.items():
        durations.add_metric([name], count.done, count.seconds)
        failures.add_metric([name], count.failed)
    yield durations
    yield failures
