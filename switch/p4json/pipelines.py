"""Pipelines (ingress and egress): tables, conditions and action calls, and their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from switch.p4json.actions import Action
from switch.p4json.checksums import CalculationInput, read_inputs
from switch.p4json.expressions import Expression, Scope, read_expression
from switch.p4json.objects import ActionProfile
from switch.p4json.reader import Node
from switch.p4json.source import NOWHERE, SourceInfo
from switch.p4json.tables import TableNode, read_table


@dataclass(frozen=True, slots=True)
class Conditional:
    """An `if`."""

    name: str
    condition: Expression
    next_if_true: str | None
    next_if_false: str | None
    source: SourceInfo = NOWHERE


@dataclass(frozen=True, slots=True)
class ActionNode:
    """An action without parameters, called without a table."""

    name: str
    action_id: int
    next_node: str | None
    source: SourceInfo = NOWHERE


PipelineNode: TypeAlias = TableNode | Conditional | ActionNode


@dataclass(frozen=True, slots=True)
class Selector:
    """How a member of a group is picked."""

    algorithm: str
    inputs: tuple[CalculationInput, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One control; `start` None: it does nothing. A next node of None is its end."""

    name: str
    start: str | None
    nodes: Mapping[str, PipelineNode]
    selectors: Mapping[str, Selector]
    """By action profile."""
    profile_sizes: Mapping[str, int]


def read_pipelines(root: Node, scope: Scope, actions: Mapping[int, Action]) -> dict[str, Pipeline]:
    """Read ingress and egress."""
    pipelines = {
        node.string("name"): _read_pipeline(node, scope, actions)
        for node in root.children("pipelines", "pipeline")
    }
    for name in ("ingress", "egress"):
        if name not in pipelines:
            raise root.error(f"has no pipeline named {name}; v1model programs have")
    return pipelines


def collect_profiles(pipelines: Mapping[str, Pipeline]) -> dict[str, ActionProfile]:
    """The action profiles of all pipelines, with the tables that use them."""
    profiles = {}
    for pipeline in pipelines.values():
        for name, size in pipeline.profile_sizes.items():
            tables = tuple(
                node.name
                for node in pipeline.nodes.values()
                if isinstance(node, TableNode) and node.table.action_profile == name
            )
            profiles[name] = ActionProfile(name, size, tables, name in pipeline.selectors)
    return profiles


def _read_pipeline(node: Node, scope: Scope, actions: Mapping[int, Action]) -> Pipeline:
    nodes: dict[str, PipelineNode] = {}
    tables = list(node.children("tables", "table"))
    for table in tables:
        nodes[table.string("name")] = read_table(table, scope, actions)
    for condition in node.children("conditionals", "condition"):
        nodes[condition.string("name")] = Conditional(
            condition.string("name"),
            read_expression(condition.raw("expression"), condition, scope),
            condition.optional_string("true_next"),
            condition.optional_string("false_next"),
            condition.source,
        )
    for call in node.children("action_calls", "action call"):
        nodes[call.string("name")] = _read_call(call, actions)
    selectors, sizes = _read_profiles(node, tables, scope)
    pipeline = Pipeline(
        node.string("name"), node.optional_string("init_table"), nodes, selectors, sizes
    )
    _check_references(pipeline, node)
    return pipeline


def _read_call(node: Node, actions: Mapping[int, Action]) -> ActionNode:
    action = actions.get(node.integer("action_id"))
    if action is None or action.parameters:
        raise node.error("calls an action that does not exist or takes parameters")
    return ActionNode(
        node.string("name"), action.id, node.optional_string("next_node"), node.source
    )


def _read_profiles(
    pipeline: Node, tables: list[Node], scope: Scope
) -> tuple[dict[str, Selector], dict[str, int]]:
    """Action profiles, declared by themselves or (older JSON) inside the table."""
    selectors, sizes = {}, {}
    for node in pipeline.children("action_profiles", "action profile"):
        sizes[node.string("name")] = node.integer("max_size")
        if node.has("selector"):
            selectors[node.string("name")] = _read_selector(node, scope)
    for node in tables:
        if node.has("act_prof_name"):
            sizes[node.string("act_prof_name")] = node.integer("max_size")
            if node.has("selector"):
                selectors[node.string("act_prof_name")] = _read_selector(node, scope)
    return selectors, sizes


def _read_selector(node: Node, scope: Scope) -> Selector:
    selector = node.child("selector")
    return Selector(selector.string("algo"), read_inputs(selector, scope))


def successors(node: PipelineNode) -> tuple[str | None, ...]:
    """Every node that may come next; None is the end."""
    match node:
        case TableNode():
            if node.branches_on_hit:
                return (node.next_on_hit, node.next_on_miss)
            return (*node.next_by_action.values(), node.next_on_miss)
        case Conditional():
            return (node.next_if_true, node.next_if_false)
        case ActionNode():
            return (node.next_node,)


def _check_references(pipeline: Pipeline, node: Node) -> None:
    if pipeline.start is not None and pipeline.start not in pipeline.nodes:
        raise node.error(f"has no node {pipeline.start}, at which it should start")
    for inner in pipeline.nodes.values():
        for name in successors(inner):
            if name is not None and name not in pipeline.nodes:
                raise node.error(f"has no node {name}, to which {inner.name} goes")
        profile = inner.table.action_profile if isinstance(inner, TableNode) else None
        if profile is not None and profile not in pipeline.profile_sizes:
            raise node.error(f"has no action profile {profile}, which {inner.name} uses")
