"""Arguments and lists of names that several families of commands share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.operator.arguments import Argument
from controller.operator.values import Flag, Name

if TYPE_CHECKING:
    from controller.management import ManagementEntity


def node_names(me: ManagementEntity, _others: Mapping[str, Any]) -> list[str]:
    """Return the names of all nodes."""
    return me.node_names()


def host_names(me: ManagementEntity, _others: Mapping[str, Any]) -> list[str]:
    """Return the names of all hosts."""
    return list(me.network.hosts)


def function_names(me: ManagementEntity, _others: Mapping[str, Any]) -> list[str]:
    """Return the names of all functions."""
    return me.function_names()


def program_names(me: ManagementEntity, _others: Mapping[str, Any]) -> list[str]:
    """Return the names of all programs."""
    return list(me.programs)


NODE = Argument("node", "NODE", Name("NODE"), "the node", required=True, candidates=node_names)
ANY_NODE = replace(NODE, required=False, help="only this node")
FUNCTION = Argument(
    "function",
    "FUNCTION",
    Name("FUNCTION"),
    "the function",
    required=True,
    candidates=function_names,
)
DRY_RUN = Argument("dry_run", "--dry-run", Flag(), "show the plan and do nothing", default=False)
