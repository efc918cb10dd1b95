"""Commands about what the network is made of: nodes, links, hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controller.operator.command import Command, Data
from controller.operator.commands.common import ANY_NODE
from controller.operator.views import inventory as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity


def _nodes(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    reports = (report.to_dict() for report in me.nodes())
    return {"nodes": [node for node in reports if arguments["node"] in (None, node["name"])]}


def _links(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return {"links": [{"a": str(link.a), "b": str(link.b)} for link in me.network.links]}


def _hosts(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return {
        "hosts": [
            {
                "name": host.name,
                "attached": str(host.attached),
                "mac": host.mac,
                "ip": list(host.ip),
                "zone": host.zone,
            }
            for host in me.network.hosts.values()
        ]
    }


FAMILY = (
    Command(
        "nodes",
        "the nodes, whether they are reached, and what they run",
        _nodes,
        views.nodes,
        (ANY_NODE,),
    ),
    Command("links", "the links between nodes", _links, views.links),
    Command("hosts", "the hosts: where they are attached, and their zones", _hosts, views.hosts),
)
