"""Commands about what the management entity does by itself: plans, scaling, draining."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.errors import RequestError
from controller.operator.arguments import Argument, ArgumentError
from controller.operator.command import Command, Data
from controller.operator.commands.common import ANY_NODE, DRY_RUN, NODE
from controller.operator.values import Choice
from controller.operator.views import scaling as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity
    from controller.planning.plan import Kind, ScalePlan
    from controller.scaling.scaler import Scaler

_KINDS: Mapping[str, Kind] = {"out": "scale_out", "in": "scale_in", "drain": "drain"}


def _scaler(me: ManagementEntity) -> Scaler:
    if me.scaling is None:
        raise RequestError("the management entity is starting: try again")
    return me.scaling


def _plan(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    kind, node = arguments["kind"], _node_for(me, arguments)
    return _answer(_scaler(me).propose(_KINDS[kind], node), begun=False)


def _scale(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    kind, node = _KINDS[arguments["kind"]], _node_for(me, arguments)
    if arguments["dry_run"]:
        return _answer(_scaler(me).propose(kind, node), begun=False)
    return _answer(_scaler(me).carry_out(kind, node), begun=True)


def _node_for(me: ManagementEntity, arguments: Mapping[str, Any]) -> str:
    if arguments["node"] is None and arguments["kind"] != "in":
        raise ArgumentError("NODE", f"is missing: {arguments['kind']} of which?", me.node_names())
    return arguments["node"] or ""


def _drain(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    node = arguments["node"]
    if arguments["dry_run"]:
        return _answer(_scaler(me).propose("drain", node), begun=False)
    return _answer(_scaler(me).drain(node), begun=True)


def _answer(plan: ScalePlan, *, begun: bool) -> Data:
    return {"plan": plan.to_dict(), "begun": begun and bool(plan.moves)}


def _undrain(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    _scaler(me).undrain(arguments["node"])
    return _status(me)


def _scaling(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return _status(me)


def _pause(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    _scaler(me).pause()
    return _status(me)


def _resume(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    _scaler(me).resume()
    return _status(me)


def _status(me: ManagementEntity) -> Data:
    held = me.recovery.held() if me.recovery else ()
    return {**_scaler(me).status(), "held": [one.to_dict() for one in held]}


def _kind(*kinds: str) -> Argument:
    return Argument(
        "kind",
        "KIND",
        Choice(kinds),
        "out: relieve the node of as few slots as bring it under its threshold; in: gather slots"
        " of idle nodes" + ("; drain: empty the node" if "drain" in kinds else ""),
        required=True,
    )


_NODE = replace(ANY_NODE, help="the node (not for in)")

FAMILY = (
    Command(
        "plan",
        "what would be moved to scale out, to scale in, or to drain a node, and why",
        _plan,
        views.plan,
        (_kind("out", "in", "drain"), _NODE),
        examples=("plan out s1", "plan in", "plan drain s2"),
    ),
    Command(
        "scale",
        "move slots now as the plan says, whatever the load",
        _scale,
        views.plan,
        (_kind("out", "in"), _NODE, DRY_RUN),
        acts=True,
        starts_plan=True,
        examples=("scale out s1", "scale in --dry-run"),
    ),
    Command(
        "drain",
        "move all slots away from a node, and give it none until it is undrained",
        _drain,
        views.plan,
        (NODE, DRY_RUN),
        acts=True,
        starts_plan=True,
        details="Then the node can be taken out of service. It goes on forwarding.",
        examples=("drain s2 --dry-run", "drain s2"),
    ),
    Command("undrain", "let a node have slots again", _undrain, views.status, (NODE,), acts=True),
    Command(
        "scaling",
        "what the management entity does by itself: mode, plans, drained nodes, paths held back",
        _scaling,
        views.status,
    ),
    Command(
        "pause",
        "move nothing because of load until resume; a move under way goes on",
        _pause,
        views.status,
        acts=True,
    ),
    Command("resume", "act on load again", _resume, views.status, acts=True),
)
