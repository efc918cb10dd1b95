"""Commands about network functions and where they are: functions, slots, placement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.operator.command import Command, Data
from controller.operator.commands.common import FUNCTION
from controller.operator.views import functions as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity
    from controller.model.placement import Placement


def _placement(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    view = me.placement().to_dict()
    return {"functions": view["functions"], "conflicts": view["conflicts"]}


def _functions(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return {"functions": [function.to_dict() for function in me.functions()]}


def _slots(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    view = me.placement()
    load = me.load.snapshot() if me.load else None
    wanted = arguments["function"]
    functions = {name: n for name, n in view.functions().items() if wanted in (None, name)}
    return {
        "slots": [
            _slot(view, function, slot) | {"pps": pps.get(slot)}
            for function, n in functions.items()
            for pps in [load.demand(function) if load else {}]
            for slot in range(n)
        ]
    }


def _slot(view: Placement, function: str, slot: int) -> Data:
    facts = {
        name: f.functions[function] for name, f in view.facts.items() if function in f.functions
    }
    return {
        "function": function,
        "slot": slot,
        "enforced_by": [name for name, f in facts.items() if slot in f.enforce],
        "learned_by": [name for name, f in facts.items() if slot in f.learn],
    }


FAMILY = (
    Command(
        "placement",
        "which node enforces which slots of which function",
        _placement,
        views.placement,
        details="The nodes are asked, so this is what is, not what was meant. A line that begins"
        " with ! is a conflict: slots that no node enforces, or more than one.",
    ),
    Command(
        "functions",
        "the network functions: their slots, their state, the programs that have them",
        _functions,
        views.functions,
    ),
    Command(
        "slots",
        "the slots of functions one by one: who enforces and who learns each, and their load",
        _slots,
        views.slots,
        (replace(FUNCTION, required=False, help="only this function"),),
        examples=("slots firewall",),
    ),
)
