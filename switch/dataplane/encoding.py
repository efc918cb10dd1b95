"""From what the P4Runtime server says to the plain data of requests, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from switch.codegen.manifest import Compiled, target_of
from switch.dataplane.errors import RequestRefused
from switch.dataplane.messages import (
    Config,
    CounterCell,
    DefaultOp,
    EntryChanges,
    EntryName,
    GroupOp,
    MemberOp,
    MeterCell,
    MeterConfig,
    OpKind,
    Replica,
    TableOp,
)
from switch.dataplane.requests import EntryKey, EntryOp
from switch.p4json.objects import ActionCall, EntryAction, MatchKey, MemberRef
from switch.runtime.config import Target
from switch.runtime.entries import NO_ACTION
from switch.runtime.keys import Encoded, KeyLayout
from switch.runtime.meters import Counts, Rates


def which(config: Config) -> int:
    """The worker's number of a config."""
    return 1 if config is Config.SAVED else 0


def entry_op(op: TableOp | DefaultOp, compiled: Compiled) -> tuple | EntryOp:
    """A change of an entry or of a default."""
    if isinstance(op, DefaultOp):
        target = None if op.action is None else _target(op.table, op.action, compiled)
        _layout(op.table, compiled)
        return ("default", op.table, target)
    key = _encode(op.table, op.key, compiled)
    if op.kind is OpKind.DELETE:
        return ("delete", op.table, key, op.priority)
    if op.action is None:
        raise RequestRefused(f"an entry of table {op.table} needs an action")
    given = plain(op.key) if op.idle_timeout_ms else None
    target = _target(op.table, op.action, compiled)
    return (op.kind.word, op.table, key, op.priority, target, op.idle_timeout_ms, given)


def entry_changes(changes: EntryChanges, compiled: Compiled) -> tuple[Sequence[Encoded], int]:
    """The keys of entries to be changed, and the number of their action."""
    table = changes.table
    try:
        keys = _layout(table, compiled).encode_all(changes.keys)
    except ValueError as error:
        raise RequestRefused(f"a key does not fit table {table}: {error}") from error
    if changes.action is None:
        return keys, NO_ACTION
    first = ActionCall(changes.action, tuple(column[0] for column in changes.args))
    _, action, _ = _call(first, compiled.action_ids.get(table, {}), compiled, f"table {table}")
    return keys, action


def entry_key(name: EntryName, compiled: Compiled) -> EntryKey:
    """The name of an entry."""
    if name.key is None:
        _layout(name.table, compiled)
        return (name.table, None, name.priority)
    return (name.table, _encode(name.table, name.key, compiled), name.priority)


def member_op(op: MemberOp, compiled: Compiled) -> tuple[str, str, int, int, tuple]:
    """A change of a member."""
    if op.action is None:
        return (op.kind.word, op.profile, op.member_id, 0, ())
    actions = compiled.profile_actions.get(op.profile, {})
    _, action, args = _call(op.action, actions, compiled, f"action profile {op.profile}")
    return (op.kind.word, op.profile, op.member_id, action, args)


def group_op(op: GroupOp) -> tuple[str, str, int, list]:
    """A change of a group."""
    members = [(item.member_id, item.weight, item.watch_port) for item in op.members]
    return (op.kind.word, op.profile, op.group_id, members)


def copies(replicas: Sequence[Replica]) -> list[list[tuple[int, int]]]:
    """Of each replica its port and instance, and those of its backups behind."""
    return [[(replica.port, replica.instance), *replica.backups] for replica in replicas]


def meter(cell: MeterCell) -> tuple[Rates | None, Counts | None]:
    """A meter to be written."""
    config, counts = cell.config, cell.counts
    rates = (config.cir, config.cburst, config.pir, config.pburst) if config else None
    if counts is None:
        return rates, None
    green, yellow, red = ((count.packets, count.bytes) for count in counts)
    return rates, (*green, *yellow, *red)


def meter_cell(rates: Rates | None, counts: Counts) -> MeterCell:
    """A meter, read back."""
    colours = (CounterCell(*counts[:2]), CounterCell(*counts[2:4]), CounterCell(*counts[4:]))
    return MeterCell(rates and MeterConfig(*rates), colours)


def plain(key: MatchKey) -> tuple:
    """A key without named tuples, which `marshal` does not know."""
    return tuple(tuple(match) if isinstance(match, tuple) else match for match in key)


def _encode(table: str, key: MatchKey, compiled: Compiled) -> Encoded:
    try:
        return _layout(table, compiled).encode(key)
    except ValueError as error:
        raise RequestRefused(f"the key does not fit table {table}: {error}") from error


def _layout(table: str, compiled: Compiled) -> KeyLayout:
    layout = compiled.layouts.get(table)
    if layout is None:
        raise RequestRefused(f"there is no table {table} that takes entries")
    return layout


def _target(table: str, action: EntryAction, compiled: Compiled) -> Target:
    match action:
        case ActionCall():
            actions = compiled.action_ids.get(table, {})
            return _call(action, actions, compiled, f"table {table}")
        case MemberRef(member_id=number):
            return ("member", number, ())
        case _:
            return ("group", action.group_id, ())


def _call(call: ActionCall, actions: Mapping[str, int], compiled: Compiled, owner: str) -> Target:
    """An action with arguments that fit: generated code relies on their widths."""
    if call.action not in actions:
        raise RequestRefused(f"{owner} has no action {call.action}")
    widths = compiled.widths[call.action]
    if len(call.args) != len(widths):
        raise RequestRefused(f"{call.action} takes {len(widths)} arguments, not {len(call.args)}")
    for value, width in zip(call.args, widths, strict=True):
        if not 0 <= value < 1 << width:
            raise RequestRefused(f"{value} does not fit the {width} bits of {call.action}")
    return target_of(call, actions)
