"""Tables: their keys, default and constant entries, and what comes after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from switch.p4json.actions import Action
from switch.p4json.expressions import FieldRef, Scope, read_field
from switch.p4json.headers import VALID_FIELD
from switch.p4json.objects import (
    MAX_PRIORITY,
    ActionCall,
    ConstEntry,
    FieldMatch,
    KeyField,
    LpmMatch,
    MatchKind,
    RangeMatch,
    Table,
    TableImplementation,
    TernaryMatch,
)
from switch.p4json.reader import Node, named_node, parse_hex

E = TypeVar("E", bound=Enum)


@dataclass(frozen=True, slots=True)
class TableNode:
    """A table in its pipeline: what the packet's fields are and where control goes next."""

    table: Table
    targets: tuple[FieldRef, ...]
    """The fields matched on, in the order of `Table.keys`."""
    action_ids: Mapping[str, int]
    """The program's id of each of the table's actions."""
    next_by_action: Mapping[str, str | None]
    """Empty if the next node depends on hit or miss instead."""
    next_on_hit: str | None = None
    next_on_miss: str | None = None

    @property
    def branches_on_hit(self) -> bool:
        """Whether hit or miss, not the action, decides what comes next."""
        return not self.next_by_action

    @property
    def name(self) -> str:
        """The table's name, which is the node's too."""
        return self.table.name


def read_table(node: Node, scope: Scope, actions: Mapping[int, Action]) -> TableNode:
    """Read one table."""
    keys = tuple(
        _read_key(values, index, node, scope) for index, values in enumerate(node.items("key"))
    )
    action_ids = _read_action_ids(node, actions)
    table = Table(
        name=node.string("name"),
        id=node.integer("id"),
        kind=_enum(MatchKind, node.string("match_type"), node),
        implementation=_enum(TableImplementation, node.string("type"), node),
        max_size=_read_size(node),
        keys=tuple(key for key, _ in keys),
        actions=tuple(action_ids),
        default_action=_read_default(node, actions),
        default_is_const=_default_is_const(node),
        const_entries=_read_entries(node, tuple(key for key, _ in keys), actions),
        entries_are_const=node.has("entries"),
        action_profile=_read_profile(node),
        with_counters=node.flag("with_counters"),
        supports_timeout=node.flag("support_timeout"),
        direct_meter=node.optional_string("direct_meters"),
        source=node.source,
    )
    _check_kind(table, node)
    _check_actions(table, node)
    return _with_next_nodes(table, tuple(target for _, target in keys), action_ids, node)


def _enum(kind: type[E], word: str, node: Node) -> E:
    try:
        return kind(word)
    except ValueError as error:
        raise node.error(f"is of the unsupported kind '{word}'") from error


def _read_size(node: Node) -> int:
    return node.integer("max_size") if node.has("max_size") else len(node.items("entries"))


def _read_profile(node: Node) -> str | None:
    return node.optional_string("action_profile" if node.has("action_profile") else "act_prof_name")


def _read_key(values: object, index: int, table: Node, scope: Scope) -> tuple[KeyField, FieldRef]:
    node = named_node(values, f"key of {table.what}:", index, table.source)
    kind = _enum(MatchKind, node.string("match_type"), node)
    if kind is MatchKind.VALID:
        header = node.string("target")
        target = read_field([header, VALID_FIELD], node, scope)
        return KeyField(node.optional_string("name") or header, kind, 1), target
    target = read_field(node.raw("target"), node, scope)
    field = scope.layout.find_field(target.header, target.field)
    assert field is not None  # read_field has looked it up
    mask = parse_hex(node.raw("mask"), node, "mask") if node.has("mask") else None
    name = node.optional_string("name") or f"{target.header}.{target.field}"
    return KeyField(name, kind, field.width, mask), target


def _read_action_ids(node: Node, actions: Mapping[int, Action]) -> dict[str, int]:
    by_name = {action.name: action.id for action in actions.values()}
    found = {}
    if node.has("action_ids"):
        for action_id in node.integers("action_ids"):
            if action_id not in actions:
                raise node.error(f"has the unknown action id {action_id!r}")
            found[actions[action_id].name] = action_id
        return found
    for name in node.strings("actions"):
        if name not in by_name:
            raise node.error(f"has the unknown action {name!r}")
        found[name] = by_name[name]
    return found


def _read_call(node: Node, actions: Mapping[int, Action]) -> ActionCall:
    action = actions.get(node.integer("action_id"))
    if action is None:
        raise node.error(f"has the unknown action id {node.integer('action_id')}")
    args = tuple(parse_hex(value, node, "action_data") for value in node.items("action_data"))
    if len(args) != len(action.parameters):
        raise node.error(
            f"gives {len(args)} arguments to {action.name}, not {len(action.parameters)}"
        )
    return ActionCall(action.name, args)


def _read_default(node: Node, actions: Mapping[int, Action]) -> ActionCall | None:
    if not node.has("default_entry"):
        return None
    return _read_call(node.child("default_entry"), actions)


def _default_is_const(node: Node) -> bool:
    if not node.has("default_entry"):
        return False
    entry = node.child("default_entry")
    return entry.flag("action_entry_const") or entry.flag("action_const")


def _read_entries(
    node: Node, keys: tuple[KeyField, ...], actions: Mapping[int, Action]
) -> tuple[ConstEntry, ...]:
    return tuple(
        _read_entry(named_node(values, f"entry of {node.what}:", index, node.source), keys, actions)
        for index, values in enumerate(node.items("entries"))
    )


def _read_entry(
    node: Node, keys: tuple[KeyField, ...], actions: Mapping[int, Action]
) -> ConstEntry:
    matches = node.items("match_key")
    if len(matches) != len(keys):
        raise node.error(f"has {len(matches)} key fields, the table has {len(keys)}")
    key = tuple(
        _read_match(Node(values, node.what, node.source), field)
        for values, field in zip(matches, keys, strict=True)
    )
    takes_priority = any(
        field.kind not in (MatchKind.EXACT, MatchKind.LPM, MatchKind.VALID) for field in keys
    )
    weakness = node.integer("priority") if node.has("priority") else 0
    return ConstEntry(
        key=key,
        priority=MAX_PRIORITY - weakness if takes_priority else 0,
        action=_read_call(node.child("action_entry"), actions),
    )


def _read_match(node: Node, field: KeyField) -> FieldMatch:
    def number(name: str) -> int:
        return parse_hex(node.raw(name), node, name)

    match field.kind:
        case MatchKind.VALID:
            return int(node.flag("key"))
        case MatchKind.EXACT:
            return number("key")
        case MatchKind.LPM:
            return LpmMatch(number("key"), node.integer("prefix_length"))
        case MatchKind.RANGE:
            return RangeMatch(number("start"), number("end"))
        case _:
            mask = number("mask")
            return TernaryMatch(number("key") & mask, mask)


def _check_kind(table: Table, node: Node) -> None:
    kinds = {field.kind for field in table.keys}
    if sum(field.kind is MatchKind.LPM for field in table.keys) > 1:
        raise node.error("has more than one lpm key field")
    allowed = {
        MatchKind.EXACT: {MatchKind.EXACT, MatchKind.VALID},
        MatchKind.LPM: {MatchKind.EXACT, MatchKind.VALID, MatchKind.LPM},
        MatchKind.TERNARY: set(MatchKind) - {MatchKind.RANGE},
        MatchKind.RANGE: set(MatchKind),
    }
    if table.kind not in allowed or not kinds <= allowed[table.kind]:
        raise node.error(f"is of kind '{table.kind.value}', which its key fields do not fit")


def _check_actions(table: Table, node: Node) -> None:
    entries = [entry.action for entry in table.const_entries]
    for call in (table.default_action, *entries):
        if call is not None and call.action not in table.actions:
            raise node.error(f"has an entry with {call.action}, which is not one of its actions")


def _with_next_nodes(
    table: Table, targets: tuple[FieldRef, ...], action_ids: dict[str, int], node: Node
) -> TableNode:
    nexts = node.next_nodes("next_tables")
    if "__HIT__" in nexts or "__MISS__" in nexts:
        if set(nexts) != {"__HIT__", "__MISS__"}:
            raise node.error("mixes hit and miss with other next nodes")
        return TableNode(table, targets, action_ids, {}, nexts["__HIT__"], nexts["__MISS__"])
    for action in action_ids:
        if action not in nexts:
            raise node.error(f"does not say what comes after {action}")
    default_next = node.optional_string("base_default_next")
    return TableNode(table, targets, action_ids, nexts, default_next, default_next)
