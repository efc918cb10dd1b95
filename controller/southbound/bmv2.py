"""The driver of a BMv2 node (simple_switch_grpc): P4Runtime for most, Thrift for what PI lacks.

What differs from a plain P4Runtime node is marked where it is handled: registers in
``bmv2_registers``, multicast groups and clone sessions in ``bmv2_replication``, program pushes in
``bmv2_pipeline``; here, the egress queues and the clock.
"""

from __future__ import annotations

import time

from controller.errors import ConfigError
from controller.southbound.bmv2_pipeline import Bmv2Pipeline
from controller.southbound.bmv2_registers import Bmv2Registers
from controller.southbound.bmv2_replication import Bmv2Replication
from controller.southbound.connection import Connection
from controller.southbound.driver import ClockReading, NodeAddress, NodeState
from controller.southbound.p4runtime import P4RuntimeDriver
from controller.southbound.thrift_client import ThriftClient


class Bmv2Driver(P4RuntimeDriver):
    """A ``NodeDriver`` of simple_switch_grpc."""

    def __init__(self, address: NodeAddress) -> None:
        super().__init__(address)
        if address.thrift is None:
            raise ConfigError(f"{address.name}: a bmv2 node needs its Thrift address")
        options = address.options
        self._thrift = ThriftClient(
            address.name, address.thrift, options.thrift_connections, options.call_timeout_s
        )
        self._pipeline = Bmv2Pipeline(self._wire, self._thrift)
        self._registers = Bmv2Registers(self._wire, self._thrift)
        self._replication = Bmv2Replication(self._wire, self._thrift)

    def stop(self) -> None:
        """End the session and the driver's threads, and close the Thrift connections."""
        super().stop()
        self._thrift.close()

    def clock(self) -> ClockReading:
        """Read the node's clock over Thrift: the clock that stamps packets, without the queues.

        The pipeline is not asked, so it works whatever program runs.
        """
        self._session.connection("clock reading")
        samples = range(self._address.options.clock_samples)
        return min((self._clock_sample() for _ in samples), key=lambda reading: reading.error_us)

    def _clock_sample(self) -> ClockReading:
        sent_ns = time.monotonic_ns()
        node_us = self._thrift.call("simple_switch", "get_time_elapsed_us", asked="clock reading")
        round_trip_ns = time.monotonic_ns() - sent_ns
        return ClockReading(node_us, sent_ns + round_trip_ns // 2, -(-round_trip_ns // 2000))

    def _prepare(self, connection: Connection, state: NodeState) -> None:
        """Deepen the egress queues as well: 64 packets do not last through a swap's pause."""
        super()._prepare(connection, state)
        if state is NodeState.PRIMARY:
            self._thrift.call(
                "simple_switch",
                "set_all_egress_queue_depths",
                self._address.options.egress_queue_depth,
                asked="set of the egress queues' depth",
            )
