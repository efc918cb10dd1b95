"""Tables, their actions and action profiles, from P4Info and a loaded program.

Each object of the P4Info must be in the program (`shapes`). What only the program has (hidden
tables, actions nobody may name) no controller can reach, and that is no fault.
"""

from __future__ import annotations

from collections.abc import Iterable

from finsy.proto import p4i

from switch.p4json.objects import Table as ProgramTable
from switch.p4json.program import Program
from switch.p4runtime.actions import ActionCodec, ActionSet, Parameter
from switch.p4runtime.match import KeyCodec
from switch.p4runtime.shapes import find, index_by_id, key_fields, mismatch, width_of
from switch.p4runtime.state import Entry, Profile, Table


class TableBuilder:
    """Builds the tables of one pipeline, and the action profiles that they use."""

    def __init__(self, p4info: p4i.P4Info, program: Program) -> None:
        self._p4info = p4info
        self._program = program
        self._actions = index_by_id(p4info.actions, "action", p4i.P4Ids.ACTION)
        self._direct_counters = index_by_id(
            p4info.direct_counters, "direct counter", p4i.P4Ids.DIRECT_COUNTER
        )
        self._direct_meters = index_by_id(
            p4info.direct_meters, "direct meter", p4i.P4Ids.DIRECT_METER
        )
        self._profile_infos = index_by_id(
            p4info.action_profiles, "action profile", p4i.P4Ids.ACTION_PROFILE
        )
        self.profiles: dict[int, Profile] = {}
        """Filled by `tables`."""

    def tables(self) -> dict[int, Table]:
        """All tables, with the entries of the P4 source in them; fills `profiles` as well.

        A table without a key whose action does nothing p4c leaves out of the JSON but not of the
        P4Info. It can hold no entry, so it is passed over.
        """
        infos = index_by_id(self._p4info.tables, "table", p4i.P4Ids.TABLE)
        return {
            table_id: self._table(info)
            for table_id, info in infos.items()
            if info.match_fields or info.preamble.name in self._program.tables
        }

    def _table(self, info: p4i.Table) -> Table:
        name = info.preamble.name
        what = f"table {name}"
        program = find(self._program.tables, what, name)
        actions = self._action_set(info, program)
        meters = [i for i in info.direct_resource_ids if i in self._direct_meters]
        table = Table(
            table_id=info.preamble.id,
            program=program,
            info=info,
            keys=KeyCodec(key_fields(what, info.match_fields, program.keys)),
            actions=actions,
            profile=self._profile_of(info, program, actions),
            has_counter=any(i in self._direct_counters for i in info.direct_resource_ids),
            has_meter=bool(meters),
        )
        if meters:
            table.meter_type = self._direct_meters[meters[0]].spec.type
        if table.has_counter and not program.with_counters:
            raise mismatch(what, "P4Info gives it a direct counter, the JSON does not")
        if table.has_meter and program.direct_meter is None:
            raise mismatch(what, "P4Info gives it a direct meter, the JSON does not")
        table.entries.update({(entry.key, entry.priority): entry for entry in _initial(table)})
        return table

    def _action_set(self, info: p4i.Table, program: ProgramTable) -> ActionSet:
        what = f"table {program.name}"
        codecs: dict[int, ActionCodec] = {}
        for ref in info.action_refs:
            codec = self._action(what, ref.id)
            if codec.name not in program.actions:
                raise mismatch(what, f"it has no action {codec.name} in the JSON")
            codecs[ref.id] = codec
        return ActionSet(what, codecs, {ref.id: ref.scope for ref in info.action_refs})

    def _action(self, what: str, action_id: int) -> ActionCodec:
        info = self._actions.get(action_id)
        if info is None:
            raise mismatch(what, f"it refers to action 0x{action_id:08x}, which P4Info lacks")
        name = info.preamble.name
        signature = find(self._program.actions, f"action {name}", name)
        if len(info.params) != len(signature.parameters):
            raise mismatch(
                f"action {name}",
                f"{len(info.params)} parameters in P4Info, {len(signature.parameters)} in the JSON",
            )
        return ActionCodec(
            action_id,
            name,
            tuple(
                Parameter(
                    param.id,
                    param.name,
                    width_of(f"parameter {param.name} of action {name}", param, known.width),
                )
                for param, known in zip(info.params, signature.parameters, strict=True)
            ),
        )

    def _profile_of(
        self, info: p4i.Table, program: ProgramTable, actions: ActionSet
    ) -> Profile | None:
        what = f"table {program.name}"
        if not info.implementation_id:
            if program.action_profile is not None:
                raise mismatch(what, f"only the JSON gives it {program.action_profile}")
            return None
        profile = self.profiles.get(info.implementation_id)
        if profile is None:
            profile = self._profile(what, info.implementation_id, actions)
        if program.action_profile != profile.name:
            raise mismatch(what, f"only P4Info gives it action profile {profile.name}")
        return profile

    def _profile(self, what: str, profile_id: int, actions: ActionSet) -> Profile:
        info = self._profile_infos.get(profile_id)
        if info is None:
            raise mismatch(what, f"it refers to 0x{profile_id:08x}, which P4Info lacks")
        name = info.preamble.name
        program = find(self._program.action_profiles, f"action profile {name}", name)
        if info.with_selector != program.has_selector:
            raise mismatch(f"action profile {name}", "only one of the two has a selector")
        profile = Profile(profile_id, name, info, actions, info.size or program.max_size)
        self.profiles[profile_id] = profile
        return profile


def _initial(table: Table) -> Iterable[Entry]:
    """The entries of the P4 source."""
    for entry in table.program.const_entries:
        yield Entry(
            key=tuple(entry.key),
            priority=entry.priority,
            action=entry.action,
            is_const=table.is_const,
        )
