"""Registers, counters and meters, digest lists, field lists and value sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switch.p4json.expressions import (
    FieldRef,
    LastField,
    Lookahead,
    Scope,
    UnionLastField,
    read_field,
)
from switch.p4json.headers import Layout
from switch.p4json.objects import CounterArray, DigestList, MeterArray, RegisterArray, ValueSet
from switch.p4json.reader import Node


@dataclass(frozen=True, slots=True)
class FieldList:
    """Fields that are sent in a digest or kept across a clone, resubmit or recirculate."""

    id: int
    name: str
    fields: tuple[FieldRef, ...]


def read_registers(root: Node) -> dict[str, RegisterArray]:
    """Read all register arrays, by name."""
    registers = {}
    for node in root.children("register_arrays", "register"):
        name = node.string("name")
        size, width = node.size("size"), node.width("bitwidth")
        registers[name] = RegisterArray(name, size, width, node.source)
    return registers


def read_counters(root: Node) -> dict[str, CounterArray]:
    """Read all counter arrays, direct ones too, by name."""
    counters = {}
    for node in root.children("counter_arrays", "counter"):
        name = node.string("name")
        if node.flag("is_direct"):
            counters[name] = CounterArray(name, 0, node.string("binding"), node.source)
        else:
            counters[name] = CounterArray(name, node.size("size"), None, node.source)
    return counters


def read_meters(root: Node, scope: Scope) -> tuple[dict[str, MeterArray], dict[str, FieldRef]]:
    """Read all meter arrays by name, and for direct ones the field that takes the colour."""
    meters, targets = {}, {}
    for node in root.children("meter_arrays", "meter"):
        name, unit = node.string("name"), node.string("type")
        if unit not in ("packets", "bytes"):
            raise node.error(f"counts '{unit}', neither packets nor bytes")
        if node.integer("rate_count") != 2:
            raise node.error(
                f"has {node.integer('rate_count')} rates; only two-rate meters are supported"
            )
        table = None
        if node.flag("is_direct"):
            table = node.string("binding")
            targets[name] = read_field(node.raw("result_target"), node, scope)
        meters[name] = MeterArray(name, node.size("size"), unit == "bytes", table, node.source)
    return meters, targets


def read_field_lists(root: Node, scope: Scope, attribute: str) -> dict[int, FieldList]:
    """Read `learn_lists` or `field_lists`, by id."""
    lists = {}
    for node in root.children(attribute, attribute.replace("_", " ").removesuffix("s")):
        elements = []
        for values in node.items("elements"):
            match values:
                case {"type": "field", "value": value}:
                    elements.append(read_field(value, node, scope))
                case _:
                    raise node.error(f"has an element that is no field: {values!r}")
        name = node.optional_string("name") or str(node.integer("id"))
        lists[node.integer("id")] = FieldList(node.integer("id"), name, tuple(elements))
    return lists


def digest_lists(lists: Mapping[int, FieldList], layout: Layout) -> dict[str, DigestList]:
    """The learn lists as a control plane sees them, by name."""
    return {
        found.name: DigestList(
            found.name, found.id, tuple(_width(ref, layout) for ref in found.fields)
        )
        for found in lists.values()
    }


def read_value_sets(root: Node) -> dict[str, ValueSet]:
    """Read the parser value sets."""
    return {
        node.string("name"): ValueSet(node.string("name"), node.width("compressed_bitwidth"))
        for node in root.children("parse_vsets", "value set")
    }


def key_width(part: object, layout: Layout) -> int:
    """Width in bits of one part of a select expression."""
    match part:
        case FieldRef():
            return _width(part, layout)
        case Lookahead(width=width):
            return width
        case _:
            return _last_field_width(part, layout)


def _width(ref: FieldRef, layout: Layout) -> int:
    found = layout.find_field(ref.header, ref.field)
    return found.width if found else 0


def _last_field_width(part: object, layout: Layout) -> int:
    match part:
        case LastField(stack=stack, field=name):
            found = layout.stacks[stack].type.field(name)
        case UnionLastField(stack=stack, member=member, field=name):
            union = layout.unions[layout.union_stacks[stack].unions[0]]
            header = union.headers[union.members.index(member)]
            found = layout.headers[header].type.field(name)
        case _:
            found = None
    return found.width if found else 0
