"""Table entries as values: read from a description, compared, turned into updates."""

import pytest
from finsy.p4entity import P4CounterData, P4TableAction, P4TableEntry
from finsy.p4schema import P4UpdateType
from p4info_samples import gate_program

from controller.errors import ConfigError
from controller.model.parts import Entry
from controller.state.entries import changes, conflict, described, key_of

SCHEMA = gate_program().schema
INSERT, MODIFY, DELETE = P4UpdateType.INSERT, P4UpdateType.MODIFY, P4UpdateType.DELETE


def entry(table, match, action, priority=0, **params):
    return Entry(table, match, action, params, priority, at="file: entries.s1[0]")


def made(*entries):
    return described(entries, SCHEMA)


ONE = entry("dmac", {"dst_addr": 1}, "forward", port=1)
ONE_ELSEWHERE = entry("dmac", {"dst_addr": 1}, "forward", port=2)
TWO = entry("dmac", {"dst_addr": "00:00:00:00:00:02"}, "flood", group=1)
ACL = entry("acl", {"src_addr": "10.0.0.0/&255.0.0.0"}, "deny", priority=5)
TIMEOUT = entry("timeout", {}, "set_timeout", units=9)


def kinds(updates):
    return [(update.table_id, update._update_type) for update in updates]


def test_names_are_written_in_full_and_values_in_one_form():
    (two,) = made(TWO)
    assert two.table_id == "in.l2.dmac"
    assert two.match == {"dst_addr": 2}
    assert two.action == P4TableAction("in.l2.flood", group=1)


def test_the_only_entry_of_a_table_without_keys_is_its_default_action():
    (timeout,) = made(TIMEOUT)
    assert timeout.is_default_action


def test_entries_of_other_programs_tables_are_left_out():
    assert made(entry("ipv4_lpm", {}, "forward")) == []


def test_the_same_entry_twice_is_one_entry():
    assert len(made(ONE, ONE)) == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ((ONE, ONE_ELSEWHERE), "contradicts the same entry at file: entries.s1[0]"),
        ((entry("dmac", {}, "forward", port=1),), "the match lacks dst_addr"),
        ((entry("dmac", {"dst": 1}, "forward", port=1),), "no match field named 'dst'"),
        ((entry("dmac", {"dst_addr": 1}, "forward"),), "forward lacks the parameters port"),
        ((entry("dmac", {"dst_addr": 1}, "fwd"),), "no table action named 'fwd'"),
        ((entry("dmac", {"dst_addr": 1}, "deny"),), "no table action named 'deny'"),
        ((entry("dmac", {"dst_addr": 1}, "forward", port=600),), "invalid value for bitwidth 9"),
        ((entry("dmac", {"dst_addr": 1}, "forward", 3, port=1),), "has no use for a priority"),
        ((entry("acl", {}, "deny"),), "is matched by priority: give one above 0"),
        ((entry("acl", {"src_addr": "ten"}, "deny", priority=1),), "Match field 'src_addr'"),
    ],
)
def test_what_a_description_says_wrongly_is_told_with_its_place(wrong, told):
    with pytest.raises(ConfigError) as error:
        made(*wrong)
    assert told in str(error.value)
    assert str(error.value).startswith("file: entries.s1[0]: ")


def test_what_is_missing_is_inserted_and_what_differs_is_modified():
    difference = changes(made(ONE), made(ONE_ELSEWHERE, TWO), exact=True)
    assert kinds(difference.updates()) == [("in.l2.dmac", INSERT), ("in.l2.dmac", MODIFY)]


def test_what_is_extra_is_deleted_only_if_the_tables_shall_be_exact():
    assert not changes(made(ONE, TWO), made(ONE), exact=False)
    difference = changes(made(ONE, TWO), made(ONE), exact=True)
    assert kinds(difference.updates()) == [("in.l2.dmac", DELETE)]


def test_a_default_action_is_modified_and_given_back_but_never_inserted_or_deleted():
    (new,) = changes([], made(TIMEOUT), exact=True).updates()
    assert (new._update_type, new.is_default_action) == (MODIFY, True)
    (reset,) = changes(made(TIMEOUT), [], exact=True).updates()
    assert (reset._update_type, reset.is_default_action, reset.action) == (MODIFY, True, None)
    reset.encode_update(SCHEMA)


def test_counts_make_no_difference_and_are_not_written():
    (counted,) = made(ONE)
    counted.counter_data = P4CounterData(packet_count=5)
    assert not changes([counted], made(ONE), exact=True)
    (update,) = changes([], [counted], exact=True).updates()
    assert update.counter_data is None


def test_updates_can_be_made_again_from_the_same_entries():
    wanted = made(ONE, TWO)
    assert kinds(changes([], wanted, exact=True).updates()) == kinds(
        changes([], wanted, exact=True).updates()
    )


def test_the_order_of_parameters_and_fields_makes_no_difference():
    one = P4TableEntry("t", match={"a": 1, "b": 2}, action=P4TableAction("x", p=1, q=2))
    other = P4TableEntry("t", match={"b": 2, "a": 1}, action=P4TableAction("x", q=2, p=1))
    assert key_of(one) == key_of(other)
    assert not changes([one], [other], exact=True)


def test_a_conflict_is_told_in_a_few_words():
    assert conflict(made(ONE, ACL), made(ONE, ACL)) is None
    told = conflict(made(ONE, ACL), made(ONE_ELSEWHERE, TWO))
    assert told == "1 missing, 1 different, 1 extra in in.gate.acl, in.l2.dmac"
