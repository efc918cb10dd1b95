"""Entries, members and groups in the structures of BMv2's Thrift calls, to be looked at.

Keys take as many bytes as their fields, arguments as few as they need, priorities are BMv2's (the
smaller wins).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from switch.p4json.objects import (
    MAX_PRIORITY,
    ActionCall,
    EntryAction,
    FieldMatch,
    KeyField,
    MatchKind,
    MemberRef,
)
from switch.p4runtime.bytestrings import encode
from switch.p4runtime.state import Entry, Group, Profile, Table
from switch.thrift.idl import IDL

_Kind, _Action = IDL.BmMatchParamType, IDL.BmActionEntryType
NO_PRIORITY = -1
_UNSIGNED = 1 << 32


def id_of(handle: int) -> int:
    """P4Runtime's id of a member or a group."""
    return handle % _UNSIGNED + 1


def handle_of(known: int) -> int:
    """The handle of a member or a group, in Thrift's signed 32 bits."""
    return (known - 1 + _UNSIGNED // 2) % _UNSIGNED - _UNSIGNED // 2


def dumped_entry(table: Table, entry: Entry, handle: int, idle_ms: int | None) -> Any:
    """An entry; `idle_ms` is how long it was not hit, None where entries do not age."""
    life = None
    if idle_ms is not None:
        timeout_ms = entry.idle_timeout_ns // 1_000_000
        life = IDL.BmMtEntryLife(timeout_ms=timeout_ms, time_since_hit_ms=idle_ms)
    return IDL.BmMtEntry(
        match_key=_key(table.program.keys, entry),
        options=IDL.BmAddEntryOptions(priority=_priority(table, entry)),
        entry_handle=handle,
        action_entry=_action_entry(entry.action),
        life=life,
    )


def dumped_default(table: Table) -> Any:
    """The default entry of a table."""
    return _action_entry(table.default.action or table.program.default_action)


def dumped_member(profile: Profile, member_id: int) -> Any:
    """A member of an action profile."""
    call = profile.members[member_id]
    return IDL.BmMtActProfMember(
        mbr_handle=handle_of(member_id), action_name=call.action, action_data=_arguments(call)
    )


def dumped_group(group: Group) -> Any:
    """A group of an action profile; a member is listed as often as its weight."""
    members = [handle_of(m.member_id) for m in group.plane_members for _ in range(m.weight)]
    return IDL.BmMtActProfGroup(grp_handle=handle_of(group.group_id), mbr_handles=members)


def _priority(table: Table, entry: Entry) -> int:
    return MAX_PRIORITY - entry.priority if table.keys.takes_priority else NO_PRIORITY


def _key(fields: Sequence[KeyField], entry: Entry) -> list[Any]:
    return [_match(field, match) for field, match in zip(fields, entry.key, strict=True)]


def _match(field: KeyField, match: FieldMatch) -> Any:
    def octets(value: int) -> bytes:
        return value.to_bytes((field.width + 7) // 8, "big")

    match field.kind, match:
        case MatchKind.EXACT, int(value):
            exact = IDL.BmMatchParamExact(key=octets(value))
            return IDL.BmMatchParam(type=_Kind.EXACT, exact=exact)
        case MatchKind.VALID, _:
            valid = IDL.BmMatchParamValid(key=bool(match))
            return IDL.BmMatchParam(type=_Kind.VALID, valid=valid)
        case MatchKind.LPM, (value, length):
            lpm = IDL.BmMatchParamLPM(key=octets(value), prefix_length=length)
            return IDL.BmMatchParam(type=_Kind.LPM, lpm=lpm)
        case MatchKind.RANGE, (low, high):
            limits = IDL.BmMatchParamRange(start=octets(low), end_=octets(high))
            return IDL.BmMatchParam(type=_Kind.RANGE, range=limits)
        case _, (value, mask):
            ternary = IDL.BmMatchParamTernary(key=octets(value), mask=octets(mask))
            return IDL.BmMatchParam(type=_Kind.TERNARY, ternary=ternary)


def _action_entry(action: EntryAction | None) -> Any:
    if action is None:
        return IDL.BmActionEntry(action_type=_Action.NONE)
    if isinstance(action, ActionCall):
        return IDL.BmActionEntry(
            action_type=_Action.ACTION_DATA,
            action_name=action.action,
            action_data=_arguments(action),
        )
    if isinstance(action, MemberRef):
        return IDL.BmActionEntry(
            action_type=_Action.MBR_HANDLE, mbr_handle=handle_of(action.member_id)
        )
    return IDL.BmActionEntry(action_type=_Action.GRP_HANDLE, grp_handle=handle_of(action.group_id))


def _arguments(call: ActionCall) -> list[bytes]:
    return list(map(encode, call.args))
