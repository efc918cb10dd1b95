"""Programs on a node, over P4Runtime: what is installed, load, save, commit.

Choices: pushes, and asking the node what it has at the start of a session, happen one at a time,
so that an answer from before a push cannot be taken for the state after it.
"""

from __future__ import annotations

import threading

from finsy.p4schema import P4Schema
from finsy.proto import U128, p4i, p4r

from controller.errors import NodeRefused, PipelineRejected
from controller.southbound.connection import Connection
from controller.southbound.driver import InstalledPipeline
from controller.southbound.program import Program
from controller.southbound.schema import SchemaError, read_schema
from controller.southbound.wire import Wire

_Action = p4r.SetForwardingPipelineConfigRequest
_Content = p4r.GetForwardingPipelineConfigRequest


class Pipeline:
    """The forwarding pipeline config of one node."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.saved: Program | None = None
        "What this driver saved and has not committed."
        self._one_at_a_time = threading.RLock()
        self._indexed: tuple[p4i.P4Info, P4Schema] | None = None
        "What the node had when it was asked last: it is asked often, and has the same mostly."

    def installed(self, connection: Connection | None = None) -> InstalledPipeline | None:
        """Ask the node which config it has, over the session's connection unless one is given."""
        config = self._get(_Content.P4INFO_AND_COOKIE, connection)
        if config is None or not config.HasField("p4info"):
            return None
        return InstalledPipeline(config.cookie.cookie, config.p4info, self._index(config.p4info))

    def _index(self, p4info: p4i.P4Info) -> P4Schema:
        """Return the index of what the node has, the same object as long as it has the same."""
        indexed = self._indexed
        if indexed is None or indexed[0] != p4info:
            try:
                indexed = p4info, read_schema(p4info)
            except SchemaError as exc:
                raise NodeRefused(self._wire.name, "read of the pipeline", str(exc)) from exc
            self._indexed = indexed
        return indexed[1]

    def refresh(self, connection: Connection | None = None) -> None:
        """Take over the program that the node says it has, on a new session."""
        with self._one_at_a_time:
            found = self.installed(connection)
            self._wire.schema = found.schema if found else P4Schema()
            if self.saved is not None and (found is None or found.cookie != self.saved.cookie):
                self.saved = None

    def load(self, program: Program) -> None:
        """Push a program and run it; see ``NodeDriver.load``."""
        with self._one_at_a_time:
            self._set(_Action.VERIFY_AND_COMMIT, program, f"load of program {program.name}")
            self._wire.schema, self.saved = program.schema, None

    def save(self, program: Program) -> None:
        """Push a program without running it; see ``NodeDriver.save``."""
        with self._one_at_a_time:
            self._set(_Action.VERIFY_AND_SAVE, program, f"save of program {program.name}")
            self._wire.schema, self.saved = program.schema, program

    def commit(self) -> None:
        """Run the saved program; see ``NodeDriver.commit``."""
        with self._one_at_a_time:
            name = self.saved.name if self.saved else "saved earlier"
            self._set(_Action.COMMIT, None, f"commit of program {name}")
            self.saved = None

    def _get(
        self, content: _Content.ResponseType.ValueType, connection: Connection | None = None
    ) -> p4r.ForwardingPipelineConfig | None:
        """Return the node's config, or the asked part of it; None if it has none."""
        asked = "read of the pipeline"
        connection = connection or self._wire.session.connection(asked)
        request = p4r.GetForwardingPipelineConfigRequest(
            device_id=self._wire.device_id, response_type=content
        )
        timeout_s = self._wire.options.call_timeout_s
        try:
            response = connection.call("GetForwardingPipelineConfig", request, asked, timeout_s)
        except NodeRefused as exc:
            if exc.code == "FAILED_PRECONDITION":  # how targets say that they have none
                return None
            raise
        return response.config

    def _set(self, action: _Action.Action.ValueType, program: Program | None, asked: str) -> None:
        """Push; raises ``PipelineRejected`` if the node refuses."""
        connection = self._wire.session.connection(asked, primary=True)
        request = p4r.SetForwardingPipelineConfigRequest(
            device_id=self._wire.device_id,
            election_id=U128.encode(self._wire.session.election_id),
            action=action,
        )
        if program is not None:
            request.config.p4info.CopyFrom(program.p4info)
            request.config.p4_device_config = program.json
            request.config.cookie.cookie = program.cookie
        timeout_s = self._wire.options.push_timeout_s
        try:
            connection.call("SetForwardingPipelineConfig", request, asked, timeout_s)
        except NodeRefused as exc:
            raise PipelineRejected(
                exc.node, asked, exc.reason, "the node runs what it ran before", code=exc.code
            ) from exc
