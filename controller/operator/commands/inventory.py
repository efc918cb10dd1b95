"""Commands about what the network is made of: nodes, ports, links, hosts, and the ways between."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.operator.arguments import Argument
from controller.operator.command import Command, Data
from controller.operator.commands.common import ANY_NODE, host_names
from controller.operator.values import Name
from controller.operator.views import inventory as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity
    from controller.model.paths import Paths


def _nodes(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    reports = (report.to_dict() for report in me.nodes())
    return {"nodes": [node for node in reports if arguments["node"] in (None, node["name"])]}


def _ports(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    topology = me.topology.snapshot()
    peers = {end: other for link in topology.links for end, other in _ends(link)}
    peers |= {host.attached: name for name, host in topology.hosts.items()}
    return {
        "ports": [
            {"port": str(port), "facing": facing.value, "peer": _text(peers.get(port))}
            for port, facing in sorted(topology.ports.items())
            if arguments["node"] in (None, port.node)
        ]
    }


def _ends(link: Any) -> tuple[tuple[Any, Any], ...]:
    return (link.a, link.b), (link.b, link.a)


def _text(peer: object) -> str | None:
    return None if peer is None else str(peer)


def links(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    """List the links."""
    now = time.monotonic()
    return {
        "links": [
            {
                "a": str(link.a),
                "b": str(link.b),
                "lldp_ms": list(me.topology.delays.trip_ms(link, now)),
            }
            for link in me.network.links
        ]
    }


def hosts(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    """List the hosts."""
    topology = me.topology.snapshot()
    return {
        "hosts": [
            {
                "name": host.name,
                "attached": str(host.attached),
                "mac": host.mac,
                "ip": list(host.ip),
                "zone": host.zone,
                "learned": host.name in topology.learned,
            }
            for host in topology.hosts.values()
        ]
    }


def _path(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    paths, ends = _paths(me), (arguments["from"], arguments["to"])
    slots: dict[tuple[str, ...], list[int]] = {}
    for slot in range(paths.slots):
        slots.setdefault(paths.route(slot, *ends), []).append(slot)
    return {
        "from": ends[0],
        "to": ends[1],
        "paths": [{"slots": taken, "nodes": list(nodes)} for nodes, taken in slots.items()],
    }


def _paths(me: ManagementEntity) -> Paths:
    # Imported late, for the command line's sake, which has no use for it.
    from controller.model.paths import slot_paths

    return me.forwarding.paths if me.forwarding else slot_paths(me.network)


_HOST = Argument("from", "HOST", Name("HOST"), "one host", required=True, candidates=host_names)

FAMILY = (
    Command(
        "nodes",
        "the nodes, whether they are reached, and what they run",
        _nodes,
        views.nodes,
        (ANY_NODE,),
    ),
    Command(
        "ports",
        "the ports of nodes that are up, and what each faces",
        _ports,
        views.ports,
        (ANY_NODE,),
    ),
    Command(
        "links",
        "the links that there are now, and how long LLDP frames take over them",
        links,
        views.links,
        details="Times are ms from the management entity over the one node, the link and the other"
        " node back to it, each way: the medians of the latest frames. They include the control"
        " channels and the management entity's own handling, so compare links by them, and today"
        " with yesterday.",
    ),
    Command("hosts", "the hosts: where they are attached, and their zones", hosts, views.hosts),
    Command(
        "path",
        "the nodes between two hosts, for each slot",
        _path,
        views.path,
        (_HOST, replace(_HOST, name="to", flag="HOST2", help="the other")),
        details="A function can only be moved to a node on its slots' paths.",
        examples=("path h1 h2",),
    ),
)
