"""The body of an action, written where it is applied."""

from __future__ import annotations

from collections.abc import Sequence

from switch.codegen.code import Assign, Block, If, Leave, Run, Value, boolean, variable
from switch.codegen.conditions import to_bool
from switch.codegen.context import Context, Place, Stage
from switch.codegen.expressions import emit_value
from switch.codegen.primitives.diagnostics import exiting
from switch.codegen.primitives.table import emit_primitive
from switch.codegen.structure import Follow, Graph, Hooks, write
from switch.p4json.actions import Action, Primitive

JUMP, JUMP_IF_ZERO, EXIT = "_jump", "_jump_if_zero", "exit"


def emit_action(
    action: Action, arguments: Sequence[Value], context: Context, stage: Stage
) -> Block:
    """The primitives of an action, with its jumps turned into `if`s."""
    place = Place(stage, f"action {action.name}", action.source, tuple(arguments))
    if any(primitive.op in (JUMP, JUMP_IF_ZERO) for primitive in action.primitives):
        return _with_jumps(action, context, place)
    block: Block = []
    for primitive in action.primitives:
        if primitive.op != EXIT:
            block += emit_primitive(primitive, context, place)
    if not exits(action):
        return block
    context.features.exits.add(stage)
    return [*block, Leave()]


def exits(action: Action) -> bool:
    """Whether the action may ask to exit; then `Leave` leaves the pipeline."""
    return any(primitive.op == EXIT for primitive in action.primitives)


def _with_jumps(action: Action, context: Context, place: Place) -> Block:
    primitives = action.primitives
    graph = Graph(
        start="0",
        successors={
            str(index): _next(index, primitives, context, place) for index in range(len(primitives))
        },
    )

    def emit(name: str, follow: Follow) -> Block:
        primitive = primitives[int(name)]
        if primitive.op == JUMP:
            return []
        if primitive.op == JUMP_IF_ZERO:
            otherwise, target = graph.successors[name]
            condition = to_bool(emit_value(primitive.parameters[0], context, place))
            if otherwise == target:
                return []
            return [If(condition, follow(otherwise), follow(target))]
        return emit_primitive(primitive, context, place)

    def endless() -> Block:
        failed = context.links.get("endless_loop", wish="EndlessLoop")
        return [Run(f"raise {failed}({place.what!r})")]

    hooks = Hooks(emit, exhausted=endless)
    code = write(graph, hooks, context.state.local("action_step"))
    if not exits(action):
        return code
    asked = exiting(context)
    begin = Assign(asked, boolean(False))
    return [begin, *code, If(variable(asked, 0, 1), [Leave()])]


def _next(
    index: int, primitives: Sequence[Primitive], context: Context, place: Place
) -> tuple[str | None, ...]:
    """The primitives that may come next; jumping past the last one ends the action."""
    primitive = primitives[index]
    after = index + 1
    if primitive.op == JUMP:
        return (_node(_target(primitive, 0, context, place), primitives),)
    if primitive.op == JUMP_IF_ZERO:
        target = _target(primitive, 1, context, place)
        return (_node(after, primitives), _node(target, primitives))
    return (_node(after, primitives),)


def _node(index: int, primitives: Sequence[Primitive]) -> str | None:
    return str(index) if index < len(primitives) else None


def _target(primitive: Primitive, parameter: int, context: Context, place: Place) -> int:
    if len(primitive.parameters) <= parameter:
        raise place.error(f"{primitive.op} has no target")
    target = emit_value(primitive.parameters[parameter], context, place).constant
    if target is None or target < 0:
        raise place.error(f"{primitive.op} jumps to what is not constant")
    return target
