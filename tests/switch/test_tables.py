"""Tables in generated code: every kind of match, defaults, counters, profiles, what comes next."""

import pytest

from switch.p4json.objects import (
    ActionCall,
    GroupRef,
    LpmMatch,
    MemberRef,
    RangeMatch,
    TernaryMatch,
)
from switch.runtime.errors import Refused
from switch.runtime.meters import UNSET, rewritten
from tests.switch.draft import Draft, Json, assign, const, extract, field, forward, param
from tests.switch.inprocess import InProcessSwitch

MISS = 500


def _draft(key: list[tuple[str, Json]], actions: dict[str, str | None] | None = None, **more):
    """A table that sends a packet to the port of the entry that it hits, a miss to port 500."""
    draft = Draft([["wide", 128]])
    draft.add_header("h", [["a", 8], ["b", 16], ["c", 8]])
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    draft.add_action("to", [forward(param(0))], [("port", 9)])
    default = draft.add_action("missed", [forward(MISS)])
    more.setdefault(
        "default_entry",
        {
            "action_id": default,
            "action_const": False,
            "action_data": [],
            "action_entry_const": False,
        },
    )
    draft.add_table("t", key, actions or {"to": None, "missed": None}, **more)
    return draft


def _switch(*arguments, **more) -> InProcessSwitch:
    return InProcessSwitch(_draft(*arguments, **more).load())


def _port(switch: InProcessSwitch, a: int = 0, b: int = 0, c: int = 0) -> int:
    ((port, _),) = switch.send(1, bytes([a]) + b.to_bytes(2, "big") + bytes([c]))
    return port


A, B, C = (field("h", name) for name in "abc")


def test_an_exact_table_matches_all_its_fields():
    switch = _switch([("exact", A), ("exact", B)])
    switch.insert("t", (1, 2), ActionCall("to", (7,)))
    assert [_port(switch, 1, 2), _port(switch, 1, 3), _port(switch, 2, 2)] == [7, MISS, MISS]


def test_the_longest_prefix_wins_and_exact_fields_must_match_too():
    switch = _switch([("lpm", B), ("exact", A)])
    switch.insert("t", (LpmMatch(0x1200, 8), 1), ActionCall("to", (8,)))
    switch.insert("t", (LpmMatch(0x1230, 12), 1), ActionCall("to", (12,)))
    switch.insert("t", (LpmMatch(0, 0), 2), ActionCall("to", (9,)))
    found = [_port(switch, 1, b) for b in (0x1234, 0x1244, 0x1344)]
    assert found == [12, 8, MISS]
    assert _port(switch, 2, 0x1234) == 9


def test_the_highest_priority_wins_in_a_ternary_table_and_then_the_older_entry():
    switch = _switch([("ternary", A), ("ternary", B)])
    anything = TernaryMatch(0, 0)
    switch.insert("t", (TernaryMatch(0x10, 0xF0), anything), ActionCall("to", (1,)), priority=5)
    switch.insert("t", (anything, TernaryMatch(0x0001, 1)), ActionCall("to", (2,)), priority=9)
    switch.insert("t", (TernaryMatch(0x01, 0x0F), anything), ActionCall("to", (3,)), priority=5)
    found = [_port(switch, a, b) for a, b in ((0x11, 1), (0x11, 0), (0x21, 0), (0x22, 0))]
    assert found == [2, 1, 3, MISS]


def test_ranges_are_inclusive_and_combine_with_other_kinds():
    switch = _switch([("range", B), ("ternary", A), ("exact", C)])
    switch.insert(
        "t", (RangeMatch(10, 20), TernaryMatch(1, 1), 4), ActionCall("to", (1,)), priority=2
    )
    switch.insert(
        "t", (RangeMatch(15, 99), TernaryMatch(0, 0), 4), ActionCall("to", (2,)), priority=1
    )
    packets = [(1, 10, 4), (1, 20, 4), (1, 21, 4), (0, 15, 4), (1, 9, 4), (1, 15, 5)]
    assert [_port(switch, *packet) for packet in packets] == [1, 1, 2, 2, MISS, MISS]


def test_a_wide_key_of_several_fields_is_matched_bit_by_bit():
    draft = _draft([("ternary", field("meta", "wide")), ("ternary", A)])
    switch = InProcessSwitch(draft.load())
    switch.insert(
        "t", (TernaryMatch(0, (1 << 128) - 1), TernaryMatch(3, 0xFF)), ActionCall("to", (4,)), 1
    )
    assert [_port(switch, 3), _port(switch, 2)] == [4, MISS]


def test_validity_can_be_matched_on():
    switch = _switch([("exact", field("h", "$valid$"))])
    switch.insert("t", (1,), ActionCall("to", (6,)))
    assert _port(switch) == 6
    assert switch.send(1, b"x")[0][0] == MISS


def test_a_static_mask_applies_to_the_packets_field():
    draft = _draft([("exact", A)])
    draft.json["pipelines"][0]["tables"][0]["key"][0]["mask"] = "0x0f"
    switch = InProcessSwitch(draft.load())
    switch.insert("t", (5,), ActionCall("to", (3,)))
    assert [_port(switch, 0xF5), _port(switch, 0xF6)] == [3, MISS]


def test_a_default_can_be_changed_and_taken_back():
    switch = _switch([("exact", A)])
    switch.set_default("t", ActionCall("to", (44,)))
    assert _port(switch) == 44
    switch.config.set_default("t", None)
    assert _port(switch) == MISS


def test_a_keyless_table_runs_its_default():
    switch = _switch([])
    switch.set_default("t", ActionCall("to", (4,)))
    assert _port(switch) == 4


def test_what_comes_next_may_depend_on_the_action():
    draft = _draft([("exact", A)], {"to": "second", "missed": None})
    draft.json["pipelines"][0]["init_table"] = "t"
    number = draft.add_action("mark", [assign("h", "c", const(0x77))])
    entry = {
        "action_id": number,
        "action_const": True,
        "action_data": [],
        "action_entry_const": True,
    }
    draft.add_table("second", [], {"mark": None}, default_entry=entry)
    switch = InProcessSwitch(draft.load())
    switch.insert("t", (1,), ActionCall("to", (2,)))
    assert switch.send(1, b"\x01\0\0\0") == [(2, b"\x01\0\0\x77")]
    assert switch.send(1, b"\x02\0\0\0") == [(MISS, b"\x02\0\0\0")]


@pytest.mark.parametrize("a, expected", [(1, 0x11), (2, 0x22)])
def test_what_comes_next_may_depend_on_hit_or_miss(a, expected):
    draft = _draft([("exact", A)])
    tables = draft.json["pipelines"][0]["tables"]
    for name, value in (("on_hit", 0x11), ("on_miss", 0x22)):
        number = draft.add_action(f"mark_{name}", [assign("h", "c", const(value))])
        entry = {
            "action_id": number,
            "action_const": True,
            "action_data": [],
            "action_entry_const": True,
        }
        draft.add_table(name, [], {f"mark_{name}": None}, default_entry=entry)
    tables[0]["next_tables"] = {"__HIT__": "on_hit", "__MISS__": "on_miss"}
    for table in tables[1:]:
        table["next_tables"] = dict.fromkeys(table["next_tables"])
        table["base_default_next"] = None
    switch = InProcessSwitch(draft.load())
    switch.insert("t", (1,), ActionCall("missed"))
    assert switch.send(1, bytes([a, 0, 0, 0])) == [(MISS, bytes([a, 0, 0, expected]))]


@pytest.mark.parametrize("count", [1, 3, 5, 16, 40])
def test_constant_entries_are_compared(count):
    entries = [
        {
            "match_key": [{"match_type": "exact", "key": hex(7 * index)}],
            "action_entry": {"action_id": 0, "action_data": [hex(index)]},
            "priority": index,
        }
        for index in range(count)
    ]
    default = {
        "action_id": 1,
        "action_const": True,
        "action_data": [],
        "action_entry_const": True,
    }
    draft = _draft([("exact", B)], entries=entries, default_entry=default)
    switch = InProcessSwitch(draft.load())
    assert "find_t" not in switch.compiled.source
    assert [_port(switch, b=7 * index) for index in range(count)] == list(range(count))
    assert [_port(switch, b=7 * index + 1) for index in range(count)] == [MISS] * count


def test_direct_counters_count_hits_of_each_entry_and_misses_of_the_default():
    switch = _switch([("exact", A)], with_counters=True)
    switch.insert("t", (1,), ActionCall("to", (2,)))
    for a in (1, 1, 2, 1):
        _port(switch, a)
    entry, default = switch.config.entry("t", 1, 0), switch.config.entry("t", None, 0)
    assert (entry.packets, entry.bytes) == (3, 12)
    assert (default.packets, default.bytes) == (1, 4)


def test_a_default_entry_with_another_action_keeps_its_counter():
    switch = _switch([("exact", A)], with_counters=True)
    _port(switch, 2)
    switch.config.set_default("t", switch.target("t", ActionCall("to", (3,))))
    assert _port(switch, 2) == 3
    assert switch.config.entry("t", None, 0).packets == 2


def test_a_table_without_a_key_counts_at_its_default_entry():
    default = {"action_id": 1, "action_const": True, "action_data": [], "action_entry_const": True}
    switch = _switch([], with_counters=True, default_entry=default)
    assert _port(switch) == MISS
    assert switch.config.entry("t", None, 0).packets == 1


def test_a_modified_entry_keeps_its_counter():
    switch = _switch([("exact", A)], with_counters=True)
    switch.insert("t", (1,), ActionCall("to", (2,)))
    _port(switch, 1)
    switch.config.modify("t", 1, 0, switch.target("t", ActionCall("to", (3,))), 0, None)
    assert _port(switch, 1) == 3
    assert switch.config.entry("t", 1, 0).packets == 2


def test_a_hit_is_noted_where_entries_can_idle():
    switch = _switch([("exact", A)], support_timeout=True)
    switch.insert("t", (1,), ActionCall("to", (2,)))
    entry = switch.config.entry("t", 1, 0)
    entry.hit_ns = 0
    _port(switch, 1)
    assert entry.hit_ns > 0


def test_a_direct_meters_colour_goes_to_its_field():
    draft = _draft([("exact", A)], direct_meters="m")
    draft.add_meter("m", 1024)
    draft.json["meter_arrays"][0].update(is_direct=True, binding="t", result_target=["h", "c"])
    switch = InProcessSwitch(draft.load())
    switch.insert("t", (1,), ActionCall("to", (2,)))
    assert switch.send(1, b"\x01\0\0\x09") == [(2, b"\x01\0\0\0")]
    switch.config.entry("t", 1, 0).meter = rewritten(UNSET, (1, 1, 1, 2), None)
    colours = [switch.send(1, b"\x01\0\0\x09")[0][1][3] for _ in range(3)]
    assert colours == [0, 1, 2]


def test_a_default_entrys_meter_marks_once_it_has_rates():
    draft = _draft([("exact", A)], direct_meters="m")
    draft.add_meter("m", 1024)
    draft.json["meter_arrays"][0].update(is_direct=True, binding="t", result_target=["h", "c"])
    switch = InProcessSwitch(draft.load())

    def colour() -> int:
        return switch.send(1, b"\x05\0\0\x09")[0][1][3]

    assert colour() == 9
    default = switch.config.entry("t", None, 0)
    default.meter = rewritten(default.meter, (1, 1, 1, 2), None)
    assert [colour() for _ in range(3)] == [0, 1, 2]


def _profile_switch(selector: bool) -> InProcessSwitch:
    draft = _draft(
        [("exact", A)],
        type="indirect_ws" if selector else "indirect",
        action_profile="p",
        default_entry=None,
    )
    profile = {"name": "p", "id": 0, "max_size": 64}
    if selector:
        profile["selector"] = {"algo": "identity", "input": [field("h", "b")]}
    draft.json["pipelines"][0]["action_profiles"].append(profile)
    switch = InProcessSwitch(draft.load())
    numbers = switch.compiled.profile_actions["p"]
    for member in (1, 2, 3):
        switch.config.set_member("p", member, numbers["to"], (10 * member,))
    return switch


def test_an_entry_runs_its_members_action_even_after_the_member_changed():
    switch = _profile_switch(selector=False)
    switch.insert("t", (1,), MemberRef(2))
    assert _port(switch, 1) == 20
    switch.config.set_member("p", 2, switch.compiled.profile_actions["p"]["to"], (77,))
    assert _port(switch, 1) == 77
    assert _port(switch, 9) == 0  # a miss does nothing


def test_a_group_spreads_packets_by_the_hash_and_the_weights():
    switch = _profile_switch(selector=True)
    switch.config.set_group("p", 5, [(1, 1, None), (3, 2, None)], {})
    switch.insert("t", (1,), GroupRef(5))
    assert [_port(switch, 1, b) for b in range(6)] == [10, 30, 30, 10, 30, 30]


def test_a_member_whose_port_is_down_is_passed_over():
    switch = _profile_switch(selector=True)
    switch.config.set_group("p", 5, [(1, 1, 4), (3, 1, None)], {4: True})
    switch.insert("t", (1,), GroupRef(5))
    assert {_port(switch, 1, b) for b in range(4)} == {10, 30}
    switch.config.port_changed({4: False})
    assert {_port(switch, 1, b) for b in range(4)} == {30}


def test_a_packet_to_an_empty_group_passes_the_table_by():
    switch = _profile_switch(selector=True)
    switch.config.set_group("p", 5, [], {})
    switch.insert("t", (1,), GroupRef(5))
    assert _port(switch, 1) == 0


def test_what_cannot_be_done_is_refused_and_changes_nothing():
    switch = _profile_switch(selector=False)
    switch.insert("t", (1,), MemberRef(2))
    with pytest.raises(Refused, match="already"):
        switch.insert("t", (1,), MemberRef(3))
    with pytest.raises(Refused, match="no member 9"):
        switch.insert("t", (2,), MemberRef(9))
    with pytest.raises(Refused, match="no such entry"):
        switch.config.delete("t", 7, 0)
    assert _port(switch, 1) == 20
