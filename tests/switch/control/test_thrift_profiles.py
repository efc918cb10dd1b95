"""Action profiles over Thrift, and what P4Runtime sees of them."""

import pytest
from finsy.proto import p4r
from p4rt import Update, action, exact, insert, p4_id, table_entry
from thrift_clients import INGRESS, WITHOUT_PRIORITY, exactly, refusal

FORWARD, SET_HOP = INGRESS + "forward", INGRESS + "set_hop"


def member(alias, member_id, port):
    act = action("forward", bytes([port]))
    return p4r.ActionProfileMember(action_profile_id=p4_id(alias), member_id=member_id, action=act)


def group(group_id, **members):
    message = p4r.ActionProfileGroup(action_profile_id=p4_id("ways"), group_id=group_id)
    for name, weight in members.items():
        message.members.add(member_id=int(name[1:]), weight=weight)
    return message


def read(primary, **wanted):
    return [getattr(entity, *wanted) for entity in primary.read(p4r.Entity(**wanted))]


def read_members(primary, alias):
    wanted = p4r.ActionProfileMember(action_profile_id=p4_id(alias))
    return read(primary, action_profile_member=wanted)


def read_groups(primary):
    wanted = p4r.ActionProfileGroup(action_profile_id=p4_id("ways"))
    return read(primary, action_profile_group=wanted)


def read_entries(primary, alias):
    return read(primary, table_entry=table_entry(alias))


@pytest.fixture
def ways(thrift):
    """A group with two members, both with handles from 0 on."""
    for port in (b"\x01", b"\x02"):
        thrift.mt_act_prof_add_member("ways", FORWARD, [port])
    thrift.mt_act_prof_create_group("ways")
    for handle in (0, 1):
        thrift.mt_act_prof_add_member_to_group("ways", handle, 0)
    return thrift


def test_a_handle_is_the_id_in_p4runtime_less_one_and_the_lowest_that_is_free(thrift, primary):
    primary.write(insert(action_profile_member=member("hops", 2, 7)))
    assert thrift.mt_act_prof_add_member("hops", FORWARD, [b"\x01"]) == 0
    assert thrift.mt_act_prof_add_member("hops", FORWARD, [b"\x03"]) == 2
    members = read_members(primary, "hops")
    assert sorted(members, key=lambda m: m.member_id) == [
        member("hops", 1, 1),
        member("hops", 2, 7),
        member("hops", 3, 3),
    ]
    assert [m.mbr_handle for m in thrift.mt_act_prof_get_members("hops")] == [0, 1, 2]
    thrift.mt_act_prof_modify_member("hops", 1, FORWARD, [b"\x09"])
    thrift.mt_act_prof_delete_member("hops", 0)
    assert read_members(primary, "hops") == [member("hops", 2, 9), member("hops", 3, 3)]
    assert thrift.mt_act_prof_get_member("hops", 1).action_data == [b"\x09"]


def test_an_id_that_needs_all_32_bits_has_a_negative_handle(thrift, primary):
    primary.write(insert(action_profile_member=member("hops", (1 << 32) - 1, 7)))
    (found,) = thrift.mt_act_prof_get_members("hops")
    assert found.mbr_handle == -2
    thrift.mt_act_prof_delete_member("hops", -2)
    assert read_members(primary, "hops") == []
    assert refusal(thrift.mt_act_prof_delete_member, "hops", -1) == "INVALID_MBR_HANDLE"


def test_a_group_of_thrift_is_one_of_p4runtime(ways, primary):
    assert read_groups(primary) == [group(1, _1=1, _2=1)]
    ways.mt_act_prof_remove_member_from_group("ways", 0, 0)
    assert ways.mt_act_prof_get_group("ways", 0).mbr_handles == [1]
    assert read_groups(primary) == [group(1, _2=1)]
    ways.mt_act_prof_delete_group("ways", 0)
    assert read_groups(primary) == []


def test_a_weight_of_p4runtime_outlives_a_change_by_thrift(ways, primary):
    entity = p4r.Entity(action_profile_group=group(1, _1=2))
    primary.write(p4r.Update(type=Update.MODIFY, entity=entity))
    assert ways.mt_act_prof_get_groups("ways")[0].mbr_handles == [0, 0]
    ways.mt_act_prof_add_member_to_group("ways", 1, 0)
    assert read_groups(primary) == [group(1, _1=2, _2=1)]


def test_entries_refer_to_members_and_groups(ways, primary):
    ways.mt_act_prof_add_member("hops", SET_HOP, [b"\x05"])
    key, other = [exactly(b"\x08\x00")], [exactly(b"\x08\x01")]
    assert ways.mt_indirect_add_entry("profiled", key, 0, WITHOUT_PRIORITY) == 0
    assert ways.mt_indirect_ws_add_entry("selected", key, 0, WITHOUT_PRIORITY) == 0
    assert ways.mt_indirect_add_entry("selected", other, 1, WITHOUT_PRIORITY) == 1
    (entry,) = read_entries(primary, "profiled")
    assert entry.action.action_profile_member_id == 1
    shown = [entry.action_entry for entry in ways.mt_get_entries("selected")]
    assert [(item.grp_handle, item.mbr_handle) for item in shown] == [(0, None), (None, 1)]
    ways.mt_indirect_modify_entry("selected", 0, 0)
    ways.mt_indirect_ws_modify_entry("selected", 1, 0)
    actions = [entry.action for entry in read_entries(primary, "selected")]
    assert [a.action_profile_member_id for a in actions] == [1, 0]
    assert [a.action_profile_group_id for a in actions] == [0, 1]
    assert refusal(ways.mt_act_prof_delete_member, "hops", 0) == "MBR_STILL_USED"
    assert refusal(ways.mt_act_prof_delete_member, "ways", 1) == "MBR_STILL_USED"
    assert refusal(ways.mt_act_prof_delete_group, "ways", 0) == "GRP_STILL_USED"
    ways.mt_indirect_delete_entry("selected", 1)
    ways.mt_act_prof_delete_group("ways", 0)
    ways.mt_clear_entries("profiled", True)
    ways.mt_act_prof_delete_member("hops", 0)


@pytest.mark.parametrize(
    ("call", "arguments", "code"),
    [
        ("mt_act_prof_add_member", ("none", SET_HOP, [b"\1"]), "INVALID_ACTION_PROFILE_NAME"),
        ("mt_act_prof_add_member", ("ways", INGRESS + "drop", []), "INVALID_ACTION_NAME"),
        ("mt_act_prof_add_member", ("ways", SET_HOP, []), "BAD_ACTION_DATA"),
        ("mt_act_prof_modify_member", ("ways", 9, SET_HOP, [b"\1"]), "INVALID_MBR_HANDLE"),
        ("mt_act_prof_create_group", ("hops",), "NO_ACTION_PROFILE_SELECTION"),
        ("mt_act_prof_delete_group", ("ways", 9), "INVALID_GRP_HANDLE"),
        ("mt_act_prof_add_member_to_group", ("ways", 1, 0), "MBR_ALREADY_IN_GRP"),
        ("mt_act_prof_add_member_to_group", ("ways", 9, 0), "INVALID_MBR_HANDLE"),
        ("mt_act_prof_add_member_to_group", ("ways", 1, 9), "INVALID_GRP_HANDLE"),
        ("mt_act_prof_remove_member_from_group", ("ways", 2, 0), "MBR_NOT_IN_GRP"),
        ("mt_indirect_add_entry", ("dmac", [], 0, WITHOUT_PRIORITY), "WRONG_TABLE_TYPE"),
        ("mt_indirect_add_entry", ("selected", [], 9, WITHOUT_PRIORITY), "INVALID_MBR_HANDLE"),
        ("mt_indirect_ws_add_entry", ("profiled", [], 0, WITHOUT_PRIORITY), "WRONG_TABLE_TYPE"),
        ("mt_indirect_ws_add_entry", ("selected", [], 9, WITHOUT_PRIORITY), "INVALID_GRP_HANDLE"),
        ("mt_indirect_ws_add_entry", ("selected", [], 1, WITHOUT_PRIORITY), "EMPTY_GRP"),
        ("mt_indirect_set_default_member", ("selected", 0), "ERROR"),
        ("mt_indirect_ws_set_default_group", ("selected", 0), "ERROR"),
        ("mt_indirect_reset_default_entry", ("dmac",), "WRONG_TABLE_TYPE"),
    ],
)
def test_what_cannot_be_done_with_profiles_has_bmv2s_code(ways, call, arguments, code):
    ways.mt_act_prof_add_member("ways", SET_HOP, [b"\x05"])
    ways.mt_act_prof_create_group("ways")
    assert refusal(getattr(ways, call), *arguments) == code


def test_a_profile_or_group_that_is_full_says_so(ways):
    for number in range(4):
        ways.mt_act_prof_add_member("hops", SET_HOP, [bytes([number])])
    assert refusal(ways.mt_act_prof_add_member, "hops", SET_HOP, [b"\x09"]) == "TABLE_FULL"
    for _ in range(2):
        ways.mt_act_prof_add_member("ways", SET_HOP, [b"\x05"])
    ways.mt_act_prof_add_member_to_group("ways", 2, 0)
    assert refusal(ways.mt_act_prof_add_member_to_group, "ways", 3, 0) == "TABLE_FULL"


def test_what_a_one_shot_made_is_neither_shown_nor_changed(thrift, primary):
    entry = table_entry("selected", [exact(1, b"\x08")])
    one_shot = entry.action.action_profile_action_set.action_profile_actions.add(weight=1)
    one_shot.action.CopyFrom(action("forward", b"\x02"))
    primary.write(insert(table_entry=entry))
    assert thrift.mt_act_prof_get_members("ways") == []
    assert refusal(thrift.mt_act_prof_add_member, "ways", FORWARD, [b"\x01"]) == "ERROR"
    thrift.mt_indirect_delete_entry("selected", 0)
    assert read_entries(primary, "selected") == []
