"""Actions and the primitives that they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switch.p4json.expressions import Expression, Scope, read_expression
from switch.p4json.objects import ActionParameter, ActionSignature
from switch.p4json.reader import Node, named_node
from switch.p4json.source import NOWHERE, SourceInfo


@dataclass(frozen=True, slots=True)
class Primitive:
    """One call of a primitive."""

    op: str
    parameters: tuple[Expression, ...]
    what: str
    """Words for it in an error message."""
    source: SourceInfo = NOWHERE


@dataclass(frozen=True, slots=True)
class Action:
    """An action with its body."""

    id: int
    name: str
    parameters: tuple[ActionParameter, ...]
    primitives: tuple[Primitive, ...]
    source: SourceInfo = NOWHERE


def read_primitive(values: object, owner: Node, scope: Scope) -> Primitive:
    """Read one primitive call; `owner` is what it stands in."""
    node = Node(values, owner.what, owner.source)
    op = node.string("op")
    node.what = f"{op}() in {owner.what}"
    parameters = tuple(read_expression(item, node, scope) for item in node.items("parameters"))
    return Primitive(op, parameters, node.what, node.source)


def read_actions(root: Node, scope: Scope) -> dict[int, Action]:
    """Read all actions, by id: p4c may emit several of one name."""
    actions = {}
    for node in root.children("actions", "action"):
        action = Action(
            id=node.integer("id"),
            name=node.string("name"),
            parameters=_read_parameters(node),
            primitives=tuple(
                read_primitive(values, node, scope) for values in node.items("primitives")
            ),
            source=node.source,
        )
        if action.id in actions:
            raise node.error(f"has the id {action.id} of another action")
        actions[action.id] = action
    return actions


def signatures(actions: Mapping[int, Action]) -> dict[str, ActionSignature]:
    """The actions as a control plane sees them, by name."""
    return {
        action.name: ActionSignature(action.name, action.parameters, action.source)
        for action in actions.values()
    }


def _read_parameters(action: Node) -> tuple[ActionParameter, ...]:
    parameters = []
    for index, values in enumerate(action.items("runtime_data")):
        node = named_node(values, f"parameter of {action.what}:", index, action.source)
        parameters.append(ActionParameter(node.string("name"), node.width("bitwidth")))
    return tuple(parameters)
