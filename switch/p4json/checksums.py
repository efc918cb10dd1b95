"""Calculations (what hashes and checksums are computed over) and checksums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from switch.p4json.expressions import (
    Expression,
    FieldRef,
    ObjectRef,
    Scope,
    read_expression,
    read_field,
)
from switch.p4json.reader import Node, parse_hex
from switch.p4json.source import NOWHERE, SourceInfo


@dataclass(frozen=True, slots=True)
class Bits:
    """A constant of a given width in a calculation's input."""

    value: int
    width: int


@dataclass(frozen=True, slots=True)
class Payload:
    """What follows the parsed headers."""


CalculationInput: TypeAlias = FieldRef | ObjectRef | Bits | Payload


@dataclass(frozen=True, slots=True)
class Calculation:
    """A hash algorithm and its input; fields of invalid headers are left out of the input."""

    name: str
    algorithm: str
    inputs: tuple[CalculationInput, ...]
    source: SourceInfo = NOWHERE


@dataclass(frozen=True, slots=True)
class Checksum:
    """A field that is verified after parsing, updated before deparsing, or both."""

    name: str
    target: FieldRef
    calculation: str
    condition: Expression | None
    update: bool
    verify: bool
    source: SourceInfo = NOWHERE


def read_calculations(root: Node, scope: Scope) -> dict[str, Calculation]:
    """Read all calculations, by name."""
    return {
        node.string("name"): Calculation(
            node.string("name"),
            node.string("algo"),
            read_inputs(node, scope),
            node.source,
        )
        for node in root.children("calculations", "calculation")
    }


def read_inputs(node: Node, scope: Scope) -> tuple[CalculationInput, ...]:
    """Read the `input` of a calculation or of an action selector."""
    return tuple(_read_input(values, node, scope) for values in node.items("input"))


def _read_input(values: object, node: Node, scope: Scope) -> CalculationInput:
    match values:
        case {"type": "field", "value": value}:
            return read_field(value, node, scope)
        case {"type": "hexstr", "value": value, "bitwidth": int(width)}:
            return Bits(parse_hex(value, node, "input"), width)
        case {"type": "header", "value": str(name)} if scope.has("header", name):
            return ObjectRef("header", name)
        case {"type": "payload"}:
            return Payload()
    raise node.error(f"has an unsupported input {values!r}")


def read_checksums(root: Node, scope: Scope) -> tuple[Checksum, ...]:
    """Read all checksums, in the order in which they are computed."""
    checksums = []
    for node in root.children("checksums", "checksum"):
        if node.string("type") != "generic":
            raise node.error(f"is of the unsupported type '{node.string('type')}'")
        calculation = node.string("calculation")
        if not scope.has("calculation", calculation):
            raise node.error(f"refers to the unknown calculation {calculation}")
        condition = node.raw("if_cond") if node.has("if_cond") else None
        checksums.append(
            Checksum(
                name=node.string("name"),
                target=read_field(node.raw("target"), node, scope),
                calculation=calculation,
                condition=None if condition is None else read_expression(condition, node, scope),
                update=node.flag("update", True),
                verify=node.flag("verify", True),
                source=node.source,
            )
        )
    return tuple(checksums)
