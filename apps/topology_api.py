"""What other apps ask of the topology, in the style of ``os_ken.topology.api``.

An app that imports this has ``apps.topology_app`` loaded::

    from apps import topology_api

    for link in topology_api.get_all_link(self):
        ...

Each answer is taken from one snapshot of the topology; ``get_topology`` returns the whole snapshot,
for whoever needs nodes, links and hosts that fit together. News come as events
(``controller.events``: EventNodeEnter, EventLinkDelete, EventHostMove, …).
"""

from __future__ import annotations

from os_ken.base import app_manager
from os_ken.base.app_manager import OSKenApp

from controller.discovery.topology import Topology
from controller.errors import AppError
from controller.events import EventTopologyRequest
from controller.model.parts import Host, Link, NodeDescription


def get_topology(app: OSKenApp) -> Topology:
    """Return the topology as it is now; raises ``AppError`` where nobody answers."""
    request = EventTopologyRequest()
    if app_manager.lookup_service_brick(request.dst) is None:
        raise AppError("nobody answers questions on the topology: load apps.me_app")
    return app.send_request(request).topology


def get_node(app: OSKenApp, name: str | None = None) -> list[NodeDescription]:
    """Return the nodes that are up, or the one of a name if it is up."""
    topology = get_topology(app)
    return [node for n, node in topology.nodes.items() if n in topology.up and name in (None, n)]


def get_all_node(app: OSKenApp) -> list[NodeDescription]:
    """Return the nodes that are up."""
    return get_node(app)


def get_link(app: OSKenApp, node: str | None = None) -> list[Link]:
    """Return the links that work, or those of a node."""
    links = get_topology(app).links
    return [link for link in links if node in (None, link.a.node, link.b.node)]


def get_all_link(app: OSKenApp) -> list[Link]:
    """Return the links that work."""
    return get_link(app)


def get_host(app: OSKenApp, node: str | None = None) -> list[Host]:
    """Return the hosts, or those at a node."""
    hosts = get_topology(app).hosts.values()
    return [host for host in hosts if node in (None, host.attached.node)]


def get_all_host(app: OSKenApp) -> list[Host]:
    """Return the hosts."""
    return get_host(app)


app_manager.require_app("apps.topology_app", api_style=True)
