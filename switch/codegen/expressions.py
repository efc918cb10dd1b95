"""From the program's expressions to Python expressions."""

from __future__ import annotations

from collections.abc import Sequence

from switch.codegen.code import Value, boolean, number
from switch.codegen.conditions import both, choose, either, equal, negate
from switch.codegen.context import Context, Place
from switch.codegen.operators import BINARY, CASTS, UNARY, subtract
from switch.p4json.expressions import (
    BoolConst,
    Const,
    Expression,
    FieldRef,
    LastField,
    ObjectRef,
    Operation,
    ParamRef,
    Part,
    RegisterCell,
    UnionLastField,
)


def emit_value(expression: Expression, context: Context, place: Place) -> Value:
    """The Python expression for an expression that yields a number or a boolean."""
    match expression:
        case Const(value=value):
            return number(value)
        case BoolConst(value=value):
            return boolean(value)
        case FieldRef():
            return context.read(expression)
        case ParamRef(index=index):
            if index >= len(place.parameters):
                raise place.error(f"uses parameter {index}, which the action does not have")
            return place.parameters[index]
        case LastField(stack=stack, field=name):
            return _last_field(stack, name, context)
        case UnionLastField(stack=stack, member=member, field=name):
            return _union_last_field(stack, member, name, context)
        case RegisterCell():
            return _register_cell(expression, context, place)
        case Part(op="access_field"):
            return _field_of_any(expression, context, place)
        case Operation():
            return _operation(expression, context, place)
    raise place.error(f"has {type(expression).__name__} where a value belongs")


def candidates(
    expression: Expression, context: Context, place: Place
) -> list[tuple[Value | None, str]]:
    """The headers (or unions) that an expression may stand for, each with its condition.

    A single candidate has the condition None.
    """
    layout = context.program.body.layout
    match expression:
        case ObjectRef(kind="header" | "header_union", name=name):
            return [(None, name)]
        case Operation(op="dereference_header_stack", operands=(ObjectRef(name=stack), index)):
            return _by_index(layout.stacks[stack].headers, index, context, place)
        case Operation(op="dereference_union_stack", operands=(ObjectRef(name=stack), index)):
            return _by_index(layout.union_stacks[stack].unions, index, context, place)
        case Part(op="access_union_header", of=inner, index=number_of):
            return [
                (condition, layout.unions[union].headers[number_of])
                for condition, union in candidates(inner, context, place)
            ]
    raise place.error("has something else where a header belongs")


def field_candidates(
    expression: Expression, context: Context, place: Place
) -> list[tuple[Value | None, FieldRef]]:
    """The fields that an assignment's left side may stand for, each with its condition."""
    match expression:
        case FieldRef():
            return [(None, expression)]
        case LastField(stack=stack, field=name):
            headers = context.program.body.layout.stacks[stack].headers
            used = context.state.next(stack)
            return [
                (equal(used, number(index + 1)), FieldRef(header, name))
                for index, header in enumerate(headers)
            ]
        case Part(op="access_field", of=inner, index=number_of):
            layout = context.program.body.layout
            found = []
            for condition, header in candidates(inner, context, place):
                fields = layout.headers[header].type.fields
                if number_of >= len(fields):
                    raise place.error(f"uses field {number_of} of {header}, which has fewer")
                found.append((condition, FieldRef(header, fields[number_of].name)))
            return found
    raise place.error("assigns to what is no field")


def _by_index(
    names: Sequence[str], index: Expression, context: Context, place: Place
) -> list[tuple[Value | None, str]]:
    at = emit_value(index, context, place)
    if at.constant is not None:
        if not 0 <= at.constant < len(names):
            raise place.error(f"uses element {at.constant} of a stack of {len(names)}")
        return [(None, names[at.constant])]
    return [(equal(at, number(number_of)), name) for number_of, name in enumerate(names)]


def _select(options: Sequence[tuple[Value | None, Value]]) -> Value:
    """The value whose condition holds; 0 if none does."""
    chosen = number(0)
    for condition, value in reversed(options):
        chosen = value if condition is None else choose(condition, value, chosen)
    return chosen


def _field_of_any(expression: Part, context: Context, place: Place) -> Value:
    options = field_candidates(expression, context, place)
    return _select([(condition, context.read(ref)) for condition, ref in options])


def _last_field(stack: str, name: str, context: Context) -> Value:
    headers = context.program.body.layout.stacks[stack].headers
    used = context.state.next(stack)
    return _select(
        [
            (equal(used, number(index + 1)), context.state.field(header, name))
            for index, header in enumerate(headers)
        ]
    )


def _union_last_field(stack: str, member: str, name: str, context: Context) -> Value:
    layout = context.program.body.layout
    used = context.state.next(stack)
    options: list[tuple[Value | None, Value]] = []
    for index, union_name in enumerate(layout.union_stacks[stack].unions):
        union = layout.unions[union_name]
        header = union.headers[union.members.index(member)]
        options.append((equal(used, number(index + 1)), context.state.field(header, name)))
    return _select(options)


def _register_cell(cell: RegisterCell, context: Context, place: Place) -> Value:
    array = context.program.registers[cell.array]
    index = emit_value(cell.index, context, place)
    name = context.links.get("register", cell.array)
    element = Value(f"{name}[{index.text}]", reads=index.reads, low=0, high=(1 << array.width) - 1)
    if index.high is not None and index.high < array.size:
        return element
    return choose(BINARY["<"](index, number(array.size)), element, number(0))


def _operation(operation: Operation, context: Context, place: Place) -> Value:
    op, operands = operation.op, operation.operands
    if op == "valid":
        options = candidates(operands[0], context, place)
        return _select([(condition, context.state.valid(name)) for condition, name in options])
    if op == "valid_union":
        return _select(
            [
                (condition, _union_valid(name, context))
                for condition, name in candidates(operands[0], context, place)
            ]
        )
    if op in ("last_stack_index", "size_stack"):
        return _stack_size(op, operands[0], context, place)
    if op in ("==", "!=") and _is_header(operands[0]):
        same = _same_headers(operands, context, place)
        return same if op == "==" else negate(same)
    values = [emit_value(operand, context, place) for operand in operands]
    return _apply(op, values, place)


def _apply(op: str, values: Sequence[Value], place: Place) -> Value:
    if op == "?":
        return choose(*values)
    if op in UNARY:
        return UNARY[op](values[0])
    if op in CASTS:
        if not values[1].constant:
            raise place.error(f"uses {op} with a width that is not constant")
        return CASTS[op](values[0], values[1].constant)
    if op in ("<<", ">>") and (values[1].constant or 0) < 0:
        raise place.error(f"shifts ('{op}') by a negative number")
    if op in ("/", "%") and (values[1].constant or 0) <= 0:
        raise place.error(f"divides ('{op}') by what is not a positive constant")
    return BINARY[op](values[0], values[1])


def _stack_size(op: str, stack: Expression, context: Context, place: Place) -> Value:
    if not isinstance(stack, ObjectRef):
        raise place.error(f"uses {op} of what is no stack")
    used = context.state.next(stack.name)
    return used if op == "size_stack" else subtract(used, number(1))


def _is_header(expression: Expression) -> bool:
    match expression:
        case ObjectRef() | Part(op="access_union_header"):
            return True
        case Operation(op="dereference_header_stack" | "dereference_union_stack"):
            return True
    return False


def _same_headers(operands: Sequence[Expression], context: Context, place: Place) -> Value:
    """Headers are equal if both are valid and all their fields are equal (BMv2's rule)."""
    sides = [candidates(operand, context, place) for operand in operands]
    if any(len(side) > 1 for side in sides):
        raise place.error("compares headers of which one is only known at run time")
    (_, left), (_, right) = sides[0][0], sides[1][0]
    layout = context.program.body.layout
    if left in layout.unions:
        pairs = zip(layout.unions[left].headers, layout.unions[right].headers, strict=True)
        same = boolean(False)
        for one, other in pairs:
            same = either(same, _same_fields(one, other, context))
        return same
    return _same_fields(left, right, context)


def _same_fields(left: str, right: str, context: Context) -> Value:
    state = context.state
    same = both(state.valid(left), state.valid(right))
    for item in context.program.body.layout.headers[left].type.fields:
        same = both(same, equal(state.field(left, item.name), state.field(right, item.name)))
    return same


def _union_valid(union: str, context: Context) -> Value:
    valid = boolean(False)
    for header in context.program.body.layout.unions[union].headers:
        valid = either(valid, context.state.valid(header))
    return valid


def masked(value: Value, mask: int | None) -> Value:
    """A value under a static mask."""
    return value if mask is None else BINARY["&"](value, number(mask))
