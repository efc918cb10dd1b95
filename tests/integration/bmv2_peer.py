"""BMv2 for tests: its P4Runtime and Thrift servers side by side, pushes as BMv2 and PI do them.

Used by the tests of the BMv2 driver that need no BMv2: what the driver calls, and what it makes of
the faults that BMv2 has.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import grpc
from finsy.proto import p4r
from p4runtime_peer import FakeNode
from southbound_tools import LIMIT_S, Listener, program
from southbound_tools import OPTIONS as PLAIN_OPTIONS
from thrift_peer import FakeThrift

from controller.southbound.driver import DriverOptions, NodeAddress
from controller.southbound.factory import make_driver

OPTIONS = replace(PLAIN_OPTIONS, array_read_pause_s=0.05)


class FakeBmv2:
    """Both servers, and the config that waits for its swap."""

    def __init__(self) -> None:
        self.node = FakeNode()
        registers = program("guarded").schema.registers
        self.thrift = FakeThrift({register.name: [0] * register.size for register in registers})
        self.waiting = False
        self.broken = False
        "Loads throw in the middle, as of a damaged JSON."
        self.node.faults.push = self._push

    def start(self) -> None:
        """Serve."""
        self.thrift.start()
        self.node.start()

    def stop(self) -> None:
        """Vanish, and forget the program."""
        self.node.stop()
        self.thrift.stop()
        self.waiting = self.broken = False

    @property
    def running(self) -> int:
        """Cookie of the program that runs."""
        return self.node.running.cookie.cookie

    def address(self, options: DriverOptions = OPTIONS) -> NodeAddress:
        """Return how to drive it."""
        grpc, thrift = self.node.address, self.thrift.address
        return NodeAddress("b1", 1, grpc, "bmv2", thrift=thrift, options=options)

    def driver(self, options: DriverOptions = OPTIONS):
        """Return a driver that is primary."""
        driver = make_driver(self.address(options))
        driver.start(Listener())
        driver.wait_ready(LIMIT_S)
        return driver

    def _push(self, request, context):
        """Refuse what BMv2 refuses: a load while one waits, a commit while none does."""
        action = p4r.SetForwardingPipelineConfigRequest.Action.Name(request.action)
        if action == "COMMIT" and not self.waiting:
            context.abort(grpc.StatusCode.UNKNOWN, "Error in second phase of device update")
        if action != "COMMIT" and self.waiting:
            context.abort(grpc.StatusCode.UNKNOWN, "Error in first phase of device update")
        self.waiting = action == "VERIFY_AND_SAVE" or self.broken
        if self.broken:
            context.abort(grpc.StatusCode.UNKNOWN, "Unexpected error in RPC handling")
        if action != "COMMIT":
            self._load(request.config.p4_device_config)

    def _load(self, config: bytes) -> None:
        self.thrift.standard.md5 = hashlib.md5(config).digest()
        self.thrift.standard.table_ids = {
            table["name"]: table["id"]
            for pipeline in json.loads(config)["pipelines"]
            for table in pipeline["tables"]
        }
