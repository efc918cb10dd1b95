"""Action profiles: members, groups and one-shots."""

import pytest
from finsy.proto import p4r
from p4rt import (
    Set,
    action,
    delete,
    everything_config,
    exact,
    insert,
    modify,
    p4_id,
    running,
    table_entry,
)

from switch.dataplane.messages import GroupMember
from switch.p4json.objects import ActionCall, GroupRef, MemberRef

HOPS = "EverythingIngress.hops"
WAYS = "EverythingIngress.ways"


# -- members and groups


def member(member_id=1, profile="hops", act=None):
    return p4r.ActionProfileMember(
        action_profile_id=p4_id(profile),
        member_id=member_id,
        action=act or action("set_hop", bytes([member_id])),
    )


def selector_group(group_id=1, members=((1, 1),), max_size=0, **watch):
    message = p4r.ActionProfileGroup(
        action_profile_id=p4_id("ways"), group_id=group_id, max_size=max_size
    )
    for member_id, weight in members:
        message.members.add(member_id=member_id, weight=weight, **watch)
    return message


def indirect(alias="profiled", **reference):
    entry = table_entry(alias, [exact(1, b"\x01")])
    for field, value in reference.items():
        setattr(entry.action, field, value)
    return entry


def read_entry(client, entry):
    request = p4r.TableEntry(table_id=entry.table_id, match=entry.match)
    return client.read(p4r.Entity(table_entry=request))


def test_members_are_written_and_read(rig, primary):
    primary.write(insert(action_profile_member=member(1)), insert(action_profile_member=member(2)))
    primary.write(modify(action_profile_member=member(2, act=action("forward", b"\x03"))))
    assert running(rig).members[HOPS, 2] == ActionCall("EverythingIngress.forward", (3,))
    request = p4r.ActionProfileMember(action_profile_id=p4_id("hops"), member_id=1)
    assert primary.read(p4r.Entity(action_profile_member=request)) == [
        p4r.Entity(action_profile_member=member(1))
    ]
    everything = p4r.Entity(action_profile_member=p4r.ActionProfileMember())
    assert len(primary.read(everything)) == 2
    primary.write(delete(action_profile_member=member(1)))
    assert len(primary.read(everything)) == 1


def test_an_entry_refers_to_a_member_and_keeps_it_from_being_deleted(rig, primary):
    primary.write(insert(action_profile_member=member()))
    entry = indirect(action_profile_member_id=1)
    primary.write(insert(table_entry=entry))
    assert running(rig).entries["EverythingIngress.profiled", (1,), 0] == MemberRef(1)
    assert read_entry(primary, entry) == [p4r.Entity(table_entry=entry)]
    assert primary.refused(delete(action_profile_member=member())) == ["FAILED_PRECONDITION"]
    primary.write(delete(table_entry=entry))
    primary.write(delete(action_profile_member=member()))
    assert running(rig).members == {}


def test_an_entry_that_changes_its_member_frees_the_former_one(primary):
    primary.write(*[insert(action_profile_member=member(n)) for n in (1, 2)])
    primary.write(insert(table_entry=indirect(action_profile_member_id=1)))
    primary.write(modify(table_entry=indirect(action_profile_member_id=2)))
    primary.write(delete(action_profile_member=member(1)))
    assert primary.refused(delete(action_profile_member=member(2))) == ["FAILED_PRECONDITION"]


def test_a_refused_batch_leaves_no_reference_behind(primary):
    primary.write(insert(action_profile_member=member()))
    primary.refused(
        insert(table_entry=indirect(action_profile_member_id=1)),
        insert(table_entry=indirect(action_profile_member_id=9)),
        atomicity=p4r.WriteRequest.ROLLBACK_ON_ERROR,
    )
    primary.write(delete(action_profile_member=member()))


def test_a_group_is_written_read_and_used(rig, primary):
    primary.write(*[insert(action_profile_member=member(n, "ways")) for n in (1, 2)])
    message = selector_group(members=((1, 1), (2, 2)), max_size=3, watch_port=b"\x00\x02")
    primary.write(insert(action_profile_group=message))
    assert running(rig).groups[WAYS, 1] == (GroupMember(1, 1, 2), GroupMember(2, 2, 2))
    for row in message.members:
        row.watch_port = b"\x02"
    request = p4r.ActionProfileGroup(action_profile_id=p4_id("ways"))
    assert primary.read(p4r.Entity(action_profile_group=request)) == [
        p4r.Entity(action_profile_group=message)
    ]
    entry = indirect("selected", action_profile_group_id=1)
    primary.write(insert(table_entry=entry))
    assert running(rig).entries["EverythingIngress.selected", (1,), 0] == GroupRef(1)
    assert read_entry(primary, entry) == [p4r.Entity(table_entry=entry)]
    assert primary.refused(delete(action_profile_group=message)) == ["FAILED_PRECONDITION"]
    assert primary.refused(delete(action_profile_member=member(1, "ways"))) == [
        "FAILED_PRECONDITION"
    ]
    primary.write(modify(action_profile_group=selector_group(members=((2, 1),), max_size=3)))
    primary.write(delete(action_profile_member=member(1, "ways")))
    primary.write(delete(table_entry=entry))
    primary.write(delete(action_profile_group=selector_group()))
    primary.write(delete(action_profile_member=member(2, "ways")))
    assert running(rig).groups == running(rig).members == {}


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (insert(action_profile_member=member(0)), "INVALID_ARGUMENT"),
        (insert(action_profile_member=member(7, "ways")), "ALREADY_EXISTS"),
        (modify(action_profile_member=member(8, "ways")), "NOT_FOUND"),
        (delete(action_profile_member=member(8, "ways")), "NOT_FOUND"),
        (
            insert(
                action_profile_member=p4r.ActionProfileMember(
                    action_profile_id=p4_id("ways"), member_id=9
                )
            ),
            "INVALID_ARGUMENT",
        ),
        (insert(action_profile_member=member(9, "ways", action("drop"))), "INVALID_ARGUMENT"),
        (
            insert(action_profile_member=p4r.ActionProfileMember(member_id=1)),
            "INVALID_ARGUMENT",
        ),
        (insert(action_profile_group=selector_group(0, ())), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((8, 1),))), "NOT_FOUND"),
        (insert(action_profile_group=selector_group(2, ((7, 0),))), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, -1),))), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, 1), (7, 1)))), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, 1),), 4)), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, 1),), -1)), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, 4),))), "RESOURCE_EXHAUSTED"),
        (insert(action_profile_group=selector_group(2, ((7, 2),), 1)), "RESOURCE_EXHAUSTED"),
        (
            insert(action_profile_group=selector_group(2, ((7, 1),), watch_port=b"\x09")),
            "INVALID_ARGUMENT",
        ),
        (modify(action_profile_group=selector_group(2, ((7, 1),))), "NOT_FOUND"),
        (delete(action_profile_group=selector_group(2, ())), "NOT_FOUND"),
        (
            insert(
                action_profile_group=p4r.ActionProfileGroup(
                    action_profile_id=p4_id("hops"), group_id=1
                )
            ),
            "INVALID_ARGUMENT",
        ),
        (insert(table_entry=indirect(action_profile_member_id=3)), "NOT_FOUND"),
        (insert(table_entry=indirect("selected", action_profile_group_id=3)), "NOT_FOUND"),
        (insert(table_entry=indirect(action_profile_group_id=3)), "INVALID_ARGUMENT"),
        (
            insert(
                table_entry=table_entry("profiled", [exact(1, b"\x01")], action("set_hop", b"\x01"))
            ),
            "INVALID_ARGUMENT",
        ),
    ],
)
def test_a_profile_update_that_cannot_be_done_is_refused(primary, update, code):
    primary.write(insert(action_profile_member=member(7, "ways")))
    assert primary.refused(update) == [code]


def test_a_group_that_exists_and_a_changed_max_size_are_refused(primary):
    primary.write(insert(action_profile_member=member(1, "ways")))
    primary.write(insert(action_profile_group=selector_group(max_size=2)))
    assert primary.refused(insert(action_profile_group=selector_group(max_size=2))) == [
        "ALREADY_EXISTS"
    ]
    assert primary.refused(modify(action_profile_group=selector_group(max_size=3))) == [
        "INVALID_ARGUMENT"
    ]


def test_a_full_action_profile_is_resource_exhausted(primary):
    primary.write(*[insert(action_profile_member=member(n)) for n in (1, 2, 3, 4)])
    assert primary.refused(insert(action_profile_member=member(5))) == ["RESOURCE_EXHAUSTED"]


# -- one-shots


def one_shot(*hops, weight=1, key=b"\x01", **watch):
    entry = table_entry("selected", [exact(1, key)])
    actions = entry.action.action_profile_action_set.action_profile_actions
    for hop in hops:
        actions.add(action=action("set_hop", bytes([hop])), weight=weight, **watch)
    return entry


def test_a_one_shot_is_a_group_of_its_own_and_read_back_as_it_was_written(rig, primary):
    entry = one_shot(1, 2, watch_port=b"\x01")
    primary.write(insert(table_entry=entry))
    state = running(rig)
    assert len(state.members) == 2
    ((_, group_members),) = state.groups.items()
    assert [(m.weight, m.watch_port) for m in group_members] == [(1, 1), (1, 1)]
    assert read_entry(primary, entry) == [p4r.Entity(table_entry=entry)]
    for kind in ("action_profile_member", "action_profile_group"):
        request = p4r.Entity()
        getattr(request, kind).SetInParent()
        assert primary.read(request) == []
    primary.write(modify(table_entry=one_shot(3)))
    assert len(state.members) == len(state.groups) == 1
    primary.write(delete(table_entry=entry))
    assert state.members == state.groups == {}


def test_entries_cannot_be_filtered_by_member(primary):
    request = p4r.Entity(table_entry=indirect(action_profile_member_id=1))
    assert primary.read_refused(request) == ["INVALID_ARGUMENT"]


def test_one_shots_and_members_do_not_mix_in_a_profile(primary):
    primary.write(insert(table_entry=one_shot(1)))
    assert primary.refused(insert(action_profile_member=member(1, "ways"))) == ["INVALID_ARGUMENT"]
    primary.write(delete(table_entry=one_shot(1)))
    primary.write(insert(action_profile_member=member(1, "ways")))
    assert primary.refused(insert(table_entry=one_shot(1))) == ["INVALID_ARGUMENT"]


def sized(entry, **fields):
    for field, value in fields.items():
        setattr(entry.action.action_profile_action_set, field, value)
    return entry


def test_a_one_shot_may_say_that_its_members_count_and_not_their_weights(primary):
    by_members = p4r.ActionProfileActionSet.SUM_OF_MEMBERS
    heavy = sized(one_shot(1, 2, weight=5), size_semantics=by_members)
    primary.write(insert(table_entry=heavy))
    assert read_entry(primary, heavy) == [p4r.Entity(table_entry=heavy)]


def profile_config(**fields):
    config = everything_config()
    ways = next(p for p in config.p4info.action_profiles if p.preamble.alias == "ways")
    for field, value in fields.items():
        if field == "sum_of_members":
            ways.sum_of_members.max_member_weight = value
        else:
            setattr(ways, field, value)
    return config


def test_a_selector_that_counts_members_limits_each_weight_by_itself(rig):
    client = rig.primary(config=False)
    client.set_config(Set.VERIFY_AND_COMMIT, profile_config(sum_of_members=4))
    client.write(insert(table_entry=one_shot(1, 2, weight=4)))
    heavy = insert(table_entry=one_shot(1, weight=5, key=b"\x02"))
    assert client.refused(heavy) == ["INVALID_ARGUMENT"]
    many = insert(table_entry=one_shot(1, 2, 3, 4, key=b"\x02"))
    assert client.refused(many) == ["INVALID_ARGUMENT"]


def test_a_selector_without_weights_takes_none(rig):
    client = rig.primary(config=False)
    client.set_config(Set.VERIFY_AND_COMMIT, profile_config(weights_disallowed=True))
    assert client.refused(insert(table_entry=one_shot(1))) == ["INVALID_ARGUMENT"]
    client.write(insert(table_entry=one_shot(1, 2, weight=0)))
    ((_, members),) = running(rig).groups.items()
    assert [member.weight for member in members] == [1, 1]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (
            sized(one_shot(1), action_selection_mode=p4r.ActionProfileActionSet.RANDOM),
            "UNIMPLEMENTED",
        ),
        (one_shot(1, weight=0), "INVALID_ARGUMENT"),
        (one_shot(1, weight=4), "INVALID_ARGUMENT"),
        (one_shot(1, 2, 3, 4), "INVALID_ARGUMENT"),
        (one_shot(1, watch_port=b"\x09"), "INVALID_ARGUMENT"),
        (one_shot(1, watch=9), "INVALID_ARGUMENT"),
    ],
)
def test_an_impossible_one_shot_is_refused_and_leaves_nothing(
    shared_rig, shared_primary, entry, code
):
    assert shared_primary.refused(insert(table_entry=entry)) == [code]
    assert running(shared_rig).members == running(shared_rig).groups == {}


def test_one_shots_fill_the_action_profile(primary):
    shots = [insert(table_entry=one_shot(1, 2, 3, key=bytes([n]))) for n in (1, 2)]
    primary.write(*shots)
    third = one_shot(1, 2, 3, key=b"\x03")
    assert primary.refused(insert(table_entry=third)) == ["RESOURCE_EXHAUSTED"]
    primary.write(delete(table_entry=one_shot(key=b"\x01")))
    primary.write(insert(table_entry=third))
