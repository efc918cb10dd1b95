"""Commands about what is wanted of planning: the policy and its thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.model.thresholds import LIMITS
from controller.operator.arguments import Argument, ArgumentError
from controller.operator.command import Command, Data
from controller.operator.commands.common import ANY_NODE
from controller.operator.values import Quantity
from controller.operator.views import policy as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity


def _policy(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    file = me.settings.policy_file
    return {"policy_file": str(file) if file else None, **me.policy.to_dict()}


def _thresholds(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    wanted = arguments["node"]
    names = me.node_names() if wanted is None else [wanted]
    return {
        "thresholds": [
            {
                "node": name,
                "own": name in me.policy.nodes,
                **me.policy.thresholds(name).to_dict(),
                "set": me.thresholds.at_run_time(name),
                "file": {
                    limit: getattr(me.thresholds.file.thresholds(name), limit) for limit in LIMITS
                },
            }
            for name in names
        ]
    }


def _set_thresholds(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    limits = {name: arguments[name] for name in LIMITS if arguments[name] is not None}
    if not limits:
        raise ArgumentError("--high", "nothing is to be set: give --high, --low or --capacity")
    me.thresholds.set(arguments["node"], limits)
    return _thresholds(me, arguments)


def _reset_thresholds(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    me.thresholds.reset(arguments["node"])
    return _thresholds(me, arguments)


_LIMITS = (
    Argument(
        "high_pps",
        "--high",
        Quantity("PPS"),
        "packets/s above which the node is loaded and gives slots away",
    ),
    Argument(
        "low_pps",
        "--low",
        Quantity("PPS"),
        "packets/s below which the node is idle and its slots are gathered",
    ),
    Argument(
        "capacity_pps", "--capacity", Quantity("PPS"), "packets/s that are planned for it at most"
    ),
)

FAMILY = (
    Command("policy", "what is wanted of planning, function by function", _policy, views.policy),
    Command(
        "thresholds",
        "the thresholds of load of all nodes, or of one",
        _thresholds,
        views.thresholds,
        (ANY_NODE,),
        details="Limits that were set at run time are marked *, and the last column tells what the"
        " policy file says in place of them.",
        examples=("thresholds", "thresholds s1"),
    ),
    Command(
        "thresholds set",
        "change limits of a node, or those of all nodes that have none of their own",
        _set_thresholds,
        views.thresholds,
        (
            replace(ANY_NODE, help="the node (default: all that have no such limit of their own)"),
            *_LIMITS,
        ),
        acts=True,
        details="It counts as if it were written into the policy file, also after a restart, until"
        " `thresholds reset`. What is not given stays.",
        examples=("thresholds set s1 --high 8000 --low 3000",),
    ),
    Command(
        "thresholds reset",
        "go back to the limits of the policy file",
        _reset_thresholds,
        views.thresholds,
        (replace(ANY_NODE, help="only what was set for this node (default: all that was set)"),),
        acts=True,
        examples=("thresholds reset s1", "thresholds reset"),
    ),
)
