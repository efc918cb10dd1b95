"""The network as networkx sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

if TYPE_CHECKING:
    from controller.model.network import NetworkDescription


def network_graph(network: NetworkDescription) -> nx.Graph:
    """Return nodes, hosts and links as a graph; of several links between two nodes, all."""
    graph: nx.Graph[str] = nx.Graph()
    for name, node in network.nodes.items():
        graph.add_node(name, kind="node", ports=node.ports)
    for name, host in network.hosts.items():
        graph.add_node(name, kind="host", host=host)
        graph.add_edge(name, host.attached.node, links=())
    for link in network.links:
        ends = (link.a.node, link.b.node)
        parallel = graph.edges[ends]["links"] if graph.has_edge(*ends) else ()
        graph.add_edge(*ends, links=(*parallel, link))
    return graph
