"""Commands about load: what nodes, functions, slots and ports handle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controller.errors import RequestError
from controller.operator.command import Command, Data
from controller.operator.commands.common import ANY_NODE
from controller.operator.views import load as views

if TYPE_CHECKING:
    from controller.load.snapshot import LoadSnapshot
    from controller.management import ManagementEntity


def snapshot(me: ManagementEntity) -> LoadSnapshot:
    """Return the load as it was measured last.

    Raises:
        RequestError: it is not measured.
    """
    if me.load is None:
        raise RequestError("load is not measured: set enabled = true in the group [load]")
    return me.load.snapshot()


def _load(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    found = snapshot(me).to_dict()
    wanted = arguments["node"]
    names = me.node_names() if wanted is None else [wanted]
    return {
        "nodes": [
            {
                "name": name,
                "load": found.get(name),
                "high_pps": me.policy.thresholds(name).high_pps,
                "low_pps": me.policy.thresholds(name).low_pps,
            }
            for name in names
        ]
    }


FAMILY = (
    Command(
        "load",
        "packets/s that the functions of each node handle, or of one by slot and port",
        _load,
        views.load,
        (ANY_NODE,),
        details="Rates are smoothed. A node's load is what its functions handle, whether they"
        " enforce a slot or only learn; its level is what thresholds make of it.",
        examples=("load", "load s1"),
    ),
)
