"""Whether two nodes see the same packets, as far as the network's description tells.

A move keeps its promises (no leak, no loss) only if source and destination both lie on the path
of every flow of the slots that move: then each packet meets both, in one order or the other.
Where flows really go is decided by the nodes' tables; the description knows hosts and links. So
this is a sound test for what the description holds: a pair of nodes is accepted if each pair of
hosts that has one of the two on *some* simple path has both of them on *all* of its simple paths.
In a line, a tree or a chain of nodes that is always true for nodes between the same hosts.

Hosts at the same node count like all others: their packets meet that node only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

import networkx as nx

from controller.model.network import NetworkDescription


def off_path(
    network: NetworkDescription,
    source: str,
    destination: str,
    pairs: Iterable[tuple[str, str]] | None = None,
) -> str | None:
    """Tell why a move between two nodes could break flows; None if it cannot.

    Args:
        network: Nodes, hosts and links.
        source: Node that enforces now.
        destination: Node that is to enforce.
        pairs: The pairs of hosts whose flows count; None: all.
    """
    graph = network.graph
    if not nx.has_path(graph, source, destination):
        return f"no link leads from {source} to {destination}"
    for a, b in combinations(sorted(network.hosts), 2) if pairs is None else pairs:
        ways = _without_other_hosts(graph, a, b)
        if not nx.has_path(ways, a, b):
            continue
        passed = _on_some_path(ways, a, b)
        for one, other in ((source, destination), (destination, source)):
            if one in passed and _can_be_avoided(ways, a, b, other):
                return (
                    f"packets between {a} and {b} can pass {one} without {other}: "
                    "both nodes must be on the path of all flows that move"
                )
    return None


def _without_other_hosts(graph: nx.Graph, a: str, b: str) -> nx.Graph:
    """Return the graph without hosts other than these two: hosts forward nothing."""
    hosts = [n for n, kind in graph.nodes(data="kind") if kind == "host" and n not in (a, b)]
    return nx.Graph(nx.restricted_view(graph, hosts, []))


def _on_some_path(graph: nx.Graph, a: str, b: str) -> frozenset[str]:
    """Return the nodes that lie on some simple path between two hosts.

    They are those of the biconnected component that a cable from host to host would be a part of:
    two paths that share nothing lead from each of them to the two ends.
    """
    closed: nx.Graph[str] = graph.copy()
    closed.add_edge(a, b)
    # The stub says that each is a list of sets.
    components: Iterator[set[str]] = nx.biconnected_components(closed)  # type: ignore[assignment]
    return frozenset(next(c for c in components if a in c and b in c))


def _can_be_avoided(graph: nx.Graph, a: str, b: str, node: str) -> bool:
    """Tell whether a path between two hosts leads past a node."""
    return nx.has_path(nx.restricted_view(graph, [node], []), a, b)
