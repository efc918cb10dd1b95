"""The action of a table entry: its own, a member's, a group's, or a one-shot action set.

A one-shot is programmed as a group and members of its own, with ids made up here; what a reader
gets is the message as it was written (specification 1.4, "One Shot Action Selector Programming").
"""

from __future__ import annotations

from finsy.proto import p4r

from switch.dataplane.messages import GroupMember, GroupOp, MemberOp, OpKind
from switch.p4json.objects import ActionCall, EntryAction, GroupRef, MemberRef
from switch.p4runtime.effects import Channel
from switch.p4runtime.entities.weights import check_weights, make_canonical, watch_port
from switch.p4runtime.state import Entry, OneShot, Profile, Table
from switch.p4runtime.status import invalid_argument, not_found, resource_exhausted, unimplemented
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View


def bind(
    tx: Transaction, view: View, table: Table, action: p4r.TableAction
) -> tuple[EntryAction, OneShot | None]:
    """The action that a new or changed entry gets, with the reference it takes counted.

    Raises INVALID_ARGUMENT for an action that is not of the table's kind, and NOT_FOUND for a
    member or group that is not there.
    """
    kind = action.WhichOneof("type")
    profile = table.profile
    if profile is None:
        if kind != "action":
            raise invalid_argument(f"the entries of table {table.name} take an action only")
        return table.actions.decode(action.action), None
    if kind == "action_profile_member_id":
        return _refer(tx, profile, MemberRef(action.action_profile_member_id)), None
    if kind in ("action_profile_group_id", "action_profile_action_set"):
        if not profile.info.with_selector:
            raise invalid_argument(f"action profile {profile.name} has no selector")
        if kind == "action_profile_group_id":
            return _refer(tx, profile, GroupRef(action.action_profile_group_id)), None
        one_shot = _make_one_shot(tx, view, profile, action.action_profile_action_set)
        return GroupRef(one_shot.group_id), one_shot
    raise invalid_argument(f"table {table.name} has an action profile: refer to it")


def release(tx: Transaction, table: Table, entry: Entry) -> None:
    """An entry does not use its action any longer: uncount the reference, undo the one-shot."""
    profile = table.profile
    if profile is None:
        return
    if entry.one_shot is None:
        assert not isinstance(entry.action, ActionCall)
        tx.put(profile.references, entry.action, profile.references[entry.action] - 1)
        return
    one_shot = entry.one_shot
    tx.effect(Channel.GROUP, GroupOp(OpKind.DELETE, profile.name, one_shot.group_id))
    for member_id in one_shot.member_ids:
        tx.effect(Channel.MEMBER, MemberOp(OpKind.DELETE, profile.name, member_id))
    tx.assign(profile, "one_shots", profile.one_shots - 1)
    tx.assign(profile, "one_shot_members", profile.one_shot_members - len(one_shot.member_ids))


def _refer(tx: Transaction, profile: Profile, reference: MemberRef | GroupRef) -> EntryAction:
    forbid_one_shots(profile)
    known = (
        reference.member_id in profile.members
        if isinstance(reference, MemberRef)
        else reference.group_id in profile.groups
    )
    if not known:
        raise not_found(f"action profile {profile.name} has no {reference}")
    tx.put(profile.references, reference, profile.references[reference] + 1)
    return reference


def forbid_one_shots(profile: Profile) -> None:
    """Raise INVALID_ARGUMENT if a profile is programmed by one-shots: the two do not mix."""
    if profile.one_shots:
        raise invalid_argument(f"action profile {profile.name} is programmed by one-shots")


def _make_one_shot(
    tx: Transaction, view: View, profile: Profile, actions: p4r.ActionProfileActionSet
) -> OneShot:
    if profile.members or profile.groups:
        raise invalid_argument(f"action profile {profile.name} is programmed by members")
    wanted = actions.action_profile_actions
    weights = check_weights(
        profile,
        [action.weight for action in wanted],
        profile.info.max_group_size,
        by_members=_size_semantics(actions),
    )
    if profile.one_shot_members + len(wanted) > profile.max_members:
        raise resource_exhausted(
            f"action profile {profile.name} has room for {profile.max_members} members"
        )
    calls = [profile.actions.decode(action.action) for action in wanted]
    ports = [watch_port(view, action) for action in wanted]
    first_id = profile.next_one_shot_id
    profile.next_one_shot_id += 1 + len(calls)
    member_ids = tuple(range(first_id + 1, profile.next_one_shot_id))
    for member_id, call in zip(member_ids, calls, strict=True):
        tx.effect(Channel.MEMBER, MemberOp(OpKind.INSERT, profile.name, member_id, call))
    members = tuple(GroupMember(*member) for member in zip(member_ids, weights, ports, strict=True))
    tx.effect(Channel.GROUP, GroupOp(OpKind.INSERT, profile.name, first_id, members))
    tx.assign(profile, "one_shots", profile.one_shots + 1)
    tx.assign(profile, "one_shot_members", profile.one_shot_members + len(calls))
    return OneShot(_canonical(profile, actions, calls), first_id, member_ids)


def _size_semantics(actions: p4r.ActionProfileActionSet) -> bool | None:
    """Whether members, not weights, are counted; None: as P4Info says (version 1.5)."""
    if actions.action_selection_mode == p4r.ActionProfileActionSet.RANDOM:
        raise unimplemented("the selection of actions at random")
    return {
        p4r.ActionProfileActionSet.SUM_OF_WEIGHTS: False,
        p4r.ActionProfileActionSet.SUM_OF_MEMBERS: True,
    }.get(actions.size_semantics)


def _canonical(
    profile: Profile, actions: p4r.ActionProfileActionSet, calls: list[ActionCall]
) -> p4r.ActionProfileActionSet:
    message = p4r.ActionProfileActionSet()
    message.CopyFrom(actions)
    for action, call in zip(message.action_profile_actions, calls, strict=True):
        action.action.Clear()
        profile.actions.encode(call, action.action)
        make_canonical(action)
    return message
