"""Expressions and the parameters of primitives, as an immutable tree.

The JSON wraps expressions in each other (`{"type": "expression", "value": {"type": "field" …}}`);
that is undone here. Names are checked against the program's layout and objects, so that the code
generator need not look for what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from switch.p4json.headers import Layout
from switch.p4json.reader import MAX_WIDTH, Node, parse_hex


@dataclass(frozen=True, slots=True)
class Const:
    """An integer, possibly negative."""

    value: int


@dataclass(frozen=True, slots=True)
class BoolConst:
    """True or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field of a header or of metadata; the field may be `$valid$`."""

    header: str
    field: str


@dataclass(frozen=True, slots=True)
class ParamRef:
    """An action's run-time data, by index."""

    index: int


@dataclass(frozen=True, slots=True)
class LastField:
    """A field of the last extracted element of a header stack."""

    stack: str
    field: str


@dataclass(frozen=True, slots=True)
class UnionLastField:
    """A field of a member of the last extracted element of a union stack."""

    stack: str
    member: str
    field: str


@dataclass(frozen=True, slots=True)
class Lookahead:
    """Bits of the packet from `offset` bits after the parser's position; nothing is consumed."""

    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class RegisterCell:
    """A cell of a register array inside an expression."""

    array: str
    index: Expression


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A named object; the kind is the JSON's own word (`header`, `register_array` …)."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal."""

    value: str


@dataclass(frozen=True, slots=True)
class Vector:
    """Several values as one parameter (`parameters_vector`, `field_list`)."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator on one to three operands; for `?` the condition comes first."""

    op: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The element, member or field of that number of a header, union or header."""

    op: str
    """`access_field` or `access_union_header`."""
    of: Expression
    index: int


Expression: TypeAlias = (
    Const
    | BoolConst
    | FieldRef
    | ParamRef
    | LastField
    | UnionLastField
    | Lookahead
    | RegisterCell
    | ObjectRef
    | Text
    | Vector
    | Operation
    | Part
)

UNARY = frozenset(
    {"not", "~", "d2b", "b2d", "valid", "valid_union", "last_stack_index", "size_stack"}
)
ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^"})
COMPARISONS = frozenset({"==", "!=", ">", ">=", "<", "<="})
CASTS = frozenset({"two_comp_mod", "sat_cast", "usat_cast"})
DEREFERENCES = frozenset({"dereference_header_stack", "dereference_union_stack"})
BINARY = ARITHMETIC | COMPARISONS | CASTS | DEREFERENCES | {"and", "or"}
OBJECT_KINDS = frozenset(
    {
        "header",
        "header_stack",
        "header_union",
        "header_union_stack",
        "register_array",
        "counter_array",
        "meter_array",
        "calculation",
        "extern",
    }
)


@dataclass(frozen=True)
class Scope:
    """What names in an expression may refer to."""

    layout: Layout
    objects: Mapping[str, Collection[str]] = field(default_factory=dict)
    """For each kind of object that is not part of the layout the names there are."""

    def has(self, kind: str, name: object) -> bool:
        """Whether there is an object of that kind and name."""
        in_layout: Mapping[str, Collection[str]] = {
            "header": self.layout.headers,
            "header_stack": self.layout.stacks,
            "header_union": self.layout.unions,
            "header_union_stack": self.layout.union_stacks,
        }
        if not isinstance(name, str):
            return False
        return name in in_layout.get(kind, self.objects.get(kind, ()))


def read_expression(values: object, node: Node, scope: Scope) -> Expression:
    """Read a type-value object. Errors name `node`, in which it stands."""
    match values:
        case {"type": "expression", "value": {"op": _} as operation}:
            return _read_operation(operation, node, scope)
        case {"type": "expression", "value": inner}:
            return read_expression(inner, node, scope)
        case {"type": str(kind), "value": value}:
            reader = _READERS.get(kind)
            if reader is not None:
                return reader(value, node, scope)
            if kind in OBJECT_KINDS:
                return _read_object(kind, value, node, scope)
            raise node.error(f"uses a value of the unsupported type '{kind}'")
        case Mapping() as operation if "op" in operation:
            return _read_operation(operation, node, scope)
    raise node.error(f"has a malformed expression {str(values)[:80]}")


def read_field(value: object, node: Node, scope: Scope) -> FieldRef:
    """A reference to a field as an array of two names."""
    header, name = node.as_pair(value, "value")
    if scope.layout.find_field(header, name) is None:
        raise node.error(f"refers to the unknown field {header}.{name}")
    return FieldRef(header, name)


def _read_operation(values: Mapping[str, object], node: Node, scope: Scope) -> Expression:
    op = values.get("op")
    if not isinstance(op, str):
        raise node.error(f"has a malformed operator {op!r}")
    left, right = values.get("left"), values.get("right")

    def operand(value: object) -> Expression:
        return read_expression(value, node, scope)

    if op == "?":
        return Operation("?", (operand(values.get("cond")), operand(left), operand(right)))
    if op in ("access_field", "access_union_header"):
        if not isinstance(right, int):
            raise node.error(f"uses '{op}' without a number")
        return Part(op, operand(left), right)
    if op in UNARY:
        return Operation(op, (operand(right if left is None else left),))
    if op in ("+", "-") and left is None:
        return Operation(op, (Const(0), operand(right)))
    if op in BINARY:
        return Operation(op, (operand(left), operand(right)))
    raise node.error(f"uses the unsupported operator {op!r}")


def _read_object(kind: str, value: object, node: Node, scope: Scope) -> ObjectRef:
    if not isinstance(value, str) or not scope.has(kind, value):
        raise node.error(f"refers to the unknown {kind.replace('_', ' ')} {value!r}")
    return ObjectRef(kind, value)


def _read_const(value: object, node: Node, scope: Scope) -> Const:
    return Const(parse_hex(value, node, "value"))


def _read_bool(value: object, node: Node, scope: Scope) -> BoolConst:
    if not isinstance(value, bool):
        raise node.error(f"has {value!r} where a boolean belongs")
    return BoolConst(value)


def _read_param(value: object, node: Node, scope: Scope) -> ParamRef:
    if not isinstance(value, int) or value < 0:
        raise node.error(f"has {value!r} where the number of a parameter belongs")
    return ParamRef(value)


def _read_last_field(value: object, node: Node, scope: Scope) -> LastField:
    stack, name = node.as_pair(value, "value")
    found = scope.layout.stacks.get(stack)
    if found is None or found.type.field(name) is None:
        raise node.error(f"refers to the unknown field {name} of stack {stack}")
    return LastField(stack, name)


def _read_union_last_field(value: object, node: Node, scope: Scope) -> UnionLastField:
    match value:
        case [str(stack), str(member), str(name)] if scope.layout.has_member(stack, member):
            return UnionLastField(stack, member, name)
    raise node.error(f"has a malformed reference to a union stack {value!r}")


def _read_lookahead(value: object, node: Node, scope: Scope) -> Lookahead:
    match value:
        case [int(offset), int(width)] if 0 <= offset <= MAX_WIDTH and 0 < width <= MAX_WIDTH:
            return Lookahead(offset, width)
    raise node.error(f"has a malformed lookahead {value!r}")


def _read_register(value: object, node: Node, scope: Scope) -> RegisterCell:
    match value:
        case [str(array), index]:
            _read_object("register_array", array, node, scope)
            return RegisterCell(array, read_expression(index, node, scope))
    raise node.error(f"has a malformed reference to a register {value!r}")


def _read_text(value: object, node: Node, scope: Scope) -> Text:
    return Text(str(value))


def _read_vector(value: object, node: Node, scope: Scope) -> Vector:
    if value == {}:  # p4c writes an empty list so
        return Vector(())
    if not isinstance(value, list):
        raise node.error(f"has {value!r} where a list belongs")
    return Vector(tuple(read_expression(item, node, scope) for item in value))


_READERS: Mapping[str, Callable[[object, Node, Scope], Expression]] = {
    "bool": _read_bool,
    "field": read_field,
    "field_list": _read_vector,
    "hexstr": _read_const,
    "local": _read_param,
    "lookahead": _read_lookahead,
    "parameters_vector": _read_vector,
    "register": _read_register,
    "runtime_data": _read_param,
    "stack_field": _read_last_field,
    "string": _read_text,
    "union_stack_field": _read_union_last_field,
}
