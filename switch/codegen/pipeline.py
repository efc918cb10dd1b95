"""A pipeline: its tables and conditions as nested `if`s."""

from __future__ import annotations

from switch.codegen.actions import emit_action
from switch.codegen.code import Block, Comment, If, Leave, Loop, ends
from switch.codegen.conditions import to_bool
from switch.codegen.context import Context, Place, Stage
from switch.codegen.expressions import emit_value
from switch.codegen.structure import Follow, Graph, Hooks, write
from switch.codegen.tables import emit_table
from switch.p4json.pipelines import ActionNode, Conditional, Pipeline, PipelineNode, successors
from switch.p4json.tables import TableNode


def emit_pipeline(stage: Stage, context: Context) -> Block:
    """All of ingress or egress."""
    pipeline = context.program.body.pipelines[stage.value]
    graph = Graph(
        start=pipeline.start,
        successors={name: _successors(node) for name, node in pipeline.nodes.items()},
        weights={name: _weight(node, context) for name, node in pipeline.nodes.items()},
    )

    def emit(name: str, follow: Follow) -> Block:
        return _emit_node(pipeline.nodes[name], pipeline, follow, context, stage)

    code = write(graph, Hooks(emit), context.state.local(f"{stage.value}_step"))
    if stage in context.features.exits and not any(isinstance(item, Loop) for item in code):
        code = [Loop(code if ends(code) else [*code, Leave()])]
    return [Comment(f"{stage.value.capitalize()} pipeline"), *code]


def _successors(node: PipelineNode) -> tuple[str | None, ...]:
    if isinstance(node, TableNode) and node.table.is_constant_action:
        default = node.table.default_action
        if default is not None and not node.branches_on_hit:
            return (node.next_by_action.get(default.action, node.next_on_miss),)
        return (node.next_on_miss,)
    return successors(node)


def _emit_node(
    node: PipelineNode, pipeline: Pipeline, follow: Follow, context: Context, stage: Stage
) -> Block:
    match node:
        case TableNode():
            selector = pipeline.selectors.get(node.table.action_profile or "")
            return emit_table(node, selector, context, stage, follow)
        case Conditional():
            place = Place(stage, f"condition {node.name}", node.source)
            condition = to_bool(emit_value(node.condition, context, place))
            if node.next_if_true == node.next_if_false:
                return []
            return [If(condition, follow(node.next_if_true), follow(node.next_if_false))]
        case ActionNode():
            body = emit_action(context.program.body.actions[node.action_id], (), context, stage)
            return [*body, *follow(node.next_node)]


def _weight(node: PipelineNode, context: Context) -> int:
    """Roughly how many lines a node takes."""
    if not isinstance(node, TableNode):
        return 2
    actions = context.program.body.actions
    bodies = (len(actions[number].primitives) + 2 for number in node.action_ids.values())
    return 4 + sum(bodies)
