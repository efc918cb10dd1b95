"""The objects of a program that a control plane sees: tables, actions, arrays, profiles, lists.

Names are the fully qualified ones of the JSON (`NodeIngress.l2.dmac`), widths are in bits and
values are integers. Priorities follow P4Runtime: the larger wins. The JSON's own (the smaller
wins) are turned round once, on loading, by `MAX_PRIORITY - priority`, as PI does for BMv2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from switch.p4json.source import NOWHERE, SourceInfo

MAX_PRIORITY = 0x7FFFFFFF
"""BMv2's priority 0 (the strongest) in P4Runtime's direction."""


class MatchKind(Enum):
    """How one key field is matched; the values are the JSON's own words."""

    EXACT = "exact"
    LPM = "lpm"
    TERNARY = "ternary"
    RANGE = "range"
    OPTIONAL = "optional"
    VALID = "valid"


class TableImplementation(Enum):
    """Where a table's entries take their action from; the values are the JSON's own words."""

    SIMPLE = "simple"
    INDIRECT = "indirect"
    INDIRECT_WITH_SELECTOR = "indirect_ws"


class LpmMatch(NamedTuple):
    """A value and how many of its leading bits count."""

    value: int
    prefix_length: int


class TernaryMatch(NamedTuple):
    """A value and the bits that count; the bits outside the mask are 0 in the value."""

    value: int
    mask: int


class RangeMatch(NamedTuple):
    """An inclusive range."""

    low: int
    high: int


FieldMatch: TypeAlias = int | tuple[int, int]
"""Exact and valid: an int (valid: 0 or 1). Others: a pair as in the classes above; optional: as a
`TernaryMatch` of mask 0 or all ones."""

MatchKey: TypeAlias = tuple[FieldMatch, ...]
"""One element per key field, in the order of `Table.keys`; plain tuples do as well."""


class ActionCall(NamedTuple):
    """An action with its arguments, in the order of `Action.parameters`."""

    action: str
    args: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberRef:
    """An entry's action is that of a member of the table's action profile."""

    member_id: int


@dataclass(frozen=True, slots=True)
class GroupRef:
    """An entry's action is that of a member which the selector picks from a group."""

    group_id: int


EntryAction: TypeAlias = ActionCall | MemberRef | GroupRef


@dataclass(frozen=True, slots=True)
class ActionParameter:
    """One piece of an action's run-time data."""

    name: str
    width: int


@dataclass(frozen=True, slots=True)
class KeyField:
    """One field of a table's key."""

    name: str
    """As in P4Info; for a key without a name of its own, the target joined by a dot."""
    kind: MatchKind
    width: int
    """In bits; 1 for `valid`."""
    mask: int | None = None
    """A static mask of the P4 source, applied to the packet's field before matching."""


@dataclass(frozen=True, slots=True)
class ConstEntry:
    """An entry that stands in the P4 source."""

    key: MatchKey
    priority: int
    """P4Runtime's direction; 0 where the table takes none."""
    action: ActionCall


@dataclass(frozen=True, slots=True)
class Table:
    """A match-action table as the control plane sees it."""

    name: str
    id: int
    kind: MatchKind
    """The table's own: the strongest of its fields' (range over ternary over lpm over exact)."""
    implementation: TableImplementation
    max_size: int
    keys: tuple[KeyField, ...]
    actions: tuple[str, ...]
    default_action: ActionCall | None = None
    """What the program sets; None: a miss does nothing."""
    default_is_const: bool = False
    const_entries: tuple[ConstEntry, ...] = ()
    """Not empty: the control plane may not change the entries."""
    entries_are_const: bool = False
    """True even when the `const entries` of the source are an empty list."""
    action_profile: str | None = None
    with_counters: bool = False
    supports_timeout: bool = False
    direct_meter: str | None = None
    source: SourceInfo = NOWHERE

    @property
    def takes_priority(self) -> bool:
        """Whether entries carry a priority (BMv2: ternary and range tables)."""
        return self.kind in (MatchKind.TERNARY, MatchKind.RANGE)

    @property
    def is_constant_action(self) -> bool:
        """Whether applying it only ever runs one action: no key, a default nobody can change, and
        nothing that counts or meters."""
        return (
            not self.keys
            and not (self.with_counters or self.direct_meter)
            and self.default_is_const
            and self.implementation is (TableImplementation.SIMPLE)
        )


@dataclass(frozen=True, slots=True)
class ActionSignature:
    """An action as the control plane sees it; p4c may emit several copies, all alike."""

    name: str
    parameters: tuple[ActionParameter, ...]
    source: SourceInfo = NOWHERE


@dataclass(frozen=True, slots=True)
class RegisterArray:
    """A register array; cells hold 0 at first."""

    name: str
    size: int
    width: int
    source: SourceInfo = NOWHERE


@dataclass(frozen=True, slots=True)
class CounterArray:
    """A counter array, direct (then `table` names its table) or indirect."""

    name: str
    size: int
    table: str | None = None
    source: SourceInfo = NOWHERE

    @property
    def is_direct(self) -> bool:
        """Whether the cells belong to a table's entries."""
        return self.table is not None


@dataclass(frozen=True, slots=True)
class MeterArray:
    """A two-rate three-colour meter array, direct (then `table` names its table) or indirect."""

    name: str
    size: int
    counts_bytes: bool
    table: str | None = None
    source: SourceInfo = NOWHERE

    @property
    def is_direct(self) -> bool:
        """Whether the cells belong to a table's entries."""
        return self.table is not None


@dataclass(frozen=True, slots=True)
class ActionProfile:
    """Members, and groups of them where there is a selector, shared by tables."""

    name: str
    max_size: int
    tables: tuple[str, ...] = ()
    has_selector: bool = False


@dataclass(frozen=True, slots=True)
class DigestList:
    """What a `digest` call sends: the widths in bits of its fields, in order."""

    name: str
    id: int
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A parser value set; members are matched as one exact value of `width` bits."""

    name: str
    width: int
