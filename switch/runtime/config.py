"""`Config`: all state of one loaded program, and what the control plane does to it.

A config is built step by step by small calls, and taken apart in the same way, so that packets of
the program that runs are served between two steps. Tables and arrays are named by the program's
fully qualified names; entries by their encoded key (`switch.runtime.keys`) and priority.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from time import monotonic_ns
from typing import Any

from switch.runtime.entries import NO_ACTION, NOTHING, Entry, Group, Member
from switch.runtime.errors import Refused
from switch.runtime.hashes import CustomHash
from switch.runtime.keys import Encoded
from switch.runtime.meters import UNSET, Counts, Meter, Rates, rewritten
from switch.runtime.ranked import TABLES
from switch.runtime.sets import RuntimeValueSet
from switch.runtime.tables import RuntimeTable

Target = tuple[str, int, tuple[int, ...]]
"""An entry's action: `("action", number, arguments)`, `("member", id, ())`, `("group", id, ())`."""

Process = Callable[[bytearray, int, int, int, int, tuple], None]


def no_code(*_packet: object) -> None:
    """The code of a program before it is linked, and when it is taken apart."""
    raise Refused("the program is not complete")


class TableState:
    """A table with what its entries need besides the look-up."""

    __slots__ = ("has_meter", "name", "original_default", "profile", "supports_timeout", "table")

    def __init__(
        self, name: str, kind: str, profile: str | None, has_meter: bool, supports_timeout: bool
    ) -> None:
        self.name = name
        self.table: RuntimeTable[Any] = TABLES[kind]()
        self.profile = profile
        self.has_meter = has_meter
        self.supports_timeout = supports_timeout
        self.original_default: Target | None = None


class Profile:
    """The members and groups of an action profile."""

    __slots__ = ("groups", "members")

    def __init__(self) -> None:
        self.members: dict[int, Member] = {}
        self.groups: dict[int, Group] = {}


class Config:
    """The state of one program."""

    def __init__(self) -> None:
        self.tables: dict[str, TableState] = {}
        self.registers: dict[str, list[int]] = {}
        self.counter_packets: dict[str, list[int]] = {}
        self.counter_bytes: dict[str, list[int]] = {}
        self.meters: dict[str, list[Meter]] = {}
        self.profiles: dict[str, Profile] = {}
        self.value_sets: dict[str, RuntimeValueSet] = {}
        self.custom_hashes: dict[str, CustomHash] = {}
        """By the name of the calculation."""
        self.namespace: dict[str, Any] = {}
        """The generated module."""
        self.process: Process = no_code
        self.egress: Process = no_code
        """For packets that have waited in a queue."""
        self.on_their_way = 0
        """Packets that wait in queues or come round again: they finish in this program."""
        self.rounds_left: int | None = None
        """Once it is replaced: so often one of them may come round; None: it is not replaced."""

    # -- building ---------------------------------------------------------------------------------

    def add_table(
        self, name: str, kind: str, profile: str | None, has_meter: bool, supports_timeout: bool
    ) -> None:
        """Add an empty table."""
        self.tables[name] = TableState(name, kind, profile, has_meter, supports_timeout)

    def grow(self, kind: str, name: str, count: int) -> None:
        """Add so many cells to an array: `register`, `counter` or `meter`."""
        match kind:
            case "register":
                self.registers.setdefault(name, []).extend([0] * count)
            case "counter":
                self.counter_packets.setdefault(name, []).extend([0] * count)
                self.counter_bytes.setdefault(name, []).extend([0] * count)
            case _:
                self.meters.setdefault(name, []).extend([UNSET] * count)

    def take_apart(self, step: int) -> Iterator[None]:
        """Free everything, so many cells or entries between two yields."""
        self.process = self.egress = no_code
        linecache.cache.pop(self.namespace.get("__name__", ""), None)
        self.namespace.clear()
        arrays: list[list] = [
            array
            for group in (self.registers, self.counter_packets, self.counter_bytes, self.meters)
            for array in group.values()
        ]
        for array in arrays:
            while array:
                del array[-step:]
                yield
        for state in self.tables.values():
            while state.table.drop_some(step):
                yield

    # -- tables -----------------------------------------------------------------------------------

    def insert(
        self, name: str, key: Encoded, priority: int, target: Target, timeout_ms: int, given: object
    ) -> None:
        """Add an entry. `given`: its key as it is to be reported when it is idle."""
        state = self._table(name)
        if state.table.get(key, priority) is not None:
            raise Refused(f"table {name} has that entry already")
        entry = Entry(NO_ACTION, ())
        self._set_action(entry, state, target)
        entry.priority = priority
        entry.key = given
        entry.timeout_ns = timeout_ms * 1_000_000
        entry.hit_ns = monotonic_ns()
        state.table.insert(key, priority, entry)

    def insert_many(
        self,
        name: str,
        keys: Sequence[Encoded],
        priorities: Sequence[int],
        action: int,
        args: Iterable[tuple[int, ...]],
    ) -> int:
        """Add entries with an action and no time-out, up to the first that is there. How many."""
        now_ns = monotonic_ns()
        entries = map(Entry, repeat(action), args, repeat(NOTHING), priorities, repeat(now_ns))
        return self._table(name).table.insert_many(keys, priorities, entries)

    def modify_many(
        self,
        name: str,
        keys: Sequence[Encoded],
        priorities: Sequence[int],
        action: int,
        args: Iterable[tuple[int, ...]],
    ) -> int:
        """Give entries an action and no time-out, up to the first that is not there. How many."""
        table, now_ns = self._table(name).table, monotonic_ns()
        for place, (key, priority, given) in enumerate(zip(keys, priorities, args, strict=False)):
            entry = table.get(key, priority)
            if entry is None:
                return place
            entry.action, entry.args = action, given
            entry.key, entry.timeout_ns, entry.hit_ns = None, 0, now_ns
        return len(keys)

    def delete_many(self, name: str, keys: Sequence[Encoded], priorities: Sequence[int]) -> int:
        """Remove entries, up to the first that is not there. How many."""
        table = self._table(name).table
        for place, (key, priority) in enumerate(zip(keys, priorities, strict=True)):
            if table.get(key, priority) is None:
                return place
            table.remove(key, priority)
        return len(keys)

    def modify(
        self, name: str, key: Encoded, priority: int, target: Target, timeout_ms: int, given: object
    ) -> None:
        """Give an entry another action and time-out; its counter and meter stay."""
        state = self._table(name)
        entry = self.entry(name, key, priority)
        self._set_action(entry, state, target)
        entry.key = given
        entry.timeout_ns = timeout_ms * 1_000_000
        entry.hit_ns = monotonic_ns()

    def delete(self, name: str, key: Encoded, priority: int) -> None:
        """Remove an entry."""
        self.entry(name, key, priority)
        self._table(name).table.remove(key, priority)

    def set_default(self, name: str, target: Target | None) -> None:
        """Give the default entry another action (None: its own). Counter and meter stay."""
        state = self._table(name)
        former, entry = state.table.default, Entry(NO_ACTION, ())
        entry.packets, entry.bytes, entry.meter = former.packets, former.bytes, former.meter
        chosen = state.original_default if target is None else target
        if chosen is not None:
            self._set_action(entry, state, chosen)
        state.table.default = entry

    def entry(self, name: str, key: Encoded | None, priority: int) -> Entry:
        """An entry that must be there; without a key the default entry."""
        if key is None:
            return self._table(name).table.default
        entry = self._table(name).table.get(key, priority)
        if entry is None:
            raise Refused(f"table {name} has no such entry")
        return entry

    def _table(self, name: str) -> TableState:
        state = self.tables.get(name)
        if state is None:
            raise Refused(f"there is no table {name}")
        return state

    def _set_action(self, entry: Entry, state: TableState, target: Target) -> None:
        kind, number, args = target
        if kind == "action" and state.profile is None:
            entry.action, entry.args = number, args
            return
        if kind == "action":
            entry.target = Member(number, args)
            return
        if state.profile is None:
            raise Refused(f"table {state.name} has no action profile")
        profile = self.profiles[state.profile]
        found = (profile.members if kind == "member" else profile.groups).get(number)
        if found is None:
            raise Refused(f"action profile {state.profile} has no {kind} {number}")
        entry.target = found

    # -- action profiles --------------------------------------------------------------------------

    def set_member(self, profile: str, member_id: int, action: int, args: tuple[int, ...]) -> None:
        """Add a member, or give it another action: whatever refers to it follows."""
        members = self._profile(profile).members
        if member_id in members:
            members[member_id].action, members[member_id].args = action, args
        else:
            members[member_id] = Member(action, args)

    def delete_member(self, profile: str, member_id: int) -> None:
        """Remove a member."""
        if self._profile(profile).members.pop(member_id, None) is None:
            raise Refused(f"action profile {profile} has no member {member_id}")

    def set_group(
        self,
        profile: str,
        group_id: int,
        members: Sequence[tuple[int, int, int | None]],
        is_up: Mapping[int, bool],
    ) -> None:
        """Add a group or replace its members: ids, weights and ports to watch."""
        known = self._profile(profile).members
        for member_id, _, _ in members:
            if member_id not in known:
                raise Refused(f"action profile {profile} has no member {member_id}")
        group = self._profile(profile).groups.setdefault(group_id, Group())
        group.members = tuple(sorted(members, key=itemgetter(0)))
        self._choose(group, known, is_up)

    def delete_group(self, profile: str, group_id: int) -> None:
        """Remove a group."""
        if self._profile(profile).groups.pop(group_id, None) is None:
            raise Refused(f"action profile {profile} has no group {group_id}")

    def port_changed(self, is_up: Mapping[int, bool]) -> None:
        """Leave out members whose port is down, take in those whose port is up."""
        for profile in self.profiles.values():
            for group in profile.groups.values():
                if any(port is not None for _, _, port in group.members):
                    self._choose(group, profile.members, is_up)

    @staticmethod
    def _choose(group: Group, members: Mapping[int, Member], is_up: Mapping[int, bool]) -> None:
        group.choices = [
            members[member_id]
            for member_id, weight, port in group.members
            if member_id in members and (port is None or is_up.get(port, False))
            for _ in range(weight)
        ]

    def _profile(self, name: str) -> Profile:
        profile = self.profiles.get(name)
        if profile is None:
            raise Refused(f"there is no action profile {name}")
        return profile

    # -- arrays -----------------------------------------------------------------------------------

    def cells(self, kind: str, name: str, first: int, count: int) -> tuple[list, ...]:
        """The lists of an array: one, or for counters packets and bytes. Checks the range."""
        kinds: dict[str, tuple[Mapping[str, list[Any]], ...]] = {
            "register": (self.registers,),
            "counter": (self.counter_packets, self.counter_bytes),
            "meter": (self.meters,),
        }
        arrays = kinds[kind]
        if name not in arrays[0]:
            raise Refused(f"there is no {kind} array {name}")
        found = tuple(group[name] for group in arrays)
        if first < 0 or count < 0 or first + count > len(found[0]):
            raise Refused(
                f"{kind} array {name} has {len(found[0])} cells, not {first} to {first + count - 1}"
            )
        return found

    def set_meters(
        self, name: str, first: int, written: Sequence[tuple[Rates | None, Counts | None]]
    ) -> None:
        """Configure meters, and set what they count."""
        (meters,) = self.cells("meter", name, first, len(written))
        for index, what in enumerate(written, first):
            meters[index] = rewritten(meters[index], *what)

    def value_set(self, name: str) -> RuntimeValueSet:
        """A value set that must be there."""
        found = self.value_sets.get(name)
        if found is None:
            raise Refused(f"there is no value set {name}")
        return found

    def custom_hash(self, name: str, algorithm: str) -> CustomHash:
        """The hash of a calculation that may be given another function."""
        if name not in self.custom_hashes:
            self.custom_hashes[name] = CustomHash(algorithm)
        return self.custom_hashes[name]

    # -- idle time-outs ---------------------------------------------------------------------------

    def idle_entries(self, step: int) -> Iterator[tuple[str, Entry] | None]:
        """Entries that have become idle; None after so many that were looked at."""
        looked_at = 0
        for state in self.tables.values():
            if not state.supports_timeout:
                continue
            for entry in list(state.table.entries()):
                looked_at += 1
                if looked_at % step == 0:
                    yield None
                if entry.timeout_ns and _became_idle(entry, monotonic_ns()):
                    yield state.name, entry


def _became_idle(entry: Entry, now_ns: int) -> bool:
    """Whether the entry is idle, and this was not reported since it was hit last."""
    if now_ns - entry.hit_ns < entry.timeout_ns or entry.reported_ns == entry.hit_ns:
        return False
    entry.reported_ns = entry.hit_ns
    return True
