"""Program pushes to BMv2, where the switch and PI, its P4Runtime server, can come apart.

A push is ``load_new_config`` in the switch, then PI's own change, then, at a commit,
``swap_configs``. From the sources of behavioral-model 1.15.5 and PI, and by trying:
- While a loaded config waits for its swap, the switch refuses every further load, and PI answers
  "Error in first phase of device update". So SAVE after SAVE and SAVE then VERIFY_AND_COMMIT fail.
- A damaged JSON may load without complaint, or throw in the middle and leave a half-built config
  waiting for a swap that would kill the switch. No call takes it back: the switch is wedged until
  it is restarted.
- The switch tells the MD5 of the JSON that it loaded last, and PI hands back the one it knows;
  control calls see the tables of what waits. If the two agree and all tables that PI knows are
  there, a whole program waits. Otherwise the switch is wedged.

Choices: saving again what is saved already succeeds, and keeps what was written to it. Loading
while a whole program waits commits that first: packets meet it for as long as the load takes, and
what belongs to it is lost at once, as a load has it anyway.
"""

from __future__ import annotations

import hashlib

from finsy.proto import p4r

from controller.errors import NodeRefused, NodeWedged, PipelineRejected
from controller.southbound.pipeline import Pipeline
from controller.southbound.program import Program
from controller.southbound.thrift_client import ThriftClient
from controller.southbound.wire import Wire

_REFUSED_LOAD = "first phase"
_WRONG_DEVICE = "assign device"
_CONTEXT = 0


class Bmv2Pipeline(Pipeline):
    """``Pipeline`` with BMv2's and PI's faults handled."""

    def __init__(self, wire: Wire, thrift: ThriftClient) -> None:
        super().__init__(wire)
        self._thrift = thrift

    def load(self, program: Program) -> None:
        """Push a program and run it, even if another waits for its commit."""
        if self.saved is not None:
            self.commit()
        try:
            super().load(program)
        except PipelineRejected as exc:
            self._make_way(exc)
            super().load(program)

    def save(self, program: Program) -> None:
        """Push a program without running it, unless just that is done already."""
        if self.saved is not None and self.saved.cookie != program.cookie:
            raise self._occupied(program, f"program {self.saved.name}")
        if self.saved is not None:
            return
        try:
            super().save(program)
        except PipelineRejected as exc:
            self._adopt(program, exc)

    def _make_way(self, exc: PipelineRejected) -> None:
        """Commit a whole program that waits, so that another can be loaded; raises if none does."""
        self._check_refused_load(exc)
        self._set(p4r.SetForwardingPipelineConfigRequest.COMMIT, None, exc.asked)

    def _adopt(self, program: Program, exc: PipelineRejected) -> None:
        """Take the program that waits as saved, if it is the wanted one; raises if it is not."""
        self._check_refused_load(exc)
        if self._switch_md5(exc.asked) != _md5(program.json):
            raise self._occupied(program, "another program, saved by an earlier session") from exc
        self._wire.schema, self.saved = program.schema, program

    def _check_refused_load(self, exc: PipelineRejected) -> None:
        """Return if a whole program waits in the switch; raise what else is wrong."""
        if _WRONG_DEVICE in exc.reason:
            device_id = self._wire.device_id
            raise PipelineRejected(
                exc.node, exc.asked, exc.reason, f"was it started with --device-id {device_id}?"
            ) from exc
        occupied = _REFUSED_LOAD in exc.reason
        known = self._get(p4r.GetForwardingPipelineConfigRequest.ALL)
        if known is None or self._is_whole(known, exc.asked):
            if occupied and known is not None:
                return
            if not occupied:
                raise exc
        raise NodeWedged(
            exc.node,
            exc.asked,
            f"{exc.reason}: a config that failed to load is stuck in the switch",
            "restart the switch: no call takes the config back",
            code=exc.code,
        ) from exc

    def _is_whole(self, known: p4r.ForwardingPipelineConfig, asked: str) -> bool:
        """Tell whether the switch has the very program that PI knows, with all its tables."""
        if self._switch_md5(asked) != _md5(known.p4_device_config):
            return False
        names = [(_CONTEXT, table.preamble.name) for table in known.p4info.tables]
        try:
            self._thrift.pipeline(
                "standard", "bm_mt_get_num_entries", names, asked=asked, window=len(names) or 1
            )
        except NodeRefused as exc:
            if exc.code != "INVALID_TABLE_NAME":
                raise
            return False
        return True

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
