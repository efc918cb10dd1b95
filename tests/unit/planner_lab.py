"""Views for planners' tests: any network, who enforces what, and how much each slot carries."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

from networks import network

from controller.model.network import NetworkDescription
from controller.model.paths import slot_paths
from controller.model.placement import FunctionFacts, NodeFacts, Placement
from controller.model.thresholds import Thresholds
from controller.planning.plan import ScalePlan
from controller.planning.policy import FunctionPolicy, Policy
from controller.planning.reach import Reach
from controller.planning.view import NetworkView

SLOTS = 16
ALL = frozenset(range(SLOTS))
LIMITS = Thresholds(high_pps=1000.0, low_pps=300.0, capacity_pps=2000.0, hold_s=1.0)
BETWEEN = FunctionPolicy(between=("outside", "inside"))


def zoned(net: NetworkDescription) -> NetworkDescription:
    """Put hosts whose names begin with ``o`` outside, and the others inside."""
    zones = {
        name: replace(host, zone="outside" if name.startswith("o") else "inside")
        for name, host in net.hosts.items()
    }
    return replace(net, hosts=zones)


def chain(*names: str) -> NetworkDescription:
    """Describe nodes in a line, one host outside at its one end, one inside at the other."""
    links = [f"{a}:2 {b}:1" for a, b in itertools.pairwise(names)]
    hosts = {"out": f"{names[0]}:1", "in": f"{names[-1]}:2"}
    return zoned(network(dict.fromkeys(names, "p"), links, hosts))


def diamond() -> NetworkDescription:
    """Describe s1, s4 and between them s2 and s3, with a host at s1 and one at s4."""
    links = ["s1:2 s2:1", "s1:3 s3:1", "s2:2 s4:1", "s3:2 s4:2"]
    nodes = dict.fromkeys(("s1", "s2", "s3", "s4"), "p")
    return zoned(network(nodes, links, {"out": "s1:1", "in": "s4:3"}))


def view_of(
    net: NetworkDescription,
    enforced: Mapping[str, frozenset[int]],
    slot_pps: Mapping[int, float] | None = None,
    policy: Policy | None = None,
    *,
    has: frozenset[str] | None = None,
    functions: Mapping[str, FunctionPolicy] | None = None,
    forwarding: bool = True,
    dead: frozenset[str] = frozenset(),
    **more: object,
) -> NetworkView:
    """Make a view of one function, ``fw``.

    Args:
        net: The network.
        enforced: Node to the slots that it enforces.
        slot_pps: Slot to its load, wherever it is enforced; 0 where nothing is said.
        policy: The policy; None: ``LIMITS`` for all nodes.
        has: Nodes whose program has the function; None: all.
        functions: The policy's functions, in place of ``BETWEEN``.
        forwarding: Whether paths are known.
        dead: Nodes that do not answer.
        more: Other fields of the view.
    """
    policy = policy or Policy(functions=functions or {"fw": BETWEEN}, defaults=LIMITS)
    facts = {
        name: NodeFacts(
            name,
            name not in dead,
            "p",
            {"fw": FunctionFacts(SLOTS, slots, slots)}
            if (slots := enforced.get(name, frozenset())) or has is None or name in has
            else {},
        )
        for name in net.nodes
    }
    paths = slot_paths(net) if forwarding else None
    slot_pps = slot_pps or {}
    load = {n: {"fw": {s: slot_pps.get(s, 0.0) for s in enforced.get(n, ())}} for n in net.nodes}
    fields = {"load": load, "can_run": {"fw": frozenset(net.nodes)}, "cells": {"fw": 4096}}
    return NetworkView(
        Placement(net, facts, {"fw": ALL}),
        Reach(net, paths, policy),
        policy,
        dead=dead,
        **(fields | more),
    )


def applied(view: NetworkView, plan: ScalePlan, now: float) -> NetworkView:
    """Return the view as it is after a plan, if all loads stay as they are."""
    facts, load = dict(view.placement.facts), {n: dict(f) for n, f in view.load.items()}
    moved = dict(view.moved_at)
    for move in plan.moves:
        source, destination = facts[move.source], facts[move.destination]
        assert move.slots <= source.functions[move.function].enforce, "it is not there"
        facts[move.source] = _with(source, move.function, remove=move.slots)
        facts[move.destination] = _with(destination, move.function, add=move.slots)
        theirs = dict(load.get(move.source, {}).get(move.function, {}))
        ours = dict(load.get(move.destination, {}).get(move.function, {}))
        for slot in move.slots:
            ours[slot] = theirs.pop(slot, 0.0)
            moved[move.function, slot] = now
        load.setdefault(move.source, {})[move.function] = theirs
        load.setdefault(move.destination, {})[move.function] = ours
    placement = Placement(view.placement.network, facts, view.placement.placed)
    return replace(view, placement=placement, load=load, moved_at=moved)


def _with(
    facts: NodeFacts,
    function: str,
    add: frozenset[int] = frozenset(),
    remove: frozenset[int] = frozenset(),
) -> NodeFacts:
    known = facts.functions.get(function, FunctionFacts(SLOTS, frozenset(), frozenset()))
    slots = (known.enforce | add) - remove
    functions = {**facts.functions, function: FunctionFacts(SLOTS, slots, slots)}
    return replace(facts, functions=functions)
