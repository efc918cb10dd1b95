"""Entries of tables with an action profile: they refer to a member or to a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finsy.proto import p4r

from switch.p4runtime.state import Profile, Table
from switch.thrift.calls import LOG, table_error
from switch.thrift.entries import EntryCalls, MakeAction
from switch.thrift.profiles import group_of, member_id


class IndirectCalls(EntryCalls):
    """The calls of `standard` on such entries.

    Default entries that refer to a member or a group are refused: P4Runtime has none.
    """

    def bm_mt_indirect_add_entry(
        self,
        cxt_id: int,
        table_name: str,
        match_key: Sequence[Any],
        mbr_handle: int,
        options: Any,
    ) -> int:
        """Insert an entry that refers to a member; its handle."""
        return self.add(cxt_id, table_name, match_key, options, _member(mbr_handle))

    def bm_mt_indirect_modify_entry(
        self, cxt_id: int, table_name: str, entry_handle: int, mbr_handle: int
    ) -> None:
        """Let an entry refer to another member."""
        self.modify(cxt_id, table_name, entry_handle, _member(mbr_handle))

    def bm_mt_indirect_delete_entry(self, cxt_id: int, table_name: str, entry_handle: int) -> None:
        """Delete an entry."""
        self.delete(cxt_id, table_name, entry_handle)

    def bm_mt_indirect_set_entry_ttl(
        self, cxt_id: int, table_name: str, entry_handle: int, timeout_ms: int
    ) -> None:
        """Set after how long an entry counts as idle."""
        self.set_timeout(cxt_id, table_name, entry_handle, timeout_ms)

    def bm_mt_indirect_set_default_member(
        self, cxt_id: int, table_name: str, mbr_handle: int
    ) -> None:
        """Refused."""
        self._refuse_default(cxt_id, table_name)

    def bm_mt_indirect_ws_set_default_group(
        self, cxt_id: int, table_name: str, grp_handle: int
    ) -> None:
        """Refused."""
        self._refuse_default(cxt_id, table_name)

    def bm_mt_indirect_reset_default_entry(self, cxt_id: int, table_name: str) -> None:
        """Nothing is to be done: the default entry is the program's."""
        with self.table(cxt_id, table_name) as table:
            _profile(table)

    def bm_mt_indirect_ws_add_entry(
        self,
        cxt_id: int,
        table_name: str,
        match_key: Sequence[Any],
        grp_handle: int,
        options: Any,
    ) -> int:
        """Insert an entry that refers to a group; its handle."""
        return self.add(cxt_id, table_name, match_key, options, _group(grp_handle))

    def bm_mt_indirect_ws_modify_entry(
        self, cxt_id: int, table_name: str, entry_handle: int, grp_handle: int
    ) -> None:
        """Let an entry refer to another group."""
        self.modify(cxt_id, table_name, entry_handle, _group(grp_handle))

    def _refuse_default(self, cxt_id: int, table_name: str) -> None:
        with self.table(cxt_id, table_name) as table:
            _profile(table)
            LOG.info("refused over Thrift: the default entry of %s has no member", table_name)
            raise table_error("ERROR")


def _member(handle: int) -> MakeAction:
    def make(table: Table) -> p4r.TableAction:
        return p4r.TableAction(action_profile_member_id=member_id(_profile(table), handle))

    return make


def _group(handle: int) -> MakeAction:
    """A reference to a group, which must have members."""

    def make(table: Table) -> p4r.TableAction:
        profile = _profile(table)
        if not profile.info.with_selector:
            raise table_error("WRONG_TABLE_TYPE")
        group = group_of(profile, handle)
        if not group.members:
            raise table_error("EMPTY_GRP")
        return p4r.TableAction(action_profile_group_id=group.group_id)

    return make


def _profile(table: Table) -> Profile:
    if table.profile is None:
        raise table_error("WRONG_TABLE_TYPE")
    return table.profile
