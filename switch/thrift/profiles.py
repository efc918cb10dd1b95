"""Action profiles: their members and groups, without those of P4Runtime's one-shots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from switch.p4runtime.state import Profile
from switch.thrift.calls import Calls, table_error, table_refusals
from switch.thrift.structures import dumped_group, dumped_member


class ProfileCalls(Calls):
    """The calls of `standard` on action profiles."""

    def bm_mt_act_prof_get_members(self, cxt_id: int, act_prof_name: str) -> list[Any]:
        """All members."""
        with self._profile(cxt_id, act_prof_name) as profile:
            return [dumped_member(profile, member_id) for member_id in sorted(profile.members)]

    def bm_mt_act_prof_get_groups(self, cxt_id: int, act_prof_name: str) -> list[Any]:
        """All groups."""
        with self._profile(cxt_id, act_prof_name) as profile:
            return [dumped_group(group) for _, group in sorted(profile.groups.items())]

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
