"""The topologies that there are, by name. Each is a function that returns a Blueprint.

In all of them the hosts outside are attached to one node, the border, so that everything between
outside and inside passes it; the firewall is there at first. Nodes behind the border can take slots
over whose paths lead through them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

from topo.blueprint import Blueprint, HostSpec, NodeSpec, Zone
from topo.errors import BlueprintError

MOST_HOSTS = 250 * 250


@dataclass(frozen=True)
class Size:
    """A number that a topology is built to."""

    default: int
    least: int
    help: str


@dataclass(frozen=True)
class Topology:
    """A topology: its function, one sentence about it, and the sizes that the function takes."""

    build: Callable[..., Blueprint]
    help: str
    sizes: Mapping[str, Size] = field(default_factory=dict)

    def blueprint(self, **sizes: int) -> Blueprint:
        """Build it; BlueprintError says which size will not do."""
        for name, value in sizes.items():
            if value < self.sizes[name].least:
                raise BlueprintError(f"{name} {value}: at least {self.sizes[name].least} would do")
        return self.build(**sizes)


def line() -> Blueprint:
    """Return the paper's network, hA - s1 - s2 - hB: hA is outside, hB inside."""
    return Blueprint.wire(
        "line",
        hosts=_two_hosts(),
        nodes=[NodeSpec("s1", 1), NodeSpec("s2", 2)],
        pairs=[("hA", "s1"), ("s1", "s2"), ("s2", "hB")],
        placement={"firewall": "s1"},
    )


def diamond() -> Blueprint:
    """Return hA - s1 - (s2 or s3) - s4 - hB: hA is outside, hB inside, s1 the border."""
    return Blueprint.wire(
        "diamond",
        hosts=_two_hosts(),
        nodes=[NodeSpec(f"s{number}", number) for number in range(1, 5)],
        pairs=[
            *(("hA", "s1"), ("s1", "s2"), ("s1", "s3")),
            *(("s2", "s4"), ("s3", "s4"), ("s4", "hB")),
        ],
        placement={"firewall": "s1"},
    )


def leaf_spine(leaves: int = 4, spines: int = 2, hosts: int = 1) -> Blueprint:
    """Return a leaf-spine network; the hosts of leaf1, the border, are outside, all others inside.

    Args:
        leaves: Leaf nodes, each joined to every spine.
        spines: Spine nodes.
        hosts: Hosts at each leaf.
    """
    leaf_names = [f"leaf{n}" for n in range(1, leaves + 1)]
    spine_names = [f"spine{n}" for n in range(1, spines + 1)]
    edges = [(leaf, hosts) for leaf in leaf_names]
    uplinks = [(leaf, spine) for leaf in leaf_names for spine in spine_names]
    return _with_border("leaf-spine", edges, spine_names, uplinks)


def fat_tree(k: int = 4) -> Blueprint:
    """Return a fat tree of nodes with k ports: k pods, k * k * 5 / 4 nodes, k * k * k / 4 hosts.

    The hosts of edge0_0, the border, are outside, all others inside.
    """
    if k % 2:
        raise BlueprintError(f"k {k}: must be even")
    half = k // 2
    cores = [f"core{n}" for n in range(half * half)]
    edges, aggregations, pairs = [], [], []
    for pod in range(k):
        edge_names = [f"edge{pod}_{n}" for n in range(half)]
        aggregation_names = [f"agg{pod}_{n}" for n in range(half)]
        pairs += [(edge, agg) for edge in edge_names for agg in aggregation_names]
        for n, agg in enumerate(aggregation_names):
            pairs += [(agg, core) for core in cores[n * half : (n + 1) * half]]
        edges += [(edge, half) for edge in edge_names]
        aggregations += aggregation_names
    return _with_border("fat-tree", edges, [*aggregations, *cores], pairs)


def _with_border(
    name: str,
    edges: list[tuple[str, int]],
    others: list[str],
    pairs: list[tuple[str, str]],
) -> Blueprint:
    """Return a network whose first edge node is the border.

    Args:
        name: Of the topology.
        edges: Nodes with hosts, and how many each has.
        others: Nodes without.
        pairs: The links between nodes.
    """
    hosts: list[HostSpec] = []
    cables: list[tuple[str, str]] = []
    for position, (edge, number) in enumerate(edges):
        for _ in range(number):
            hosts.append(_numbered_host(len(hosts) + 1, "inside" if position else "outside"))
            cables.append((hosts[-1].name, edge))
    ids = count(1)
    nodes = [NodeSpec(node, next(ids)) for node in (*(edge for edge, _ in edges), *others)]
    return Blueprint.wire(name, hosts, nodes, [*cables, *pairs], {"firewall": edges[0][0]})


def _numbered_host(number: int, zone: Zone) -> HostSpec:
    if number > MOST_HOSTS:
        raise BlueprintError(f"more than {MOST_HOSTS} hosts: there are no addresses for them")
    high, low = divmod(number - 1, 250)
    mac = f"00:00:00:00:{number >> 8:02x}:{number & 255:02x}"
    return HostSpec(f"h{number}", f"10.0.{high}.{low + 1}/16", mac, zone)


def _two_hosts() -> list[HostSpec]:
    return [
        HostSpec("hA", "10.0.0.1/24", "00:00:00:00:00:0a", "outside"),
        HostSpec("hB", "10.0.0.2/24", "00:00:00:00:00:0b", "inside"),
    ]


TOPOLOGIES: dict[str, Topology] = {
    "line": Topology(line, "two nodes in a line, as in the paper: hA - s1 - s2 - hB"),
    "diamond": Topology(diamond, "two ways between two hosts: hA - s1 - (s2 or s3) - s4 - hB"),
    "leaf-spine": Topology(
        leaf_spine,
        "leaves joined to every spine; the hosts of leaf1 are outside",
        {
            "leaves": Size(4, 2, "leaf nodes"),
            "spines": Size(2, 1, "spine nodes"),
            "hosts": Size(1, 1, "hosts at each leaf"),
        },
    ),
    "fat-tree": Topology(
        fat_tree,
        "a fat tree of nodes with k ports; the hosts of edge0_0 are outside",
        {"k": Size(4, 2, "ports of each node, an even number")},
    ),
}
