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

from itertools import combinations

import networkx as nx

from controller.model.placement import Placement


def off_path(view: Placement, source: str, destination: str) -> str | None:
    """Tell why a move between two nodes could break flows; None if it cannot.

    Args:
        view: The placement view; its graph has nodes, hosts and links.
        source: Node that enforces now.
        destination: Node that is to enforce.
    """
    graph = view.graph
    if not nx.has_path(graph, source, destination):
        return f"no link leads from {source} to {destination}"
    for a, b in combinations(sorted(view.network.hosts), 2):
        must = _on_every_path(graph, a, b)
        for one, other in ((source, destination), (destination, source)):
            if other not in must and _on_some_path(graph, a, b, one):
                return (
                    f"packets between {a} and {b} can pass {one} without {other}: "
                    "both nodes must be on the path of all flows that move"
                )
    return None


def _on_every_path(graph: nx.Graph, a: str, b: str) -> frozenset[str]:
    """Return the nodes that all paths between two hosts have in common."""
    if not nx.has_path(graph, a, b):
        return frozenset()
    common = {
        node
        for node in nx.shortest_path(graph, a, b)
        if node in (a, b) or not nx.has_path(nx.restricted_view(graph, [node], []), a, b)
    }
    return frozenset(common)


def _on_some_path(graph: nx.Graph, a: str, b: str, node: str) -> bool:
    """Tell whether a node lies on a simple path between two hosts.

    It does if, and only if, two paths that share no other node lead from it to the two hosts
    (Menger's theorem): a new node that is tied to both hosts must be reachable from it twice.
    Other hosts forward nothing, so they are left out.
    """
    hosts = [n for n, kind in graph.nodes(data="kind") if kind == "host" and n not in (a, b)]
    joined = nx.Graph(nx.restricted_view(graph, hosts, []))
    joined.add_edges_from([(a, _BOTH), (b, _BOTH)])
    return nx.has_path(joined, node, _BOTH) and nx.node_connectivity(joined, node, _BOTH) >= 2


_BOTH = object()
"""A graph node of its own, tied to both hosts; an object, so that no name is equal to it."""
