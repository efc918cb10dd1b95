"""What the control process says to its data plane, and hears back: plain immutable data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from switch.p4json.objects import ActionCall, EntryAction, FieldMatch, MatchKey


class Config(Enum):
    """Which of the two programs a call is about: the one that packets run, or the saved one."""

    RUNNING = "running"
    SAVED = "saved"


class OpKind(Enum):
    """What to do with an entry, a member or a group."""

    INSERT = "insert"
    MODIFY = "modify"
    DELETE = "delete"

    def __init__(self, word: str) -> None:
        self.word = word
        """The value, without the function call that `value` is."""


class TableOp(NamedTuple):
    """A change of one table entry. Key and priority together name the entry.

    A tuple, since thousands are made at a time: a frozen dataclass takes three times as long.
    """

    kind: OpKind
    table: str
    key: MatchKey
    priority: int = 0
    """P4Runtime's direction (the larger wins); 0 for exact and LPM tables."""
    action: EntryAction | None = None
    """None for a deletion."""
    idle_timeout_ms: int = 0
    """0: the entry never idles. On MODIFY this replaces the former value."""


@dataclass(frozen=True, slots=True)
class EntryChanges:
    """Changes of entries of one table, all of one kind; what they differ in comes by the column."""

    kind: OpKind
    table: str
    keys: Sequence[Sequence[FieldMatch]]
    """A column for each match field."""
    priorities: Sequence[int]
    action: str | None
    """The same for all, without a time-out. None for deletions."""
    args: Sequence[Sequence[int]]
    """A column for each parameter of the action, of values that fit."""
    meanwhile: Callable[[], object]
    """What the control process may do while the worker is at it; does nothing a second time."""

    def __len__(self) -> int:
        return len(self.priorities)

    def behind(self, element: int) -> EntryChanges:
        """Those after an element."""
        rest = slice(element + 1, None)
        return replace(
            self,
            keys=[column[rest] for column in self.keys],
            priorities=self.priorities[rest],
            args=[column[rest] for column in self.args],
        )


@dataclass(frozen=True, slots=True)
class DefaultOp:
    """A new default action; None goes back to the one of the program."""

    table: str
    action: EntryAction | None


@dataclass(frozen=True, slots=True)
class EntryName:
    """One entry of a table."""

    table: str
    key: MatchKey | None
    """None: the default entry."""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class CounterCell:
    """One counter."""

    packets: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class MeterConfig:
    """A two-rate three-colour meter (RFC 2698): rates per second, bursts in the same unit."""

    cir: int
    cburst: int
    pir: int
    pburst: int


@dataclass(frozen=True, slots=True)
class MeterCell:
    """One meter: its configuration, and what it has marked."""

    config: MeterConfig | None = None
    """None: not set, everything is green."""
    counts: tuple[CounterCell, CounterCell, CounterCell] | None = None
    """Green, yellow and red packets and bytes. None in a write: they stay."""


class CrcParameters(NamedTuple):
    """What makes a CRC; numbers are of its width, which is in bits."""

    width: int
    polynomial: int
    initial: int
    final: int
    """Exclusive or with the result."""
    reflect_data: bool
    reflect_result: bool


@dataclass(frozen=True, slots=True)
class MemberOp:
    """A change of one member of an action profile."""

    kind: OpKind
    profile: str
    member_id: int
    action: ActionCall | None = None
    """None for a deletion."""


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A member's place in a group; it is picked in proportion to its weight."""

    member_id: int
    weight: int = 1
    watch_port: int | None = None
    """The member is passed over while this port is down."""


@dataclass(frozen=True, slots=True)
class GroupOp:
    """A change of one group of an action profile."""

    kind: OpKind
    profile: str
    group_id: int
    members: tuple[GroupMember, ...] = ()
    """All of them: a modification replaces."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy that the replication engine makes."""

    port: int
    instance: int = 0
    backups: tuple[tuple[int, int], ...] = ()
    """Ports and instances of which the first that is up stands in for a port that is down."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One sample of a digest list, as it was generated; batching and acks are the server's."""

    name: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Listeners:
    """Whom the data plane tells what.

    They are called one at a time and in order, at start by the thread that starts the data plane,
    then by one of its own. They must return at once; what they raise is logged and forgotten.
    """

    on_packet_in: Callable[[bytes], None]
    """A frame that left by the CPU port, beginning with the program's packet-in header."""
    on_digest: Callable[[Digest], None]
    on_idle_timeout: Callable[[EntryName], None]
    """An entry was not hit for its idle time-out. Told once until it is hit again."""
    on_port_status: Callable[[int, bool], None]
    """A port and whether it is up; also called once for each port at start."""
    on_worker_exit: Callable[[str], None]
    """The worker ended unasked; the reason in words. Nothing else is called after this."""
