"""Program pushes to BMv2, where the switch and PI, its P4Runtime server, can come apart.

A push is ``load_new_config`` in the switch, then PI's own change, then, at a commit,
``swap_configs``. From the sources of behavioral-model 1.15.5 and PI, and by trying:
- While a loaded config waits for its swap, the switch refuses every further load, and PI answers
  "Error in first phase of device update". So SAVE after SAVE and SAVE then VERIFY_AND_COMMIT fail.
- A damaged JSON may load without complaint, or throw in the middle and leave a half-built config
  waiting for a swap that would kill the switch. No call takes it back: the switch is wedged until
  it is restarted. This driver sends only checked programs, but others may have been there before.
- The switch tells the MD5 of the JSON that it loaded last, and PI hands back the one it knows;
  control calls see the tables, and their ids, of what waits. If all of this agrees, a whole
  program waits. Otherwise the switch is wedged.

Choices: saving again what is saved already succeeds, and keeps what was written to it. Loading
while a whole program waits commits that first: packets meet it for as long as the load takes, and
what belongs to it is lost at once, as a load has it anyway.
"""

from __future__ import annotations

import hashlib
import json

from finsy.proto import p4r

from controller.errors import NodeRefused, NodeWedged, PipelineRejected
from controller.southbound.connection import Connection
from controller.southbound.pipeline import Pipeline
from controller.southbound.program import Program
from controller.southbound.thrift_client import ThriftClient
from controller.southbound.wire import Wire

_REFUSED_LOAD = "first phase"
_WRONG_DEVICE = "assign device"
_WRONG_P4INFO = "importing p4info"
_CONTEXT = 0
_MATCH_TABLE = 0
_WINDOW = 64


class Bmv2Pipeline(Pipeline):
    """``Pipeline`` with BMv2's and PI's faults handled."""

    def __init__(self, wire: Wire, thrift: ThriftClient) -> None:
        super().__init__(wire)
        self._thrift = thrift
        self._wedged = False

    def refresh(self, connection: Connection | None = None) -> None:
        """Take over what the node has; one that has nothing was restarted, and is not wedged."""
        super().refresh(connection)
        if not self._wire.schema.exists:
            self._wedged = False

    def load(self, program: Program) -> None:
        """Push a program and run it, even if another waits for its commit."""
        with self._one_at_a_time:
            if self.saved is not None:
                self.commit()
            try:
                super().load(program)
            except PipelineRejected as exc:
                self._check_waiting(exc)
                self._set(p4r.SetForwardingPipelineConfigRequest.COMMIT, None, exc.asked)
                super().load(program)

    def save(self, program: Program) -> None:
        """Push a program without running it, unless just that is done already."""
        with self._one_at_a_time:
            if self.saved is not None and self.saved.cookie != program.cookie:
                raise self._occupied(program, f"program {self.saved.name}")
            if self.saved is None:
                self._save_or_adopt(program)

    def _save_or_adopt(self, program: Program) -> None:
        try:
            super().save(program)
        except PipelineRejected as exc:
            self._check_waiting(exc)
            if self._switch_md5(exc.asked) != _md5(program.json):
                raise self._occupied(program, "what an earlier session saved") from exc
            self._wire.schema, self.saved = program.schema, program

    def _check_waiting(self, exc: PipelineRejected) -> None:
        """Return if a push was refused because a whole program waits; raise what else is wrong."""
        if _WRONG_DEVICE in exc.reason:
            advice = f"was the switch started with --device-id {self._wire.device_id}?"
            raise PipelineRejected(exc.node, exc.asked, exc.reason, advice) from exc
        if _WRONG_P4INFO in exc.reason or exc.code != "UNKNOWN":
            raise exc
        if _REFUSED_LOAD not in exc.reason:
            self._wedged = True
        if self._wedged or not self._is_whole(exc.asked):
            self._wedged = True
            raise NodeWedged(
                exc.node,
                exc.asked,
                f"{exc.reason}: a config that failed to load is stuck in the switch",
                "restart the switch: no call takes the config back",
                code=exc.code,
            ) from exc

    def _is_whole(self, asked: str) -> bool:
        """Tell whether the switch loaded the very program that PI knows, with all its tables."""
        known = self._get(p4r.GetForwardingPipelineConfigRequest.DEVICE_CONFIG_AND_COOKIE)
        if known is None or self._switch_md5(asked) != _md5(known.p4_device_config):
            return False
        ids = _table_ids(known.p4_device_config)
        lookups = [(_CONTEXT, _MATCH_TABLE, name) for name in ids]
        try:
            found = self._thrift.pipeline(
                "standard", "bm_get_id_from_name", lookups, asked=asked, window=_WINDOW
            )
        except NodeRefused as exc:
            if exc.code != "INVALID_RESOURCE_NAME":
                raise
            return False
        return found == list(ids.values())

    def _switch_md5(self, asked: str) -> bytes:
        return self._thrift.call("standard", "bm_get_config_md5", asked=asked)

    def _occupied(self, program: Program, what: str) -> PipelineRejected:
        return PipelineRejected(
            self._wire.name,
            f"save of program {program.name}",
            f"{what} waits for its commit",
            "commit that first, or load instead of saving",
        )


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _table_ids(program_json: bytes) -> dict[str, int]:
    pipelines = json.loads(program_json)["pipelines"]
    return {table["name"]: table["id"] for pipeline in pipelines for table in pipeline["tables"]}
