"""Value sets of the parser, and the settings of digests."""

import pytest
from finsy.proto import p4i, p4r
from p4rt import (
    Set,
    delete,
    everything_config,
    exact,
    insert,
    limits,
    lpm,
    modify,
    p4_id,
    running,
)

from switch.p4json.objects import TernaryMatch

# -- value sets


def value_set(*values):
    entry = p4r.ValueSetEntry(value_set_id=p4_id("special_types"))
    for value in values:
        entry.members.add().match.append(exact(1, value))
    return entry


def test_a_value_set_is_replaced_read_and_emptied(rig, primary):
    primary.write(modify(value_set_entry=value_set(b"\x08\x00", b"\x00\x06")))
    name = "EverythingParser.special_types"
    assert running(rig).value_sets[name] == [
        TernaryMatch(0x800, 0xFFFF),
        TernaryMatch(6, 0xFFFF),
    ]
    expected = [p4r.Entity(value_set_entry=value_set(b"\x08\x00", b"\x06"))]
    assert primary.read(p4r.Entity(value_set_entry=value_set())) == expected
    assert primary.read(p4r.Entity(value_set_entry=p4r.ValueSetEntry())) == expected
    primary.write(modify(value_set_entry=value_set()))
    assert running(rig).value_sets[name] == []


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (insert(value_set_entry=value_set(b"\x01")), "INVALID_ARGUMENT"),
        (delete(value_set_entry=value_set()), "INVALID_ARGUMENT"),
        (modify(value_set_entry=p4r.ValueSetEntry()), "INVALID_ARGUMENT"),
        (modify(value_set_entry=value_set(b"\x01", b"\x00\x01")), "ALREADY_EXISTS"),
        (modify(value_set_entry=value_set(*[bytes([n]) for n in range(5)])), "RESOURCE_EXHAUSTED"),
        (modify(value_set_entry=value_set(b"\x01\x00\x00")), "INVALID_ARGUMENT"),
    ],
)
def test_a_value_set_update_that_cannot_be_done_is_refused(shared_primary, update, code):
    assert shared_primary.refused(update) == [code]


def ranged_rig(rig):
    config = everything_config()
    config.p4info.value_sets[0].match[0].match_type = p4i.MatchField.RANGE
    client = rig.primary(config=False)
    client.set_config(Set.VERIFY_AND_COMMIT, config)
    return client


def test_a_range_in_a_value_set_is_its_prefixes_and_is_read_as_a_range(rig):
    client = ranged_rig(rig)
    entry = value_set()
    entry.members.add(match=[limits(1, b"\x05", b"\x08")])
    client.write(modify(value_set_entry=entry))
    (members,) = running(rig).value_sets.values()
    assert members == [
        TernaryMatch(5, 0xFFFF),
        TernaryMatch(6, 0xFFFE),
        TernaryMatch(8, 0xFFFF),
    ]
    assert client.read(p4r.Entity(value_set_entry=entry)) == [p4r.Entity(value_set_entry=entry)]


def test_a_value_set_takes_other_match_kinds_as_p4info_has_them(rig):
    client = rig.primary(config=False)
    config = everything_config()
    config.p4info.value_sets[0].match[0].match_type = p4i.MatchField.LPM
    client.set_config(Set.VERIFY_AND_COMMIT, config)
    entry = value_set()
    entry.members.add().match.append(lpm(1, b"\x08\x00", 8))
    client.write(modify(value_set_entry=entry))
    (members,) = running(rig).value_sets.values()
    assert members == [TernaryMatch(0x800, 0xFF00)]


# -- digest settings


def digest(**config):
    return p4r.DigestEntry(digest_id=p4_id("learn_t"), config=p4r.DigestEntry.Config(**config))


def test_digest_settings_are_inserted_modified_read_and_deleted(primary):
    everything = p4r.Entity(digest_entry=p4r.DigestEntry())
    assert primary.read(everything) == []
    primary.write(insert(digest_entry=digest(max_list_size=1)))
    primary.write(modify(digest_entry=digest(max_timeout_ns=5)))
    assert primary.read(everything) == [p4r.Entity(digest_entry=digest(max_timeout_ns=5))]
    primary.write(delete(digest_entry=digest()))
    assert primary.read(everything) == []


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (modify(digest_entry=digest()), "NOT_FOUND"),
        (delete(digest_entry=digest()), "NOT_FOUND"),
        (insert(digest_entry=p4r.DigestEntry(digest_id=3)), "INVALID_ARGUMENT"),
        (insert(digest_entry=digest(ack_timeout_ns=-1)), "INVALID_ARGUMENT"),
        (p4r.Update(entity=p4r.Entity(digest_entry=digest())), "INVALID_ARGUMENT"),
    ],
)
def test_a_digest_update_that_cannot_be_done_is_refused(shared_primary, update, code):
    assert shared_primary.refused(update) == [code]
