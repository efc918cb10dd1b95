"""What the control process may ask of the worker: one function per request, bound in `REQUESTS`.

Each does a small piece of work, bounded to some tens of microseconds by what the control process
puts into one message (`switch.dataplane.shipping`). A config is `0` for the one that runs and `1`
for the saved one.
"""

from __future__ import annotations

import marshal
import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

from switch.dataplane.node import Node
from switch.runtime.config import Profile, Target
from switch.runtime.errors import Refused
from switch.runtime.hashes import make_custom_crc
from switch.runtime.keys import Encoded
from switch.runtime.meters import Counts, Rates, rewritten
from switch.runtime.sets import RuntimeValueSet

EntryOp = tuple[str, str, Encoded, int, Target | None, int, object]
"""Kind, table, key, priority, action, time-out in ms, key as given; `default` has fewer."""

EntryKey = tuple[str, Encoded | None, int]

MeterState = tuple[Rates | None, Counts]

Crc = tuple[int, int, int, int, bool, bool]
"""Width, polynomial, initial and final value, whether input and result are reflected."""

MAX_INT64 = (1 << 63) - 1


# -- programs -----------------------------------------------------------------------------------


def begin(node: Node) -> None:
    """Start to build a config; one that was saved or half built before is dropped."""
    node.programs.begin()


def add_tables(
    node: Node, tables: list[tuple[str, str, str | None, bool, bool]], profiles: list[str]
) -> None:
    """Add tables, and the action profiles that they use."""
    config = node.programs.under_construction()
    for description in tables:
        config.add_table(*description)
    for name in profiles:
        config.profiles[name] = Profile()


def add_value_sets(node: Node, sets: list[tuple[str, int]]) -> None:
    """Add value sets: names and widths in bits."""
    for name, width in sets:
        node.programs.under_construction().value_sets[name] = RuntimeValueSet(width)


def grow(node: Node, kind: str, name: str, count: int) -> None:
    """Add cells to an array."""
    node.programs.under_construction().grow(kind, name, count)


def fill(node: Node, ops: list[tuple[str, Any]]) -> None:
    """Set original default actions and constant entries."""
    config = node.programs.under_construction()
    for kind, *what in ops:
        if kind == "default":
            name, target = what
            config.tables[name].original_default = target
            config.set_default(name, None)
        else:
            name, key, priority, target = what
            config.insert(name, key, priority, target, 0, None)


def add_code(node: Node, piece: bytes) -> None:
    """Add a piece of the marshalled code."""
    node.programs.add_code(piece)


def link_code(node: Node, links: list[tuple[str, tuple[str, ...]]]) -> None:
    """Link the code; the config is the saved one from now on."""
    code, source = marshal.loads(node.programs.take_code())
    node.programs.link(code, source, links, node.surroundings())


def commit(node: Node) -> None:
    """Let the saved config run from the next packet on."""
    node.commit()


def discard(node: Node) -> None:
    """Forget the saved config."""
    node.programs.discard_saved()


# -- tables -------------------------------------------------------------------------------------


def write_entries(node: Node, which: int, ops: list[EntryOp], start: int, batch: int) -> None:
    """Change entries and defaults, in order."""
    config = node.programs.config(which)

    def change(kind: str, table: str, *what: Any) -> None:
        match kind:
            case "insert":
                config.insert(table, *what)
            case "modify":
                config.modify(table, *what)
            case "delete":
                config.delete(table, *what[:2])
            case _:
                config.set_default(table, *what)

    _in_order(node, ops, start, batch, change)


def change_entries(
    node: Node,
    which: int,
    kind: str,
    table: str,
    keys: Sequence[Encoded],
    priorities: Sequence[int],
    action: int,
    args: list[Sequence[int]],
    start: int,
    batch: int,
) -> None:
    """Change entries alike, in order; what is refused is as in `_in_order`."""
    if batch == node.refused_batch:
        raise Refused("a change before it was refused", start)
    config = node.programs.config(which)
    given = zip(*args, strict=True) if args else repeat(())
    match kind:
        case "insert":
            done = config.insert_many(table, keys, priorities, action, given)
        case "modify":
            done = config.modify_many(table, keys, priorities, action, given)
        case _:
            done = config.delete_many(table, keys, priorities)
    if done < len(keys):
        node.refused_batch = batch
        already = "that entry already" if kind == "insert" else "no such entry"
        raise Refused(f"table {table} has {already}", start + done)


def read_entry_counters(node: Node, which: int, keys: list[EntryKey]) -> list[tuple[int, int]]:
    """Packets and bytes of entries."""
    entries = [node.programs.config(which).entry(*key) for key in keys]
    return [(entry.packets, entry.bytes) for entry in entries]


def write_entry_counters(
    node: Node, which: int, cells: list[tuple[EntryKey, tuple[int, int]]]
) -> None:
    """Set packets and bytes of entries."""
    for key, (packets, octets) in cells:
        entry = node.programs.config(which).entry(*key)
        entry.packets, entry.bytes = packets, octets


def read_entry_meters(node: Node, which: int, keys: list[EntryKey]) -> list[MeterState]:
    """Entries' meters."""
    meters = [node.programs.config(which).entry(*key).meter for key in keys]
    return [(meter.rates, meter.counts) for meter in meters]


def write_entry_meters(
    node: Node, which: int, meters: list[tuple[EntryKey, tuple[Rates | None, Counts | None]]]
) -> None:
    """Configure entries' meters, and set what they count."""
    for key, written in meters:
        entry = node.programs.config(which).entry(*key)
        entry.meter = rewritten(entry.meter, *written)


def read_idle_times(node: Node, which: int, keys: list[EntryKey]) -> list[int]:
    """Milliseconds since entries were hit."""
    now_ns = node.now_ns()
    return [(now_ns - node.programs.config(which).entry(*key).hit_ns) // 1_000_000 for key in keys]


# -- action profiles ----------------------------------------------------------------------------


def write_members(
    node: Node, which: int, ops: list[tuple[str, str, int, int, tuple]], start: int, batch: int
) -> None:
    """Set or delete members: kind, profile, id, action, arguments."""
    config = node.programs.config(which)

    def change(kind: str, profile: str, member_id: int, action: int, args: tuple) -> None:
        if kind == "delete":
            config.delete_member(profile, member_id)
        else:
            config.set_member(profile, member_id, action, args)

    _in_order(node, ops, start, batch, change)


def write_groups(
    node: Node, which: int, ops: list[tuple[str, str, int, list]], start: int, batch: int
) -> None:
    """Set or delete groups: kind, profile, id, members."""
    config = node.programs.config(which)

    def change(kind: str, profile: str, group_id: int, members: list) -> None:
        if kind == "delete":
            config.delete_group(profile, group_id)
        else:
            config.set_group(profile, group_id, members, node.port_is_up)

    _in_order(node, ops, start, batch, change)


def _in_order(
    node: Node, ops: Sequence[Any], start: int, batch: int, change: Callable[..., None]
) -> None:
    """Make changes, a run of a batch, the first of which is number `start`.

    The control process does not wait for one run before it sends the next. So where one is refused
    the runs of the same batch behind it are refused too.
    """
    if batch == node.refused_batch:
        raise Refused("a change before it was refused", start)
    for place, op in enumerate(ops, start):
        try:
            change(*op)
        except Refused as refusal:
            node.refused_batch = batch
            raise Refused(str(refusal), place) from refusal


# -- arrays -------------------------------------------------------------------------------------


def read_cells(
    node: Node, which: int, kind: str, name: str, first: int, count: int
) -> tuple[list, ...]:
    """Consecutive cells: one list, or for counters packets and bytes."""
    arrays = node.programs.config(which).cells(kind, name, first, count)
    return tuple(cells[first : first + count] for cells in arrays)


def read_packed_cells(node: Node, which: int, name: str, first: int, count: int) -> bytes:
    """Consecutive cells of a register array as signed 64-bit numbers; larger ones are cut."""
    (cells,) = node.programs.config(which).cells("register", name, first, count)
    values, layout = cells[first : first + count], struct.Struct(f">{count}q")
    try:
        return layout.pack(*values)
    except struct.error:
        return layout.pack(*[min(value, MAX_INT64) for value in values])


def write_cells(
    node: Node, which: int, kind: str, name: str, first: int, values: tuple[list, ...]
) -> None:
    """Set consecutive cells."""
    arrays = node.programs.config(which).cells(kind, name, first, len(values[0]))
    for cells, new in zip(arrays, values, strict=True):
        cells[first : first + len(new)] = new


def write_cells_at(
    node: Node, which: int, name: str, indices: list[int], values: list[int]
) -> None:
    """Set cells of a register array that need not follow each other."""
    first = min(indices)
    (cells,) = node.programs.config(which).cells("register", name, first, max(indices) - first + 1)
    for index, value in zip(indices, values, strict=True):
        cells[index] = value


def fill_cells(node: Node, which: int, name: str, first: int, count: int, value: int) -> None:
    """Set consecutive cells of a register array to one value."""
    (cells,) = node.programs.config(which).cells("register", name, first, count)
    cells[first : first + count] = [value] * count


def read_meters(node: Node, which: int, name: str, first: int, count: int) -> list[MeterState]:
    """Consecutive meters."""
    (meters,) = node.programs.config(which).cells("meter", name, first, count)
    return [(meter.rates, meter.counts) for meter in meters[first : first + count]]


def write_meters(
    node: Node, which: int, name: str, first: int, written: list[tuple[Rates | None, Counts | None]]
) -> None:
    """Configure consecutive meters, and set what they count."""
    node.programs.config(which).set_meters(name, first, written)


def write_value_set(node: Node, which: int, name: str, members: list[tuple[int, int]]) -> None:
    """Replace the members of a value set."""
    node.programs.config(which).value_set(name).replace(members)


def set_crc(node: Node, which: int, name: str, algorithm: str, parameters: Crc) -> None:
    """Give the CRC of a calculation other parameters: those of `make_custom_crc`."""
    custom = node.programs.config(which).custom_hash(name, algorithm)
    custom.function = make_custom_crc(*parameters)


# -- replication, ports, packets ----------------------------------------------------------------


def set_group(node: Node, group_id: int, replicas: list[list[tuple[int, int]]] | None) -> None:
    """Set or (None) delete a multicast group."""
    if replicas is None:
        node.replication.delete_group(group_id)
    else:
        node.replication.set_group(group_id, replicas)


def set_session(
    node: Node, session_id: int, replicas: list[list[tuple[int, int]]] | None, limit: int
) -> None:
    """Set or (None) delete a clone session."""
    if replicas is None:
        node.replication.delete_session(session_id)
    else:
        node.replication.set_session(session_id, replicas, limit)


def open_port(node: Node, number: int, interface: str) -> None:
    """Open a port, or open it anew."""
    node.open_port(number, interface)


def port_status(node: Node, number: int, is_up: bool) -> None:
    """A port came up or went down."""
    node.set_port_status(number, is_up)


def set_queue_depth(node: Node, depth: int, port: int | None, priority: int | None) -> None:
    """How many packets egress queues hold: of one priority, of a port, of all ports."""
    node.traffic.set_depth(depth, port, priority)


def set_queue_rate(node: Node, rate_pps: int, port: int | None, priority: int | None) -> None:
    """How many packets a second may leave each of them; 0: no limit."""
    node.traffic.set_rate(rate_pps, port, priority)


def inject(node: Node, port: int, frame: bytes) -> None:
    """Process a frame as if it had been received."""
    node.inject(port, frame)


def clock_us(node: Node) -> int:
    """The node's clock."""
    return (node.now_ns() - node.start_ns) // 1000


def statistics(node: Node) -> dict[str, int]:
    """All counters."""
    return node.statistics()


REQUESTS: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        add_code,
        add_tables,
        add_value_sets,
        begin,
        change_entries,
        clock_us,
        commit,
        discard,
        fill,
        fill_cells,
        grow,
        inject,
        link_code,
        open_port,
        port_status,
        read_cells,
        read_entry_counters,
        read_entry_meters,
        read_idle_times,
        read_meters,
        read_packed_cells,
        set_crc,
        set_group,
        set_queue_depth,
        set_queue_rate,
        set_session,
        statistics,
        write_cells,
        write_cells_at,
        write_entries,
        write_entry_counters,
        write_entry_meters,
        write_groups,
        write_members,
        write_meters,
        write_value_set,
    )
}
