"""How long the management entity's view and its plans take, from 10 to 1,000 nodes.

Control plane alone: nodes are simulated, everything that works on them is what runs otherwise. The
network is a random mesh behind two border nodes in a row; the host outside is at the first, and one
host inside at each node of the mesh. The firewall is enforced at the first border node, which is
loaded, so that slots have to go to the second. What is measured:

- *load*, *facts*, *link*: the view after news of load, of one node's control words, of a link that
  failed. What only plans need of it (paths) is computed when a plan asks.
- *plan*: scale-out where paths are as they were; *plan, new paths*: after a link failed; *drain*:
  emptying the node, for which the paths of all slots matter.

Times are the own processor time of the thread: nothing of this waits, and so other processes on the
machine count as little as they can.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controller.migration.catalog import Catalog
from controller.model.network import NetworkDescription
from controller.model.parts import Entry, Host, Link, NodeDescription, Port, ProgramFiles
from controller.model.paths import slot_paths
from controller.model.placement import FunctionFacts, NodeFacts, Placement
from controller.model.thresholds import Thresholds
from controller.planning.drain import drain
from controller.planning.plan import ScalePlan
from controller.planning.policy import FunctionPolicy, Policy
from controller.planning.reach import Reach
from controller.planning.scale import scale_out
from controller.planning.view import NetworkView
from controller.scaling.sight import Sight, Sources
from controller.southbound.program import Program

ALL = frozenset(range(16))
BORDER = "n0"
ZONE = "NodeIngress.firewall.zone"
POLICY = Policy(
    functions={"firewall": FunctionPolicy(between=("outside", "inside"))},
    defaults=Thresholds(high_pps=1000.0, low_pps=100.0, capacity_pps=5000.0),
)
BUILD = Path(__file__).resolve().parents[2] / "p4" / "build"
LIMITS_MS = {"load": 5.0, "facts": 5.0, "link": 5.0, "plan": 200.0, "plan, new paths": 200.0}
"What is to be kept at 1,000 nodes and 10,000 links."


@dataclass
class Simulated:
    """A network, what its nodes said last, and those who look at it."""

    network: NetworkDescription
    facts: dict[str, NodeFacts]
    sight: Sight
    reach: Reach
    placement: Placement

    def looked(self) -> NetworkView:
        """Return the view of this moment."""
        return self.sight.look()


class NoMigrations:
    """In place of a manager of migrations: there are none."""

    def unended(self) -> list[Any]:
        """Return the migrations under way."""
        return []


def network_of(nodes: int, links: int, programs: list[Program]) -> NetworkDescription:
    """Describe a random mesh behind two border nodes."""
    rng = random.Random(nodes)
    names = [f"n{i}" for i in range(nodes)]
    named = list(enumerate(names))
    pairs = {(0, 1)} | {(rng.randrange(1, i), i) for i in range(2, nodes)}
    most = (nodes - 1) * (nodes - 2) // 2 + 1
    while len(pairs) < min(links, most):
        a, b = sorted(rng.sample(range(1, nodes), 2))
        pairs.add((a, b))
    numbers = {name: itertools.count(1) for name in names}

    def port(name: str) -> Port:
        return Port(name, next(numbers[name]))

    cables = [(port(names[a]), port(names[b])) for a, b in sorted(pairs)]
    hosts = [
        Host(f"h{i}", port(name), f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}", ())
        for i, name in named
        if i != 1
    ]
    outside = {hosts[0].attached, *(b for a, b in cables if a.node == BORDER)}
    zones: dict[str, list[Entry]] = {name: [] for name in names}
    for end in (*(h.attached for h in hosts), *itertools.chain(*cables)):
        action = "set_outside" if end in outside else "set_inside"
        zones[end.node].append(Entry(ZONE, {"ingress_port": end.number}, action, {}))
    return NetworkDescription(
        {p.name: ProgramFiles(p.name, Path(), Path()) for p in programs},
        {
            n: NodeDescription(n, i, n, "p4runtime", None, "guarded", ())
            for i, n in enumerate(names)
        },
        tuple(Link(a, b) for a, b in cables),
        {h.name: replace(h, zone="inside" if h.name != "h0" else "outside") for h in hosts},
        {},
        {name: tuple(entries) for name, entries in zones.items()},
        {"firewall": {BORDER: ALL}},
    )


def simulate(nodes: int, links: int) -> Simulated:
    """Make a network, with everything on the first node."""
    files = [
        (name, BUILD / f"{name}.json", BUILD / f"{name}.p4info.txtpb") for name in ("guarded",)
    ]
    programs = {name: Program.read(name, *paths) for name, *paths in files}
    network = network_of(nodes, links, list(programs.values()))
    none = frozenset[int]()
    facts = {
        name: NodeFacts(
            name,
            True,
            "guarded",
            {"firewall": FunctionFacts(16, *((ALL, ALL) if name == BORDER else (none, none)))},
        )
        for name in network.nodes
    }
    placement = Placement(network, facts, {"firewall": ALL})
    catalog = Catalog(programs)
    labels = catalog.port_labels(network)
    reach = Reach(network, slot_paths(network), POLICY, labels)
    sources = Sources(
        NoMigrations(),
        catalog,
        lambda: made.placement,
        lambda: made.reach,
        lambda: POLICY,
        lambda _: labels,
    )
    made = Simulated(network, facts, Sight(sources), reach, placement)
    made.sight.loads = loads_of(made)
    return made


def loads_of(made: Simulated) -> dict[str, dict[str, dict[int, float]]]:
    """Return load: the first node's 16 slots carry 1,600 packets/s, the other nodes nothing."""
    idle = {"firewall": dict[int, float]()}
    return {n: {"firewall": dict.fromkeys(ALL, 100.0)} if n == BORDER else idle for n in made.facts}


def on_load(made: Simulated) -> NetworkView:
    """News of load."""
    made.sight.loads = dict(made.sight.loads)
    return made.looked()


def on_facts(made: Simulated) -> NetworkView:
    """News of one node's control words."""
    facts = {**made.placement.facts, "n1": replace(made.facts["n1"])}
    made.placement = Placement(made.network, facts, {"firewall": ALL})
    return made.looked()


def on_link(made: Simulated) -> NetworkView:
    """A link failed: another one each time."""
    links = made.network.links
    made.network = replace(made.network, links=(links[0], *links[2:]))
    made.placement = Placement(made.network, made.placement.facts, {"firewall": ALL})
    labels = made.sight.sources.labels(made.network)
    made.reach = Reach(made.network, slot_paths(made.network), POLICY, labels)
    return made.looked()


def relieve(view: NetworkView) -> ScalePlan:
    """Plan a scale-out; raises if the plan is not what it should be."""
    plan = scale_out(view, BORDER, 0.0)
    if not plan.complete or {m.destination for m in plan.moves} != {"n1"}:
        raise RuntimeError(f"unexpected plan: {'; '.join(plan.explanation)}")
    return plan


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how much processor time a call took, ms, and its result."""
    began = time.thread_time()
    result = work()
    return (time.thread_time() - began) * 1000, result


def measure(nodes: int, links: int, rounds: int) -> dict[str, float]:
    """Return the median of each measurement, ms."""
    made = simulate(nodes, links)
    view = made.looked()
    relieve(view)
    found: dict[str, list[float]] = {}

    def note(name: str, work: Callable[[], Any]) -> Any:
        took, result = timed(work)
        found.setdefault(name, []).append(took)
        return result

    for _ in range(rounds):
        note("load", lambda: on_load(made))
        view = note("facts", lambda: on_facts(made))
        note("plan", lambda v=view: relieve(v))
        note("drain", lambda v=view: drain(v, BORDER))
        view = note("link", lambda: on_link(made))
        note("plan, new paths", lambda v=view: relieve(v))
    return {name: statistics.median(times) for name, times in found.items()}


def sizes(most: int) -> Iterator[tuple[int, int]]:
    """Yield numbers of nodes and links."""
    for nodes in (10, 30, 100, 300, 1000):
        if nodes <= most:
            yield nodes, 10 * nodes


def main() -> int:
    """Print a table; the status says whether the limits are kept at the largest size."""
    parser = argparse.ArgumentParser(prog="bench_planner", description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", type=int, default=1000, help="largest number of nodes")
    parser.add_argument("--rounds", type=int, default=7, help="measurements, the median counts")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    rows = []
    for nodes, links in sizes(arguments.nodes):
        figures = measure(nodes, links, arguments.rounds)
        rows.append({"nodes": nodes, "links": links, "ms": figures})
        if not arguments.json:
            if len(rows) == 1:
                print("nodes  links  " + "  ".join(f"{name:>15}" for name in figures), "  (ms)")
            times = "  ".join(f"{ms:15.2f}" for ms in figures.values())
            print(f"{nodes:5}  {links:5}  {times}", flush=True)
    if arguments.json:
        print(json.dumps(rows, indent=2))
    slow = {n: rows[-1]["ms"][n] for n, most in LIMITS_MS.items() if rows[-1]["ms"][n] > most}
    for name, ms in slow.items():
        print(f"{name}: {ms:.1f} ms, more than {LIMITS_MS[name]:g} ms", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
