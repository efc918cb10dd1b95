"""Parsers, the deparser, and the checksums that belong to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from switch.p4json.actions import Primitive, read_primitive
from switch.p4json.expressions import (
    Expression,
    FieldRef,
    LastField,
    Lookahead,
    ObjectRef,
    Scope,
    UnionLastField,
    read_expression,
    read_field,
)
from switch.p4json.reader import Node, parse_hex
from switch.p4json.source import NOWHERE, SourceInfo


@dataclass(frozen=True, slots=True)
class Extract:
    """Extraction of a header, of the next element of a stack, or of a member of a union stack."""

    target: ObjectRef
    """Of kind `header`, `header_stack` or `header_union_stack`."""
    member: str | None = None
    """The union's member, for a union stack."""
    varbit_bits: Expression | None = None
    """The length in bits of the field of variable length."""
    source: SourceInfo = NOWHERE


@dataclass(frozen=True, slots=True)
class Set:
    """Assignment to a field."""

    target: FieldRef
    value: Expression
    source: SourceInfo = NOWHERE


@dataclass(frozen=True, slots=True)
class Verify:
    """A parser error unless the condition holds."""

    condition: Expression
    error: Expression
    source: SourceInfo = NOWHERE


@dataclass(frozen=True, slots=True)
class Advance:
    """Skips bits of the packet."""

    bits: Expression
    source: SourceInfo = NOWHERE


ParserOp: TypeAlias = Extract | Set | Verify | Advance | Primitive
KeyPart: TypeAlias = FieldRef | LastField | UnionLastField | Lookahead


@dataclass(frozen=True, slots=True)
class Transition:
    """One case of a select, over the key's parts each padded to whole bytes.

    `value` None: the default. `value_set` replaces the value. `next_state` None: accept.
    """

    next_state: str | None
    value: int | None = None
    mask: int | None = None
    value_set: str | None = None

    @property
    def is_default(self) -> bool:
        """Whether it is taken when no other is."""
        return self.value is None and self.value_set is None


@dataclass(frozen=True, slots=True)
class ParseState:
    """A state: operations, then a select."""

    name: str
    ops: tuple[ParserOp, ...]
    key: tuple[KeyPart, ...]
    transitions: tuple[Transition, ...]
    source: SourceInfo = NOWHERE


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser; `start` None: it accepts at once."""

    name: str
    start: str | None
    states: Mapping[str, ParseState]


@dataclass(frozen=True, slots=True)
class Deparser:
    """Headers in the order in which they are emitted, after the primitives have run."""

    order: tuple[str, ...]
    primitives: tuple[Primitive, ...]


def read_parser(root: Node, scope: Scope) -> Parser:
    """Read the one parser of a v1model program."""
    parsers = list(root.children("parsers", "parser"))
    if len(parsers) != 1:
        raise root.error(f"has {len(parsers)} parsers; v1model has one")
    node = parsers[0]
    states = {
        state.string("name"): _read_state(state, scope)
        for state in node.children("parse_states", "parser state")
    }
    start = node.optional_string("init_state")
    for state in states.values():
        for transition in state.transitions:
            if transition.next_state is not None and transition.next_state not in states:
                raise node.error(
                    f"has no state {transition.next_state}, to which {state.name} goes"
                )
    if start is not None and start not in states:
        raise node.error(f"has no state {start}, at which it should start")
    return Parser(node.string("name"), start, states)


def read_deparser(root: Node, scope: Scope) -> Deparser:
    """Read the one deparser of a v1model program."""
    deparsers = list(root.children("deparsers", "deparser"))
    if len(deparsers) != 1:
        raise root.error(f"has {len(deparsers)} deparsers; v1model has one")
    node = deparsers[0]
    order = tuple(node.strings("order"))
    for header in order:
        if header not in scope.layout.headers:
            raise node.error(f"emits the unknown header {header!r}")
    primitives = tuple(read_primitive(values, node, scope) for values in node.items("primitives"))
    return Deparser(order, primitives)


def _read_state(node: Node, scope: Scope) -> ParseState:
    key = tuple(_read_key_part(part, node, scope) for part in node.items("transition_key"))
    return ParseState(
        name=node.string("name"),
        ops=tuple(_read_op(values, node, scope) for values in node.items("parser_ops")),
        key=key,
        transitions=tuple(
            _read_transition(values, node, scope) for values in node.items("transitions")
        ),
        source=node.source,
    )


def _read_op(values: object, state: Node, scope: Scope) -> ParserOp:
    node = Node(values, state.what, state.source)
    op = node.string("op")
    node.what = f"{op} in {state.what}"
    parameters = node.items("parameters")
    match op, parameters:
        case "extract", [target]:
            return _read_extract(target, None, node, scope)
        case "extract_VL", [target, length]:
            return _read_extract(target, read_expression(length, node, scope), node, scope)
        case "set", [{"value": target}, value]:
            return Set(
                read_field(target, node, scope), read_expression(value, node, scope), node.source
            )
        case "verify", [condition, error]:
            return Verify(
                read_expression(condition, node, scope),
                read_expression(error, node, scope),
                node.source,
            )
        case "advance", [bits]:
            return Advance(read_expression(bits, node, scope), node.source)
        case "shift", [int(count)]:
            bits = {"type": "hexstr", "value": hex(8 * count)}
            return Advance(read_expression(bits, node, scope), node.source)
        case "primitive", [primitive]:
            return read_primitive(primitive, state, scope)
    raise node.error("is not supported, or has the wrong parameters")


def _read_extract(target: object, length: Expression | None, node: Node, scope: Scope) -> Extract:
    match target:
        case {"type": "regular", "value": name} if scope.has("header", name):
            return Extract(ObjectRef("header", name), None, length, node.source)
        case {"type": "stack", "value": name} if scope.has("header_stack", name):
            return Extract(ObjectRef("header_stack", name), None, length, node.source)
        case {"type": "union_stack", "value": [str(name), member]} if scope.layout.has_member(
            name, member
        ):
            return Extract(ObjectRef("header_union_stack", name), member, length, node.source)
    raise node.error(f"has an unknown target {target!r}")


def _read_key_part(values: object, node: Node, scope: Scope) -> KeyPart:
    part = read_expression(values, node, scope)
    if not isinstance(part, FieldRef | LastField | UnionLastField | Lookahead):
        raise node.error("selects on something else than a field or a lookahead")
    return part


def _read_transition(values: object, state: Node, scope: Scope) -> Transition:
    node = Node(values, f"a transition of {state.what}", state.source)
    kind = node.optional_string("type") or "hexstr"
    next_state = node.optional_string("next_state")
    if kind == "default" or (kind == "hexstr" and node.raw("value") == "default"):
        return Transition(next_state)
    mask = parse_hex(node.raw("mask"), node, "mask") if node.has("mask") else None
    if kind == "hexstr":
        return Transition(next_state, parse_hex(node.raw("value"), node, "value"), mask)
    if kind == "parse_vset":
        name = node.string("value")
        if not scope.has("parse_vset", name):
            raise node.error(f"refers to the unknown value set {name}")
        return Transition(next_state, None, mask, name)
    raise node.error(f"is of the unsupported type '{kind}'")
