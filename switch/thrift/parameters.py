"""Keys and actions of BMv2's Thrift calls in P4Runtime's messages.

BMv2 takes any bits: those that a field, prefix, mask or parameter does not have are cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from finsy.proto import p4r

from switch.p4json.objects import MAX_PRIORITY, ActionCall, FieldMatch, KeyField, MatchKind
from switch.p4runtime.actions import ActionSet
from switch.p4runtime.state import EntryKey, Table
from switch.thrift.calls import LOG, table_error
from switch.thrift.idl import IDL

_Kind = IDL.BmMatchParamType
_MEMBERS = {
    MatchKind.EXACT: (_Kind.EXACT, "exact"),
    MatchKind.VALID: (_Kind.VALID, "valid"),
    MatchKind.LPM: (_Kind.LPM, "lpm"),
    MatchKind.TERNARY: (_Kind.TERNARY, "ternary"),
    MatchKind.OPTIONAL: (_Kind.TERNARY, "ternary"),
    MatchKind.RANGE: (_Kind.RANGE, "range"),
}
"""What each kind of field is called in Thrift, and the member of `BmMatchParam` that it uses."""


def entry_key(table: Table, match_key: Sequence[Any], options: Any) -> EntryKey:
    """What names an entry; raises BAD_MATCH_KEY, and ERROR for a priority that there is not."""
    fields = table.program.keys
    if len(match_key) != len(fields):
        raise table_error("BAD_MATCH_KEY")
    key = tuple(_match(field, param) for field, param in zip(fields, match_key, strict=True))
    if not table.keys.takes_priority:
        return key, 0
    priority = options.priority or 0
    if not 0 <= priority < MAX_PRIORITY:
        LOG.info("refused over Thrift: %d is not a priority from 0 to 2^31 - 2", priority)
        raise table_error("ERROR")
    return key, MAX_PRIORITY - priority


def action_call(actions: ActionSet, name: str, data: Sequence[bytes]) -> p4r.Action:
    """An action with arguments; raises INVALID_ACTION_NAME and BAD_ACTION_DATA."""
    codec = actions.named(name)
    if codec is None:
        raise table_error("INVALID_ACTION_NAME")
    if len(data) != len(codec.parameters):
        raise table_error("BAD_ACTION_DATA")
    args = (
        int.from_bytes(octets, "big") & ((1 << parameter.width) - 1)
        for octets, parameter in zip(data, codec.parameters, strict=True)
    )
    message = p4r.Action()
    codec.encode(ActionCall(name, tuple(args)), message)
    return message


def _match(field: KeyField, param: Any) -> FieldMatch:
    kind, member = _MEMBERS[field.kind]
    given = getattr(param, member)
    if param.type != kind or given is None or None in vars(given).values():
        raise table_error("BAD_MATCH_KEY")
    match field.kind:
        case MatchKind.EXACT:
            return _bits(field, given.key)
        case MatchKind.VALID:
            return int(given.key)
        case MatchKind.LPM:
            return _prefix(field, _bits(field, given.key), given.prefix_length)
        case MatchKind.RANGE:
            low, high = _bits(field, given.start), _bits(field, given.end_)
            return (low, high) if low <= high else _refuse()
        case _:
            mask = _bits(field, given.mask)
            if field.kind is MatchKind.OPTIONAL and mask not in (0, _ones(field)):
                _refuse()
            return _bits(field, given.key) & mask, mask


def _prefix(field: KeyField, value: int, length: int) -> FieldMatch:
    if not 0 <= length <= field.width:
        _refuse()
    return value & ~(_ones(field) >> length), length


def _bits(field: KeyField, octets: bytes) -> int:
    if len(octets) != (field.width + 7) // 8:
        _refuse()
    return int.from_bytes(octets, "big") & _ones(field)


def _ones(field: KeyField) -> int:
    return (1 << field.width) - 1


def _refuse() -> NoReturn:
    raise table_error("BAD_MATCH_KEY")
