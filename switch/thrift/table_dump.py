"""Tables, action profiles and meters in the structures of BMv2's Thrift calls, to be looked at.

Entries have no handles here: what stands for one is the entry's place in the table. Keys take as
many bytes as their fields, arguments as few as they need, priorities are BMv2's (the smaller wins).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from switch.dataplane.messages import MeterConfig
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
from switch.p4runtime.state import Entry, Profile, Table
from switch.thrift.idl import IDL

_Kind, _Action = IDL.BmMatchParamType, IDL.BmActionEntryType
NO_PRIORITY = -1
MAX_INT32 = (1 << 31) - 1


def dumped_entries(table: Table, idle_ms: Mapping[int, int]) -> Iterator[Any]:
    """The entries of a table; `idle_ms` is how long each, by place, was not hit."""
    for place, entry in enumerate(table.entries.values()):
        life = None
        if place in idle_ms:
            timeout_ms = entry.idle_timeout_ns // 1_000_000
            life = IDL.BmMtEntryLife(timeout_ms=timeout_ms, time_since_hit_ms=idle_ms[place])
        yield IDL.BmMtEntry(
            match_key=_key(table.program.keys, entry),
            options=IDL.BmAddEntryOptions(priority=_priority(table, entry)),
            entry_handle=place,
            action_entry=_action_entry(entry.action),
            life=life,
        )


def dumped_default(table: Table) -> Any:
    """The default entry of a table."""
    return _action_entry(table.default.action or table.program.default_action)


def dumped_members(profile: Profile) -> list[Any]:
    """The members of an action profile."""
    return [
        IDL.BmMtActProfMember(
            mbr_handle=member_id, action_name=call.action, action_data=_arguments(call)
        )
        for member_id, call in profile.members.items()
    ]


def dumped_groups(profile: Profile) -> list[Any]:
    """The groups of an action profile; a member is listed as often as its weight."""
    return [
        IDL.BmMtActProfGroup(
            grp_handle=group.group_id,
            mbr_handles=[m.member_id for m in group.plane_members for _ in range(m.weight)],
        )
        for group in profile.groups.values()
    ]


def dumped_rates(config: MeterConfig | None) -> list[Any]:
    """The committed and the peak rate of a meter, per microsecond."""
    if config is None:
        return []
    pairs = (config.cir, config.cburst), (config.pir, config.pburst)
    return [
        IDL.BmMeterRateConfig(units_per_micros=rate / 1_000_000, burst_size=min(burst, MAX_INT32))
        for rate, burst in pairs
    ]


def _priority(table: Table, entry: Entry) -> int:
    return MAX_PRIORITY - entry.priority if table.keys.takes_priority else NO_PRIORITY


def _key(fields: Sequence[KeyField], entry: Entry) -> list[Any]:
    return [_match(field, match) for field, match in zip(fields, entry.key, strict=True)]


def _match(field: KeyField, match: FieldMatch) -> Any:
    def octets(value: int) -> bytes:
        return value.to_bytes((field.width + 7) // 8, "big")

    match field.kind:
        case MatchKind.EXACT:
            exact = IDL.BmMatchParamExact(key=octets(match))
            return IDL.BmMatchParam(type=_Kind.EXACT, exact=exact)
        case MatchKind.VALID:
            valid = IDL.BmMatchParamValid(key=bool(match))
            return IDL.BmMatchParam(type=_Kind.VALID, valid=valid)
        case MatchKind.LPM:
            lpm = IDL.BmMatchParamLPM(key=octets(match[0]), prefix_length=match[1])
            return IDL.BmMatchParam(type=_Kind.LPM, lpm=lpm)
        case MatchKind.RANGE:
            limits = IDL.BmMatchParamRange(start=octets(match[0]), end_=octets(match[1]))
            return IDL.BmMatchParam(type=_Kind.RANGE, range=limits)
        case _:
            ternary = IDL.BmMatchParamTernary(key=octets(match[0]), mask=octets(match[1]))
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
        return IDL.BmActionEntry(action_type=_Action.MBR_HANDLE, mbr_handle=action.member_id)
    return IDL.BmActionEntry(action_type=_Action.GRP_HANDLE, grp_handle=action.group_id)


def _arguments(call: ActionCall) -> list[bytes]:
    return list(map(encode, call.args))
