"""Runs of updates that look alike are done together, and to the same effect as one by one."""

import random

import pytest
from finsy.proto import p4r
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_plane import MemoryPlane
from p4rt import (
    DEVICE_ID,
    Set,
    action,
    everything_config,
    exact,
    insert,
    limits,
    lpm,
    modify,
    optional,
    p4_id,
    table_entry,
    ternary,
)

from switch.dataplane.messages import Config
from switch.p4runtime import batches, bulk
from switch.p4runtime.batches import Batch, BatchReader, Messages, Run
from switch.p4runtime.configs import set_config
from switch.p4runtime.device import Device
from switch.p4runtime.roles import FULL_ACCESS
from switch.p4runtime.status import BatchError

KINDS = (p4r.Update.INSERT, p4r.Update.MODIFY, p4r.Update.DELETE)


def octets(value):
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def dmac(number, port=1, **fields):
    return table_entry(
        "dmac", [exact(1, octets(number))], action("forward", octets(port)), **fields
    )


def acl(number, priority, port=1):
    key = [
        ternary(1, octets(number << 8), b"\xff\xff\xff\x00"),
        limits(2, octets(number % 300), b"\xff\x00"),
        optional(3, octets(number % 512)),
        exact(4, octets(number)),
    ]
    return table_entry("acl", key, action("set_hop", octets(port)), priority=priority)


def route(number, length):
    return table_entry("route", [lpm(1, octets(number << 32), length)], action("set_color"))


def changed(kind, entry):
    return p4r.Update(type=kind, entity=p4r.Entity(table_entry=entry))


def cell(index, value):
    entry = p4r.RegisterEntry(register_id=p4_id("totals"), index={"index": index})
    entry.data.bitstring = octets(value)
    return modify(register_entry=entry)


def request(updates, **fields):
    return p4r.WriteRequest(
        device_id=7, role="r", election_id=p4r.Uint128(low=5), updates=updates, **fields
    )


def read(updates, **fields):
    return BatchReader().read(request(updates, **fields).SerializeToString())


def updates_of(batch):
    return [update for run in batch.runs for update in run.updates()]


@pytest.fixture
def device():
    return make_device()


def make_device():
    device = Device(DEVICE_ID, MemoryPlane(), cpu_port=510)
    set_config(device, Set(action=Set.VERIFY_AND_COMMIT, config=everything_config()))
    device.plane.calls.clear()
    return device


def refusals(device, batch):
    """What each update of a batch is refused with."""
    try:
        device.write(batch, FULL_ACCESS)
    except BatchError as error:
        return [element and str(element) for element in error.errors]
    return [None] * len(batch)


def contents(device):
    """What both processes hold."""
    reads = p4r.ReadRequest(entities=[p4r.Entity(table_entry=p4r.TableEntry())])
    held = [message.SerializeToString() for message in device.read(reads, FULL_ACCESS)]
    state = device.plane[Config.RUNNING]
    return held, state.entries, state.idle_timeouts_ms, state.registers


def test_entries_that_differ_in_values_only_are_one_run():
    batch = read([insert(table_entry=dmac(1 << 24 | n)) for n in range(500)])
    assert [type(run) for run in batch.runs] == [Run]
    assert len(batch) == 500


def test_all_but_the_updates_is_in_the_head():
    batch = read([insert(table_entry=dmac(n)) for n in range(200)], atomicity=1)
    assert batch.head == p4r.WriteRequest(
        device_id=7, role="r", election_id=p4r.Uint128(low=5), atomicity=1
    )


def test_a_run_is_one_call_to_the_data_plane(device):
    for kind in KINDS:
        updates = [changed(kind, dmac(1 << 24 | n)) for n in range(500)]
        device.write(read(updates), FULL_ACCESS)
        assert device.plane.calls == [("change_entries", 500)]
        device.plane.calls.clear()
    device.write(read([cell(n % 15 + 1, n) for n in range(60)]), FULL_ACCESS)
    assert device.plane.calls == [("write_register_cells", 60)]
    assert device.plane[Config.RUNNING].registers["EverythingIngress.totals"] == [0, *range(45, 60)]


def test_integers_end_where_they_say_so():
    """A pattern with a priority of one byte does not swallow one of two."""
    priorities = [1, 127, 128, 129, 16383, 16384, 1 << 21, (1 << 28) - 1, 1 << 28, (1 << 31) - 1]
    wanted = [insert(table_entry=acl(7, priority)) for priority in priorities for _ in range(3)]
    assert updates_of(read(wanted)) == wanted


def test_an_integer_of_two_bytes_where_the_pattern_has_one_is_another_pattern():
    first = insert(table_entry=acl(7, 5)).SerializeToString()
    longer = first.replace(b"\x20\x05", b"\x20\x85")  # not the end of the integer any more
    assert len(first) < 128
    framed = [b"\x22" + bytes([len(raw)]) + raw for raw in [first] * 10 + [longer]]
    with pytest.raises(DecodeError):
        BatchReader().read(b"".join(framed))


def test_fields_given_twice_count_as_protobuf_says(device):
    """The last one wins; a pattern in which that can matter is not done in bulk."""
    twice = b"".join(
        insert(table_entry=table_entry("dmac", [exact(1, bytes((9, n)))])).SerializeToString()
        + insert(table_entry=dmac(n)).SerializeToString()
        for n in (200,)
    )
    wanted = p4r.Update.FromString(twice)
    assert len(wanted.entity.table_entry.match) == 2
    raw = (b"\x22" + bytes([len(twice)]) + twice) * 10
    batch = BatchReader().read(raw)
    assert updates_of(batch) == [wanted] * 10
    assert all("given twice" in refusal for refusal in refusals(device, batch))


def test_an_update_cut_short_is_no_request():
    raw = request([insert(table_entry=dmac(1 << 24 | n)) for n in range(100)]).SerializeToString()
    for missing in (1, 5, 20):
        with pytest.raises(DecodeError):
            BatchReader().read(raw[:-missing])


def test_patterns_are_forgotten_before_there_are_too_many():
    reader = BatchReader()
    for number in range(3 * batches._MAX_PATTERNS):
        updates = [insert(table_entry=dmac(n, idle_timeout_ns=number + 1)) for n in range(20)]
        reader.read(request(updates).SerializeToString())
    assert sum(map(len, reader._patterns.values())) <= batches._MAX_PATTERNS


def test_what_patterns_mean_is_forgotten_before_there_is_too_much(device):
    for number in range(bulk._MAX_KNOWN + 10):
        updates = [insert(table_entry=dmac(n, idle_timeout_ns=number + 1)) for n in range(20, 40)]
        refusals(device, read(updates))
    assert 0 < len(device.running.bulk_writes) <= bulk._MAX_KNOWN


def test_of_a_run_that_the_data_plane_refuses_in_part_the_rest_is_done(device):
    name = ("EverythingIngress.dmac", (1 << 24 | 5,), 0)
    device.plane[Config.RUNNING].entries[name] = "put there behind the server's back"
    found = refusals(device, read([insert(table_entry=dmac(1 << 24 | n)) for n in range(20)]))
    assert [place for place, why in enumerate(found) if why] == [5]
    assert found[5].startswith("INTERNAL")
    held = device.running.tables[p4_id("dmac")].entries
    assert sorted(key[0] & 0xFF for key, _ in held) == [n for n in range(20) if n != 5]


def test_a_batch_that_is_rolled_back_takes_its_runs_along(device):
    before = contents(device)
    updates = [insert(table_entry=dmac(1 << 24 | n)) for n in range(20)]
    updates.append(insert(table_entry=dmac(1 << 24)))
    found = refusals(device, read(updates, atomicity=p4r.WriteRequest.ROLLBACK_ON_ERROR))
    assert [why.split(":")[0] for why in found] == ["ABORTED"] * 20 + ["ALREADY_EXISTS"]
    assert contents(device) == before


def test_a_run_that_is_rolled_back_leaves_entries_as_they_were(device):
    entries = [dmac(1 << 24 | n) for n in range(20)]
    device.write(read([changed(p4r.Update.INSERT, entry) for entry in entries]), FULL_ACCESS)
    before = contents(device)
    updates = [changed(p4r.Update.MODIFY, dmac(1 << 24 | n, port=3)) for n in range(20)]
    updates += [changed(p4r.Update.DELETE, entry) for entry in entries]
    updates.append(changed(p4r.Update.DELETE, dmac(5)))
    found = refusals(device, read(updates, atomicity=p4r.WriteRequest.ROLLBACK_ON_ERROR))
    assert [why.split(":")[0] for why in found] == ["ABORTED"] * 40 + ["NOT_FOUND"]
    assert contents(device) == before


def test_entries_that_the_data_plane_does_not_delete_are_kept(device):
    entries = [dmac(1 << 24 | n) for n in range(20)]
    device.write(read([changed(p4r.Update.INSERT, entry) for entry in entries]), FULL_ACCESS)
    del device.plane[Config.RUNNING].entries["EverythingIngress.dmac", (1 << 24 | 5,), 0]
    found = refusals(device, read([changed(p4r.Update.DELETE, entry) for entry in entries]))
    assert [place for place, why in enumerate(found) if why] == [5]
    held = device.running.tables[p4_id("dmac")].entries
    assert [key[0] & 0xFF for key, _ in held] == [5]


def random_update(rng):
    """An update of a few kinds, now and then one that is refused."""
    number = rng.choice([rng.randrange(40), 300 + rng.randrange(40), rng.randrange(1 << 48)])
    match rng.randrange(6):
        case 0:
            update = insert(table_entry=acl(number % 200, rng.choice([0, 1, 5, 127, 128, 70000])))
        case 1:
            update = insert(table_entry=route(number % 65536, rng.choice([8, 16, 16, 32, 49, 0])))
        case 2:
            update = cell(rng.choice([0, 1, 5, 15, 16, 200]), number % 70000)
        case 3:
            update = insert(table_entry=dmac(number, controller_metadata=rng.randrange(300)))
        case 4:
            update = insert(table_entry=dmac(number, port=rng.choice([1, 300, 511, 512])))
        case _:
            update = insert(table_entry=dmac(number, metadata=octets(number)))
    if not rng.randrange(30):
        update.type = rng.choice(KINDS[1:])
    return update


def random_run(rng):
    """Changes of one kind, of entries some of which may be there."""
    kind = rng.choice(KINDS)
    entry = rng.choice(
        [
            lambda number: dmac((1 << 40) + number, port=rng.choice([2, 3])),
            lambda number: acl(128 + number, 300),
            lambda number: route(256 + number, 16),
        ]
    )
    start = rng.choice([0, 0, 0, 4])
    numbers = range(start, start + 8) if rng.randrange(6) else rng.choices(range(20), k=8)
    return [changed(kind, entry(number)) for number in numbers]


def random_batch(seed):
    """Runs of updates of one kind, and between them others."""
    rng = random.Random(seed)
    updates = []
    while len(updates) < 60:
        like = random_update(rng)
        for _ in range(rng.choice([1, 4, 20])):
            update = random_update(rng)
            updates.append(update if rng.randrange(2) else like)
        if rng.randrange(2):
            updates += [cell(rng.randrange(17), 5) for _ in range(4)]
        for _ in range(3):
            updates += random_run(rng)
    return updates


@settings(max_examples=25, derandomize=True)
@given(seed=st.integers(0, 1 << 32))
def test_batches_have_the_same_outcome_read_either_way(seed):
    one, other = make_device(), make_device()
    for part in range(3):
        updates = random_batch(seed + part)
        sent = request(updates, atomicity=int(seed % 4 == 0))
        batch = BatchReader().read(sent.SerializeToString())
        assert updates_of(batch) == updates
        found = refusals(one, batch)
        assert found == refusals(other, Batch(sent, [Messages(updates)]))
    assert contents(one) == contents(other)
