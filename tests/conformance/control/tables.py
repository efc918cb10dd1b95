"""Entries, default actions, action profiles.

STF counts priorities from 0, P4Runtime from 1; in both the larger wins.
"""

from __future__ import annotations

from finsy.proto import p4i, p4r

from tests.conformance.control.bytestrings import encode
from tests.conformance.control.client import Client, ControlError
from tests.conformance.control.matches import field_match
from tests.conformance.program import Program, find_field
from tests.conformance.stf.statements import (
    ActionCall,
    Add,
    AddGroup,
    AddMember,
    Modify,
    Remove,
    SetDefault,
)

_WITH_PRIORITY = {
    p4i.MatchField.TERNARY,
    p4i.MatchField.RANGE,
    p4i.MatchField.OPTIONAL,
}
_MEMBER = "member"
_GROUP = "group"


class Tables:
    """The entries that a test has made."""

    def __init__(self, client: Client, program: Program) -> None:
        self._client = client
        self._program = program
        self._entries: dict[str, p4r.TableEntry] = {}

    def entry(self, label: str) -> p4r.TableEntry:
        """The entry that was added under a name; its key only. Raises `ControlError`."""
        if label not in self._entries:
            raise ControlError(f"no entry was added as '{label}'")
        return self._entries[label]

    def add(self, statement: Add) -> None:
        """`add`."""
        key = self._key(statement)
        entry = p4r.TableEntry()
        entry.CopyFrom(key)
        table = self._program.table(statement.table)
        entry.action.CopyFrom(self._table_action(table, statement.action))
        entry.idle_timeout_ns = statement.idle_timeout_ms * 1_000_000
        self._client.insert(p4r.Entity(table_entry=entry))
        self._entries[statement.label or f"line {statement.line}"] = key

    def modify(self, statement: Modify) -> None:
        """`modify`."""
        entry = p4r.TableEntry()
        entry.CopyFrom(self.entry(statement.label))
        table = self._program.table_by_id(entry.table_id)
        entry.action.CopyFrom(self._table_action(table, statement.action))
        self._client.modify(p4r.Entity(table_entry=entry))

    def remove(self, statement: Remove) -> None:
        """`remove`."""
        labels = list(self._entries) if statement.label is None else [statement.label]
        for label in labels:
            self._client.delete(p4r.Entity(table_entry=self.entry(label)))
            del self._entries[label]

    def set_default(self, statement: SetDefault) -> None:
        """`setdefault`."""
        table = self._program.table(statement.table)
        entry = p4r.TableEntry(table_id=table.preamble.id, is_default_action=True)
        entry.action.CopyFrom(self._table_action(table, statement.action))
        self._client.modify(p4r.Entity(table_entry=entry))

    def add_member(self, statement: AddMember) -> None:
        """`add_member`."""
        action = self._program.any_action(statement.action.name)
        member = p4r.ActionProfileMember(
            action_profile_id=self._program.profile(statement.profile).preamble.id,
            member_id=statement.member,
            action=_action(action, statement.action),
        )
        self._client.insert(p4r.Entity(action_profile_member=member))

    def add_group(self, statement: AddGroup) -> None:
        """`add_group`; each member with weight 1."""
        group = p4r.ActionProfileGroup(
            action_profile_id=self._program.profile(statement.profile).preamble.id,
            group_id=statement.group,
            max_size=len(statement.members),
            members=[
                p4r.ActionProfileGroup.Member(member_id=member, weight=1)
                for member in statement.members
            ],
        )
        self._client.insert(p4r.Entity(action_profile_group=group))

    def _key(self, statement: Add) -> p4r.TableEntry:
        table = self._program.table(statement.table)
        given = {find_field(table, name).id: value for name, value in statement.match}
        fields = [field_match(field, given.get(field.id)) for field in table.match_fields]
        entry = p4r.TableEntry(
            table_id=table.preamble.id, match=[field for field in fields if field is not None]
        )
        if any(field.match_type in _WITH_PRIORITY for field in table.match_fields):
            entry.priority = (statement.priority or 0) + 1
        return entry

    def _table_action(self, table: p4i.Table, call: ActionCall) -> p4r.TableAction:
        arguments = dict(call.arguments)
        if table.implementation_id and call.name == _MEMBER:
            return p4r.TableAction(action_profile_member_id=arguments["id"])
        if table.implementation_id and call.name == _GROUP:
            return p4r.TableAction(action_profile_group_id=arguments["id"])
        return p4r.TableAction(action=_action(self._program.action(table, call.name), call))


def _action(action: p4i.Action, call: ActionCall) -> p4r.Action:
    given = dict(call.arguments)
    wanted = [parameter.name for parameter in action.params]
    if sorted(given) != sorted(wanted):
        raise ControlError(
            f"action {action.preamble.name} has the parameters {', '.join(wanted) or 'none'}, "
            f"not {', '.join(given) or 'none'}"
        )
    return p4r.Action(
        action_id=action.preamble.id,
        params=[
            p4r.Action.Param(param_id=parameter.id, value=encode(given[parameter.name]))
            for parameter in action.params
        ],
    )
