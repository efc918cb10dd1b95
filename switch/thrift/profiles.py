"""Action profiles: their members and groups, without those of P4Runtime's one-shots.

BMv2 numbers both from 0, P4Runtime from 1: so a handle is the id in P4Runtime less 1.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from finsy.proto import p4r
from grpc import StatusCode

from switch.p4runtime.state import Group, Profile
from switch.thrift.calls import Calls, table_error, table_refusals
from switch.thrift.parameters import action_call
from switch.thrift.structures import dumped_group, dumped_member, id_of

_FULL = {StatusCode.RESOURCE_EXHAUSTED: "TABLE_FULL"}


def member_id(profile: Profile, handle: int) -> int:
    """The id of a member; raises INVALID_MBR_HANDLE."""
    if id_of(handle) not in profile.members:
        raise table_error("INVALID_MBR_HANDLE")
    return id_of(handle)


def group_of(profile: Profile, handle: int) -> Group:
    """The group with a handle; raises INVALID_GRP_HANDLE."""
    group = profile.groups.get(id_of(handle))
    if group is None:
        raise table_error("INVALID_GRP_HANDLE")
    return group


class ProfileCalls(Calls):
    """The calls of `standard` on action profiles."""

    def bm_mt_act_prof_add_member(
        self, cxt_id: int, act_prof_name: str, action_name: str, action_data: Sequence[bytes]
    ) -> int:
        """Add a member; its handle, the lowest that is free."""
        with self._profile(cxt_id, act_prof_name) as profile:
            new = _lowest_free(profile.members)
            action = action_call(profile.actions, action_name, action_data)
            with table_refusals(_FULL):
                self.device.update([_member_update(p4r.Update.INSERT, profile, new, action)])
            return new - 1

    def bm_mt_act_prof_modify_member(
        self,
        cxt_id: int,
        act_prof_name: str,
        mbr_handle: int,
        action_name: str,
        action_data: Sequence[bytes],
    ) -> None:
        """Give a member another action."""
        with self._profile(cxt_id, act_prof_name) as profile:
            action = action_call(profile.actions, action_name, action_data)
            known = member_id(profile, mbr_handle)
            self.device.update([_member_update(p4r.Update.MODIFY, profile, known, action)])

    def bm_mt_act_prof_delete_member(
        self, cxt_id: int, act_prof_name: str, mbr_handle: int
    ) -> None:
        """Delete a member that nothing refers to."""
        with (
            self._profile(cxt_id, act_prof_name) as profile,
            table_refusals({StatusCode.FAILED_PRECONDITION: "MBR_STILL_USED"}),
        ):
            known = member_id(profile, mbr_handle)
            self.device.update([_member_update(p4r.Update.DELETE, profile, known)])

    def bm_mt_act_prof_create_group(self, cxt_id: int, act_prof_name: str) -> int:
        """Add a group without members; its handle, the lowest that is free."""
        with self._selector(cxt_id, act_prof_name) as profile:
            new = _lowest_free(profile.groups)
            self.device.update([_group_update(p4r.Update.INSERT, profile, Group(new, 0, (), ()))])
            return new - 1

    def bm_mt_act_prof_delete_group(self, cxt_id: int, act_prof_name: str, grp_handle: int) -> None:
        """Delete a group that no entry refers to."""
        with (
            self._selector(cxt_id, act_prof_name) as profile,
            table_refusals({StatusCode.FAILED_PRECONDITION: "GRP_STILL_USED"}),
        ):
            group = group_of(profile, grp_handle)
            self.device.update([_group_update(p4r.Update.DELETE, profile, group)])

    def bm_mt_act_prof_add_member_to_group(
        self, cxt_id: int, act_prof_name: str, mbr_handle: int, grp_handle: int
    ) -> None:
        """Add a member to a group, with weight 1."""
        with self._selector(cxt_id, act_prof_name) as profile:
            new, group = member_id(profile, mbr_handle), group_of(profile, grp_handle)
            if any(member.member_id == new for member in group.members):
                raise table_error("MBR_ALREADY_IN_GRP")
            weight = 0 if profile.info.weights_disallowed else 1
            member = p4r.ActionProfileGroup.Member(member_id=new, weight=weight)
            with table_refusals(_FULL):
                self.device.update(
                    [_group_update(p4r.Update.MODIFY, profile, group, (*group.members, member))]
                )

    def bm_mt_act_prof_remove_member_from_group(
        self, cxt_id: int, act_prof_name: str, mbr_handle: int, grp_handle: int
    ) -> None:
        """Take a member out of a group."""
        with self._selector(cxt_id, act_prof_name) as profile:
            gone, group = member_id(profile, mbr_handle), group_of(profile, grp_handle)
            others = [member for member in group.members if member.member_id != gone]
            if len(others) == len(group.members):
                raise table_error("MBR_NOT_IN_GRP")
            self.device.update([_group_update(p4r.Update.MODIFY, profile, group, others)])

    def bm_mt_act_prof_get_members(self, cxt_id: int, act_prof_name: str) -> list[Any]:
        """All members."""
        with self._profile(cxt_id, act_prof_name) as profile:
            return [dumped_member(profile, known) for known in sorted(profile.members)]

    def bm_mt_act_prof_get_member(self, cxt_id: int, act_prof_name: str, mbr_handle: int) -> Any:
        """One member."""
        with self._profile(cxt_id, act_prof_name) as profile:
            return dumped_member(profile, member_id(profile, mbr_handle))

    def bm_mt_act_prof_get_groups(self, cxt_id: int, act_prof_name: str) -> list[Any]:
        """All groups."""
        with self._profile(cxt_id, act_prof_name) as profile:
            return [dumped_group(group) for _, group in sorted(profile.groups.items())]

    def bm_mt_act_prof_get_group(self, cxt_id: int, act_prof_name: str, grp_handle: int) -> Any:
        """One group."""
        with self._selector(cxt_id, act_prof_name) as profile:
            return dumped_group(group_of(profile, grp_handle))

    @contextmanager
    def _profile(self, cxt_id: int, name: str) -> Iterator[Profile]:
        """An action profile, held while it is used."""
        with self.device.lock:
            pipeline = self.pipeline(cxt_id)
            profiles = pipeline.profiles.values() if pipeline is not None else ()
            found = next((profile for profile in profiles if profile.name == name), None)
            if found is None:
                raise table_error("INVALID_ACTION_PROFILE_NAME")
            with table_refusals({}):
                yield found

    @contextmanager
    def _selector(self, cxt_id: int, name: str) -> Iterator[Profile]:
        """One that has groups."""
        with self._profile(cxt_id, name) as profile:
            if not profile.info.with_selector:
                raise table_error("NO_ACTION_PROFILE_SELECTION")
            yield profile


def emptied(profile: Profile) -> Iterator[p4r.Update]:
    """Updates that leave no group and no member, each before what it refers to."""
    for group in profile.groups.values():
        yield _group_update(p4r.Update.DELETE, profile, group)
    for known in profile.members:
        yield _member_update(p4r.Update.DELETE, profile, known)


def _member_update(
    kind: p4r.Update.Type.ValueType,
    profile: Profile,
    known: int,
    action: p4r.Action | None = None,
) -> p4r.Update:
    member = p4r.ActionProfileMember(
        action_profile_id=profile.profile_id, member_id=known, action=action
    )
    return p4r.Update(type=kind, entity=p4r.Entity(action_profile_member=member))


def _group_update(
    kind: p4r.Update.Type.ValueType,
    profile: Profile,
    group: Group,
    members: Sequence[p4r.ActionProfileGroup.Member] = (),
) -> p4r.Update:
    message = p4r.ActionProfileGroup(
        action_profile_id=profile.profile_id,
        group_id=group.group_id,
        max_size=group.max_size,
        members=members,
    )
    return p4r.Update(type=kind, entity=p4r.Entity(action_profile_group=message))


def _lowest_free(ids: Container[int]) -> int:
    return next(number for number in count(1) if number not in ids)
