"""Control operations: entries and registers per second.

Requests are built before the clock starts, so that the switch is measured and not the client.
Registers over Thrift, which both switches have: whole arrays are read at once and single cells
written, 1,024 requests under way. Over P4Runtime, which BMv2 does not serve them by: one request
for the whole array.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from finsy.proto import p4i, p4r

from controller.southbound.thrift_client import ThriftClient
from tests.benchmark.subject import Subject
from tests.conformance.control.bytestrings import encode
from tests.conformance.control.client import CALL_LIMIT_S, DEVICE_ID, ELECTION
from tests.conformance.program import find
from tests.conformance.switches.bmv2 import THRIFT_PORT

REGISTER = "firewall.connections_0"
TABLE = "dmac"
THRIFT, P4RUNTIME = "Thrift", "P4Runtime"
ROUND = 1000
_WINDOW = 1024
_FIRST_KEY = 1 << 24


def entries_per_s(subject: Subject, batch: int, seconds: float) -> float:
    """Insert entries for about so long, in batches of a size.

    They are removed after every round, which is not timed, so that the table never fills.
    """
    rounds = batches(subject, batch)
    removals = batches(subject, batch, p4r.Update.DELETE)
    spent_s = 0.0
    inserted = 0
    while spent_s < seconds:
        began = time.monotonic()
        for request in rounds:
            subject.client.write_request(request)
        spent_s += time.monotonic() - began
        inserted += ROUND
        for request in removals:
            subject.client.write_request(request)
    return inserted / spent_s


def empty_calls_per_s(subject: Subject, seconds: float) -> float:
    """Write nothing, call after call: what a call costs whatever is in it, client included."""
    request = _request([])
    return _done_per_s(lambda: subject.client.write_request(request), 1, seconds)


def registers_read_per_s(subject: Subject, by: str, seconds: float) -> float:
    """Read a whole array again and again, by THRIFT or P4RUNTIME."""
    register = find("register", REGISTER, subject.program.p4info.registers)
    read = _reader(subject, register, by)
    return _done_per_s(read, register.size, seconds)


def registers_written_per_s(subject: Subject, by: str, seconds: float) -> float:
    """Write all cells of an array with different values, again and again."""
    register = find("register", REGISTER, subject.program.p4info.registers)
    write = _writer(subject, register, range(1, register.size + 1), by)
    return _done_per_s(write, register.size, seconds)


def write_cells(subject: Subject, register: p4i.Register, values: Sequence[int]) -> None:
    """Write all cells of an array, the way that a controller takes."""
    by = THRIFT if subject.kind == "bmv2" else P4RUNTIME
    _writer(subject, register, values, by)()


def _reader(subject: Subject, register: p4i.Register, by: str) -> Callable[[], object]:
    """What reads the array when it is called."""
    if by == THRIFT:
        thrift, arguments = _thrift(), (0, register.preamble.name)
        return lambda: thrift.call("standard", "bm_register_read_all", *arguments, asked="read")
    entity = p4r.Entity(register_entry=p4r.RegisterEntry(register_id=register.preamble.id))
    return lambda: subject.client.read(entity)


def _writer(
    subject: Subject, register: p4i.Register, values: Sequence[int], by: str
) -> Callable[[], object]:
    """What writes these values when it is called; everything else is done before."""
    if by == THRIFT:
        thrift, name = _thrift(), register.preamble.name
        calls = [(0, name, cell, value) for cell, value in enumerate(values)]
        return lambda: thrift.pipeline(
            "standard", "bm_register_write", calls, asked="write", window=_WINDOW
        )
    request = _register_write(register, values)
    return lambda: subject.client.write_request(request)


def _done_per_s(operate: Callable[[], object], at_once: int, seconds: float) -> float:
    began = time.monotonic()
    done = 0
    while (spent_s := time.monotonic() - began) < seconds:
        operate()
        done += at_once
    return done / spent_s


def _thrift() -> ThriftClient:
    return ThriftClient("switch", f"127.0.0.1:{THRIFT_PORT}", 1, CALL_LIMIT_S)


def _request(updates: list[p4r.Update]) -> p4r.WriteRequest:
    return p4r.WriteRequest(device_id=DEVICE_ID, election_id=ELECTION, updates=updates)


def batches(
    subject: Subject,
    batch: int,
    kind: p4r.Update.Type = p4r.Update.INSERT,
    count: int = ROUND,
) -> list[p4r.WriteRequest]:
    """A round of entries, cut into requests."""
    table = subject.program.table(TABLE)
    action = subject.program.action(table, "forward")
    port = p4r.Action.Param(param_id=action.params[0].id, value=b"\x02")
    call = p4r.TableAction(action=p4r.Action(action_id=action.preamble.id, params=[port]))
    updates = []
    for number in range(count):
        match = p4r.FieldMatch(field_id=table.match_fields[0].id)
        match.exact.value = encode(_FIRST_KEY + number)
        entry = p4r.TableEntry(table_id=table.preamble.id, match=[match], action=call)
        updates.append(p4r.Update(type=kind, entity=p4r.Entity(table_entry=entry)))
    return [_request(updates[first : first + batch]) for first in range(0, count, batch)]


def _register_write(register: p4i.Register, values: Sequence[int]) -> p4r.WriteRequest:
    updates = []
    for cell, value in enumerate(values):
        entry = p4r.RegisterEntry(register_id=register.preamble.id, index=p4r.Index(index=cell))
        entry.data.bitstring = encode(value)
        entity = p4r.Entity(register_entry=entry)
        updates.append(p4r.Update(type=p4r.Update.MODIFY, entity=entity))
    return _request(updates)
