"""The command ``overview``: everything that a picture of the network shows, in one answer.

Choices: no node is asked, so it may be wanted as often as something happens, also by many. What
nodes hold is as it was last heard: they are asked when sessions change and when migrations end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controller.model.slots import format_slots
from controller.operator.command import Command, Data
from controller.operator.commands import inventory
from controller.operator.views import overview as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity
    from controller.reports import NodeReport


def _overview(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    placement, links = me.latest().to_dict(), inventory.links(me, arguments)["links"]
    return {
        "version": me.version,
        "nodes": [_node(me, report) for report in me.nodes_as_heard()],
        "links": [{"a": link["a"], "b": link["b"]} for link in links],
        "latency": _latency(me, links),
        **inventory.hosts(me, arguments),
        "functions": {
            name: about | {"able": me.able_nodes(name)}
            for name, about in placement["functions"].items()
        },
        "conflicts": placement["conflicts"],
        "load": me.load.snapshot().brief() if me.load else {},
        "scaling": _scaling(me),
    }


def _node(me: ManagementEntity, report: NodeReport) -> Data:
    said = report.to_dict()
    return {
        "name": said["name"],
        "state": said["state"],
        "reason": said["reason"],
        "program": said["program"],
        "enforces": {
            name: format_slots(function.enforce)
            for name, function in report.facts.functions.items()
            if function.enforce
        },
        "high_pps": me.policy.thresholds(said["name"]).high_pps,
    }


def _latency(me: ManagementEntity, links: list[Data]) -> Data:
    """Return how long LLDP frames take, ms, apart from what changes more seldom."""
    now = time.monotonic()
    echoes = {name: me.topology.delays.echo_ms(name, now) for name in me.node_names()}
    return {
        "lldp_ms": {f"{link['a']}={link['b']}": link["lldp_ms"] for link in links},
        "echo_ms": {name: ms for name, ms in echoes.items() if ms is not None},
    }


def _scaling(me: ManagementEntity) -> Data | None:
    if me.scaling is None:
        return None  # it is starting
    status = me.scaling.status()
    return {key: status[key] for key in ("mode", "paused", "draining")}


FAMILY = (
    Command(
        "overview",
        "the network at a glance: nodes, links, hosts, who enforces what, load",
        _overview,
        views.overview,
        details="No node is asked: what nodes hold is as it was last heard, when a session changed"
        " or a migration ended. `nodes` and `placement` ask. Of a function `able` are the nodes"
        " that have it or could get it by a reload.",
    ),
)
