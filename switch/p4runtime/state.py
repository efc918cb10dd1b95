"""What the control process remembers of a program's objects: one class per kind.

The data plane holds what packets need; here is what only controllers need (metadata, references
between objects) and what a write is checked against. Objects are found by their P4Info ids. All
of it is changed by `Transaction`s under the device's lock; entries, members and groups are
immutable, so a reader may keep them while writes go on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from finsy.proto import p4i, p4r

from switch.dataplane.messages import EntryName, GroupMember
from switch.p4json.objects import ActionCall, EntryAction, GroupRef, MatchKey, MemberRef
from switch.p4json.objects import Table as ProgramTable
from switch.p4runtime.actions import ActionSet
from switch.p4runtime.handles import Handles
from switch.p4runtime.match import KeyCodec
from switch.p4runtime.p4data import DataCodec

EntryKey: TypeAlias = tuple[MatchKey, int]
"""Match key and P4Runtime priority (0 where the table has none)."""


class OneShot(NamedTuple):
    """A one-shot action set as it was written, and the group and members made for it."""

    message: p4r.ActionProfileActionSet
    group_id: int
    member_ids: tuple[int, ...]


class Entry(NamedTuple):
    """A table entry."""

    key: MatchKey
    priority: int
    """As controllers see it."""
    action: EntryAction
    controller_metadata: int = 0
    metadata: bytes = b""
    idle_timeout_ns: int = 0
    one_shot: OneShot | None = None
    is_const: bool = False


class DefaultEntry(NamedTuple):
    """The default entry of a table."""

    action: ActionCall | None = None
    """None: the program's own."""
    controller_metadata: int = 0
    metadata: bytes = b""


@dataclass
class Table:
    """A match-action table."""

    table_id: int
    program: ProgramTable
    info: p4i.Table
    keys: KeyCodec
    actions: ActionSet
    profile: Profile | None
    has_counter: bool
    has_meter: bool
    meter_type: int = p4i.MeterSpec.TWO_RATE_THREE_COLOR
    entries: dict[EntryKey, Entry] = field(default_factory=dict)
    default: DefaultEntry = field(default_factory=DefaultEntry)
    handles: Handles[EntryKey] = field(default_factory=Handles)
    """What Thrift's clients call the entries."""

    @property
    def name(self) -> str:
        """The fully qualified name."""
        return self.program.name

    @property
    def size(self) -> int:
        """How many entries fit. The JSON has less than P4Info where a table has initial ones."""
        return max(self.info.size, self.program.max_size)

    @property
    def is_const(self) -> bool:
        """Whether the P4 source sets the entries for good."""
        return self.info.is_const_table

    @property
    def supports_idle_timeout(self) -> bool:
        """Whether entries may have a time to live."""
        return self.info.idle_timeout_behavior == p4i.Table.NOTIFY_CONTROL

    def plane_name(self, entry: Entry | DefaultEntry) -> EntryName:
        """What the data plane calls an entry."""
        if isinstance(entry, DefaultEntry):
            return EntryName(self.name, None)
        return EntryName(self.name, entry.key, entry.priority)


class Group(NamedTuple):
    """A group of an action selector."""

    group_id: int
    max_size: int
    members: tuple[p4r.ActionProfileGroup.Member, ...]
    """As they were written, in canonical form."""
    plane_members: tuple[GroupMember, ...]


@dataclass
class Profile:
    """An action profile, with or without selector."""

    profile_id: int
    name: str
    info: p4i.ActionProfile
    actions: ActionSet
    max_members: int
    members: dict[int, ActionCall] = field(default_factory=dict)
    """By member id; those of one-shots are not here, nor are their groups below."""
    groups: dict[int, Group] = field(default_factory=dict)
    references: Counter[MemberRef | GroupRef] = field(default_factory=Counter)
    """How many entries and groups refer to a member, how many entries to a group."""
    one_shots: int = 0
    """How many entries carry a one-shot action set."""
    one_shot_members: int = 0
    """How many members these have."""
    next_one_shot_id: int = 1
    """Ids made up for groups and members of one-shots. A controller's own ids cannot meet them,
    because a profile is programmed either way, never both."""


@dataclass(frozen=True)
class Array:
    """An indirect counter or meter array."""

    array_id: int
    name: str
    size: int
    meter_type: int = p4i.MeterSpec.TWO_RATE_THREE_COLOR
    """Of a meter."""


@dataclass(frozen=True)
class Register:
    """A register array."""

    register_id: int
    name: str
    size: int
    codec: DataCodec


@dataclass
class DigestList:
    """A digest and how it is to be reported."""

    digest_id: int
    name: str
    codec: DataCodec
    config: p4r.DigestEntry.Config | None = None
    """None: not reported."""


@dataclass
class ValueSet:
    """A parser value set."""

    value_set_id: int
    name: str
    size: int
    keys: KeyCodec
    members: tuple[MatchKey, ...] = ()


class Mirror(NamedTuple):
    """A clone session that Thrift has made."""

    port: int | None = None
    """Gets a clone."""
    group_id: int | None = None
    """The multicast group of which each copy gets a clone, whatever the group is at the time."""


@dataclass
class Replication:
    """The packet replication engine; it belongs to the switch and outlives programs."""

    groups: dict[int, p4r.MulticastGroupEntry] = field(default_factory=dict)
    sessions: dict[int, p4r.CloneSessionEntry] = field(default_factory=dict)
    mirrors: dict[int, Mirror] = field(default_factory=dict)
    """Those of the sessions that follow a group: their replicas change with its."""
