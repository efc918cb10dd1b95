"""Members and groups of action profiles (specification 1.4, "ActionProfileMember & ...Group")."""

from __future__ import annotations

from collections.abc import Iterator

from finsy.proto import p4r

from switch.dataplane.messages import GroupMember, GroupOp, MemberOp, OpKind
from switch.p4json.objects import ActionCall, GroupRef, MemberRef
from switch.p4runtime.effects import Channel
from switch.p4runtime.entities.handler import EntityHandler
from switch.p4runtime.entities.indirect import forbid_one_shots
from switch.p4runtime.entities.weights import check_weights, make_canonical, watch_port
from switch.p4runtime.state import Group, Profile
from switch.p4runtime.status import (
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
    resource_exhausted,
)
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View, find, select

_KINDS = {
    p4r.Update.INSERT: OpKind.INSERT,
    p4r.Update.MODIFY: OpKind.MODIFY,
    p4r.Update.DELETE: OpKind.DELETE,
}


def _op_kind(update: p4r.Update.Type.ValueType) -> OpKind:
    kind = _KINDS.get(update)
    if kind is None:
        raise invalid_argument("the type of the update is not set")
    return kind


class MemberHandler(EntityHandler):
    """Serves `action_profile_member`."""

    kind = "action_profile_member"

    def object_id(self, message: p4r.ActionProfileMember) -> int:
        """The profile's id."""
        return message.action_profile_id

    def write(
        self,
        tx: Transaction,
        view: View,
        update: p4r.Update.Type.ValueType,
        message: p4r.ActionProfileMember,
    ) -> None:
        """Insert, modify or delete a member."""
        profile = find(view.pipeline.profiles, message.action_profile_id, "action profile")
        forbid_one_shots(profile)
        kind, member_id = _op_kind(update), message.member_id
        if not member_id:
            raise invalid_argument("member_id 0 is not valid")
        known = member_id in profile.members
        if known and kind is OpKind.INSERT:
            raise already_exists(f"action profile {profile.name} has member {member_id} already")
        if not known and kind is not OpKind.INSERT:
            raise not_found(f"action profile {profile.name} has no member {member_id}")
        if kind is OpKind.DELETE:
            self._delete(tx, profile, member_id)
        else:
            self._set(tx, profile, kind, message)

    def _set(
        self, tx: Transaction, profile: Profile, kind: OpKind, message: p4r.ActionProfileMember
    ) -> None:
        if not message.HasField("action"):
            raise invalid_argument("a member needs an action")
        call = profile.actions.decode(message.action)
        if kind is OpKind.INSERT and len(profile.members) >= profile.max_members:
            raise resource_exhausted(
                f"action profile {profile.name} is full ({profile.max_members} members)"
            )
        tx.put(profile.members, message.member_id, call)
        tx.effect(Channel.MEMBER, MemberOp(kind, profile.name, message.member_id, call))

    def _delete(self, tx: Transaction, profile: Profile, member_id: int) -> None:
        if profile.references[MemberRef(member_id)]:
            raise failed_precondition(f"member {member_id} is used by a table entry or a group")
        tx.remove(profile.members, member_id)
        tx.effect(Channel.MEMBER, MemberOp(OpKind.DELETE, profile.name, member_id))

    def read(self, view: View, message: p4r.ActionProfileMember) -> Iterator[p4r.Entity]:
        """One member, those of one profile, or those of all."""
        profiles = select(view, view.pipeline.profiles, message.action_profile_id, "action profile")
        wanted = message.member_id
        found = [
            (profile, member_id, call)
            for profile in profiles
            for member_id, call in profile.members.items()
            if wanted in (0, member_id)
        ]
        return self._messages(found)

    def _messages(self, found: list[tuple[Profile, int, ActionCall]]) -> Iterator[p4r.Entity]:
        for profile, member_id, call in found:
            entity = p4r.Entity()
            message = entity.action_profile_member
            message.action_profile_id = profile.profile_id
            message.member_id = member_id
            profile.actions.encode(call, message.action)
            yield entity


class GroupHandler(EntityHandler):
    """Serves `action_profile_group`."""

    kind = "action_profile_group"

    def object_id(self, message: p4r.ActionProfileGroup) -> int:
        """The profile's id."""
        return message.action_profile_id

    def write(
        self,
        tx: Transaction,
        view: View,
        update: p4r.Update.Type.ValueType,
        message: p4r.ActionProfileGroup,
    ) -> None:
        """Insert, modify or delete a group."""
        profile = find(view.pipeline.profiles, message.action_profile_id, "action profile")
        if not profile.info.with_selector:
            raise invalid_argument(f"action profile {profile.name} has no selector")
        forbid_one_shots(profile)
        kind, group_id = _op_kind(update), message.group_id
        if not group_id:
            raise invalid_argument("group_id 0 is not valid")
        former = profile.groups.get(group_id)
        if former is None:
            if kind is not OpKind.INSERT:
                raise not_found(f"action profile {profile.name} has no group {group_id}")
        elif kind is OpKind.INSERT:
            raise already_exists(f"action profile {profile.name} has group {group_id} already")
        if former is not None and kind is OpKind.DELETE:
            self._delete(tx, profile, former)
        else:
            self._set(tx, profile, kind, self._group(view, profile, former, message), former)

    def _group(
        self, view: View, profile: Profile, former: Group | None, message: p4r.ActionProfileGroup
    ) -> Group:
        _check_max_size(profile, former, message)
        ids = [member.member_id for member in message.members]
        if len(set(ids)) < len(ids):
            raise invalid_argument("a group has each member once; give it a weight instead")
        limit = message.max_size or profile.info.max_group_size
        weights = check_weights(
            profile, [member.weight for member in message.members], limit, of_target=True
        )
        for member_id in ids:
            if member_id not in profile.members:
                raise not_found(f"action profile {profile.name} has no member {member_id}")
        members = []
        for member in message.members:
            copy = p4r.ActionProfileGroup.Member()
            copy.CopyFrom(member)
            make_canonical(copy)
            members.append(copy)
        plane_members = tuple(
            GroupMember(member.member_id, weight, watch_port(view, member))
            for member, weight in zip(message.members, weights, strict=True)
        )
        return Group(message.group_id, message.max_size, tuple(members), plane_members)

    def _set(
        self, tx: Transaction, profile: Profile, kind: OpKind, group: Group, former: Group | None
    ) -> None:
        if former is not None:
            _count(tx, profile, former, -1)
        _count(tx, profile, group, 1)
        tx.put(profile.groups, group.group_id, group)
        tx.effect(Channel.GROUP, GroupOp(kind, profile.name, group.group_id, group.plane_members))

    def _delete(self, tx: Transaction, profile: Profile, group: Group) -> None:
        if profile.references[GroupRef(group.group_id)]:
            raise failed_precondition(f"group {group.group_id} is used by a table entry")
        _count(tx, profile, group, -1)
        tx.remove(profile.groups, group.group_id)
        tx.effect(Channel.GROUP, GroupOp(OpKind.DELETE, profile.name, group.group_id))

    def read(self, view: View, message: p4r.ActionProfileGroup) -> Iterator[p4r.Entity]:
        """One group, those of one selector, or those of all."""
        profiles = select(view, view.pipeline.profiles, message.action_profile_id, "action profile")
        wanted = message.group_id
        found = [
            (profile, group)
            for profile in profiles
            for group in profile.groups.values()
            if wanted in (0, group.group_id)
        ]
        return self._messages(found)

    def _messages(self, found: list[tuple[Profile, Group]]) -> Iterator[p4r.Entity]:
        for profile, group in found:
            entity = p4r.Entity()
            message = entity.action_profile_group
            message.action_profile_id = profile.profile_id
            message.group_id = group.group_id
            message.max_size = group.max_size
            message.members.extend(group.members)
            yield entity


def _check_max_size(
    profile: Profile, former: Group | None, message: p4r.ActionProfileGroup
) -> None:
    """The specification's "Rules on Setting max_size"; 0 stands for the maximum, as in PI."""
    limit = profile.info.max_group_size
    if former is not None and message.max_size != former.max_size:
        raise invalid_argument(f"the max_size of group {message.group_id} cannot be changed")
    if message.max_size < 0 or (limit and message.max_size > limit):
        raise invalid_argument(
            f"max_size {message.max_size} is not valid; the limit of {profile.name} is {limit}"
        )


def _count(tx: Transaction, profile: Profile, group: Group, step: int) -> None:
    """Count a group's references to its members in or out."""
    for member in group.members:
        reference = MemberRef(member.member_id)
        tx.put(profile.references, reference, profile.references[reference] + step)
