"""Which slots' paths may move: those that find their functions on the new path too. Pure.

Forwarding asks before it moves paths. A slot may go if each of its functions is enforced by a node
that all its packets pass on the new paths as well, and on those on which they are while paths move,
and by ports of which the node says what is right. If not, its paths stay as they are. While they
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
from typing import Any

from controller.model.network import NetworkDescription
from controller.model.paths import Paths
from controller.model.slots import format_slots
from controller.planning.policy import Policy
from controller.planning.reach import Reach
from controller.planning.view import SlotOf


@dataclass(frozen=True)
class Held:
    """Slots of a function that keep their paths, because who enforces them would not do."""

    function: str
    node: str
    "Who enforces them."
    slots: frozenset[int]
    broken: bool
    "Whether packets get through on the paths that are kept."
    reason: str
    "A sentence for people."

    def __str__(self) -> str:
        what = f"{self.function}, slots {format_slots(self.slots)}, enforced by {self.node}"
        state = "stay broken" if self.broken else "stay as they are"
        return f"{what}: paths {state}: {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "function": self.function,
            "node": self.node,
            "slots": format_slots(self.slots),
            "broken": self.broken,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Verdict:
    """What the gate says."""

    allowed: frozenset[int]
    stranded: Mapping[str, Mapping[str, frozenset[int]]] = field(default_factory=dict)
    "Node to function to slots that another node has to take over."
    held: tuple[Held, ...] = ()
    "Slots that must not go, and why; not those that only wait for a migration."


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
    held: dict[tuple[str, str, bool, str], set[int]] = {}
    for slot in range(wanted.paths.slots):
        free = True
        for function, nodes in intended.items():
            node = nodes.get(slot)
            obstacle = "" if node is None else _obstacle(now, slot, wanted, function, node)
            if node is None or not obstacle:
                # A move that is under way has to end at nodes that are on the path.
                free = free and (function, slot) not in moving
                continue
            broken = now is None or _is_broken(now, slot, wanted, function, edges)
            if broken and (function, slot) not in moving | waiting:
                stranded.setdefault(node, {}).setdefault(function, set()).add(slot)
            if broken and _fails_open(now, wanted, policy, function, slot):
                continue
            free = False
            held.setdefault((function, node, broken, obstacle), set()).add(slot)
        if free:
            allowed.add(slot)
    return Verdict(
        frozenset(allowed),
        {n: {f: frozenset(s) for f, s in lost.items()} for n, lost in stranded.items()},
        tuple(Held(f, n, frozenset(s), b, why) for (f, n, b, why), s in held.items()),
    )


def _obstacle(now: Paths | None, slot: int, wanted: Reach, function: str, node: str) -> str:
    """Tell why a node would not judge rightly all packets on the new paths; empty: it would.

    Where no node sees all that need the function, it is enough that it sees those that it sees now.
    """
    passed = wanted.passed(function, slot)
    if node in passed:
        return wanted.unsuited(function, slot, node)
    if passed:
        return f"not all of their packets would pass {node}"
    assert wanted.paths is not None
    hosts = now.network(slot).hosts if now else {}
    for a, b in wanted.pairs(function):
        seen = now and a in hosts and b in hosts and node in now.route(slot, a, b)
        route = wanted.paths.route(slot, a, b)
        if seen and route and node not in route:
            return f"packets between {a} and {b} would pass {node} no more"
    return wanted.misjudged(function, slot, node)


def _fails_open(now: Paths | None, wanted: Reach, policy: Policy, function: str, slot: int) -> bool:
    """Tell whether packets of a slot whose node does not see them shall pass meanwhile.

    That somebody has started the management entity is no failure: while a node enforces the slot,
    where packets go that nobody here has led, the slot waits until it is taken over.
    """
    failed = now is not None or not wanted.enforcing(function, slot)
    return failed and policy.function(function).on_failure == "open"


def _edges(network: NetworkDescription) -> frozenset[tuple[str, str]]:
    ends = [(link.a.node, link.b.node) for link in network.links]
    return frozenset(ends) | frozenset((b, a) for a, b in ends)


def _is_broken(
    now: Paths, slot: int, wanted: Reach, function: str, edges: frozenset[tuple[str, str]]
) -> bool:
    """Tell whether packets that need a function do not get through on the paths in use."""
    assert wanted.paths is not None
    hosts, present = now.network(slot).hosts, wanted.network.hosts
    for a, b in wanted.pairs(function):
        if not wanted.paths.route(slot, a, b):
            continue
        if a not in hosts or b not in hosts:
            continue  # it is new, and had no packets yet
        if any(hosts[name].attached.node != present[name].attached.node for name in (a, b)):
            return True  # it has moved: nobody is where they lead
        for route in (now.route(slot, a, b), now.flood_route(slot, a, b)):
            if not route or any(hop not in edges for hop in pairwise(route)):
                return True
    return False
