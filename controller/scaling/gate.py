"""Which slots' paths may move: those that find their functions on the new path too. Pure.

Forwarding asks before it moves paths. A slot may go if each of its functions is enforced by a node
that all its packets pass on the new paths as well. If not, its paths stay as they are. While they
still lead to where they should, that is all: nothing is lost and nothing leaks. Where they are
broken, another node has to take the slot over first; until then its packets reach nobody
(*fail-closed*), unless the function's policy is to let them pass unfiltered meanwhile (*open*).
A slot that a migration works on waits for the end of that: it has to end at nodes that are on the
path. One whose migration waits for a dead node may go where its enforcer sees it; if that is the
dead node itself, the slot waits too: only that migration knows who has the state.

Where the hosts that a policy names have no node in common, nobody can see all packets; there a
function must go on seeing those that it sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from controller.model.network import NetworkDescription
from controller.model.paths import Paths
from controller.planning.policy import Policy
from controller.planning.reach import Reach
from controller.planning.view import SlotOf


@dataclass(frozen=True)
class Verdict:
    """What the gate says."""

    allowed: frozenset[int]
    stranded: Mapping[str, Mapping[str, frozenset[int]]] = field(default_factory=dict)
    "Node to function to slots that another node has to take over."


def judge(
    now: Paths | None,
    wanted: Reach,
    policy: Policy,
    intended: Mapping[str, Mapping[int, str]],
    moving: frozenset[SlotOf],
    waiting: frozenset[SlotOf] = frozenset(),
) -> Verdict:
    """Decide for all slots.

    Args:
        now: The paths in use; None: nobody knows which are.
        wanted: The paths that are to be used.
        policy: What is wanted of the functions.
        intended: Function to slot to the node that enforces it.
        moving: Slots that a migration is working on.
        waiting: Slots whose migration waits for a node that does not answer.
    """
    assert wanted.paths is not None  # only forwarding asks
    edges = _edges(wanted.network)
    allowed: set[int] = set()
    stranded: dict[str, dict[str, set[int]]] = {}
    for slot in range(wanted.paths.slots):
        free = True
        for function, nodes in intended.items():
            node = nodes.get(slot)
            if node is None or _sees(now, slot, wanted, function, node):
                # A move that is under way has to end at nodes that are on the path.
                free = free and (function, slot) not in moving
                continue
            broken = now is None or _is_broken(now, slot, wanted, function, edges)
            if broken and (function, slot) not in moving | waiting:
                stranded.setdefault(node, {}).setdefault(function, set()).add(slot)
            free = free and broken and policy.function(function).on_failure == "open"
        if free:
            allowed.add(slot)
    return Verdict(
        frozenset(allowed),
        {n: {f: frozenset(s) for f, s in lost.items()} for n, lost in stranded.items()},
    )


def _sees(now: Paths | None, slot: int, wanted: Reach, function: str, node: str) -> bool:
    """Tell whether a node sees on the new paths all packets that need a function.

    Where no node could, it is enough that it sees those that it sees now.
    """
    common = wanted.common(function, slot)
    if node in common or common or now is None:
        return node in common or not common
    assert wanted.paths is not None
    hosts = now.network(slot).hosts
    for a, b in wanted.pairs(function):
        seen = a in hosts and b in hosts and node in now.route(slot, a, b)
        route = wanted.paths.route(slot, a, b)
        if seen and route and node not in route:
            return False
    return True


def _edges(network: NetworkDescription) -> frozenset[tuple[str, str]]:
    ends = [(link.a.node, link.b.node) for link in network.links]
    return frozenset(ends) | frozenset((b, a) for a, b in ends)


def _is_broken(
    now: Paths, slot: int, wanted: Reach, function: str, edges: frozenset[tuple[str, str]]
) -> bool:
    """Tell whether packets that need a function do not get through on the paths in use."""
    assert wanted.paths is not None
    for a, b in wanted.pairs(function):
        if not wanted.paths.route(slot, a, b):
            continue
        hosts = now.network(slot).hosts
        if a not in hosts or b not in hosts:
            continue  # it is new, and had no packets yet
        for route in (now.route(slot, a, b), now.flood_route(slot, a, b)):
            if not route or any(hop not in edges for hop in pairwise(route)):
                return True
    return False
