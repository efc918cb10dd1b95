"""The driver of a node that does everything over P4Runtime, and what other drivers begin with.

Choices: the driver only puts its parts together. Each part (pipeline, tables, registers, packet
replication, clock) is an object of its own over the shared ``Wire``, so that a target that does
one thing in another way replaces that one part.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence

from finsy.p4entity import P4Entity, P4TableEntry
from finsy.p4schema import P4Schema
from finsy.proto import p4r

from controller.southbound.cells import P4Counters, P4Registers, RegisterAccess
from controller.southbound.connection import Connection
from controller.southbound.driver import (
    ClockReading,
    CloneSession,
    CounterCell,
    InstalledPipeline,
    NodeAddress,
    NodeListener,
    NodeState,
    P4Update,
    Replica,
)
from controller.southbound.packets import News, Packets
from controller.southbound.pipeline import Pipeline
from controller.southbound.program import Program
from controller.southbound.replication import P4Replication, ReplicationAccess
from controller.southbound.session import Session
from controller.southbound.tables import Tables
from controller.southbound.wire import Wire

LOG = logging.getLogger(__name__)


class P4RuntimeDriver:
    """A ``NodeDriver`` over P4Runtime alone."""

    def __init__(self, address: NodeAddress) -> None:
        self._address = address
        self._session = Session(address, self._prepare, self._changed, self._received)
        self._wire = Wire(address, self._session)
        self._listener: NodeListener | None = None
        self._telling = threading.Lock()
        self._pipeline = Pipeline(self._wire)
        self._tables = Tables(self._wire)
        self._registers: RegisterAccess = P4Registers(self._wire)
        self._counters = P4Counters(self._wire)
        self._replication: ReplicationAccess = P4Replication(self._wire)
        self._packets = Packets(self._wire, self._tell)

    @property
    def name(self) -> str:
        """The node's name."""
        return self._address.name

    @property
    def state(self) -> NodeState:
        """What the node is to this controller now."""
        return self._session.state

    @property
    def schema(self) -> P4Schema:
        """P4Info index of the program that control calls act on."""
        return self._wire.schema

    def start(self, listener: NodeListener) -> None:
        """Begin to keep a session with the node; return at once."""
        self._listener = listener
        self._session.start()

    def stop(self) -> None:
        """End the session and the driver's threads."""
        self._session.stop()

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until primary; raises NodeUnreachable or NotPrimary."""
        self._session.wait_ready(timeout_s)

    # Pipeline

    def installed(self) -> InstalledPipeline | None:
        """Ask the node which pipeline config it has."""
        return self._pipeline.installed()

    @property
    def pending(self) -> bool:
        """Whether this driver saved a program that is not committed yet."""
        return self._pipeline.saved is not None

    def load(self, program: Program) -> None:
        """Push a program and run it at once."""
        self._pipeline.load(program)

    def save(self, program: Program) -> None:
        """Push a program without running it."""
        self._pipeline.save(program)

    def commit(self) -> None:
        """Run the saved program from the next packet on."""
        self._pipeline.commit()

    # Entities

    def write(self, updates: Iterable[P4Update]) -> None:
        """Write updates; raises WriteFailed with those refused."""
        self._wire.write(updates)

    def read(self, entities: Iterable[P4Entity]) -> list[P4Entity]:
        """Read all entities that match any of the given ones."""
        return self._wire.read(entities)

    def table_entries(
        self, tables: Collection[str] | None = None, *, counters: bool = False
    ) -> list[P4TableEntry]:
        """Read the entries and the changed default actions of tables."""
        return self._tables.entries(tables, counters=counters)

    # Registers and counters

    def read_registers(self, name: str, first: int, count: int) -> list[int]:
        """Read a range of cells."""
        return self._registers.read(name, first, count)

    def write_registers(self, name: str, cells: Mapping[int, int]) -> None:
        """Write single cells."""
        self._registers.write(name, cells)

    def fill_registers(self, name: str, first: int, count: int, value: int) -> None:
        """Write one value to a range of cells."""
        self._registers.fill(name, first, count, value)

    def read_counters(self, name: str) -> list[CounterCell]:
        """Read a whole counter array."""
        return self._counters.read(name)

    def read_counter_cells(
        self, wanted: Mapping[str, Sequence[int] | None]
    ) -> dict[str, dict[int, CounterCell]]:
        """Read cells of several counter arrays by one request."""
        return self._counters.read_cells(wanted)

    def write_counters(self, name: str, cells: Mapping[int, CounterCell]) -> None:
        """Set single cells of a counter array."""
        self._counters.write(name, cells)

    # Packet replication

    def multicast_groups(self) -> dict[int, frozenset[Replica]]:
        """Read the multicast groups."""
        return self._replication.groups()

    def set_multicast_group(self, group_id: int, replicas: Iterable[Replica]) -> None:
        """Make a group exist with exactly these replicas."""
        self._replication.set_group(group_id, replicas)

    def delete_multicast_group(self, group_id: int) -> None:
        """Make a group not exist."""
        self._replication.delete_group(group_id)

    def clone_sessions(self) -> dict[int, CloneSession]:
        """Read the clone sessions."""
        return self._replication.clones()

    def set_clone_session(self, session_id: int, session: CloneSession) -> None:
        """Make a clone session exist with exactly this content."""
        self._replication.set_clone(session_id, session)

    def delete_clone_session(self, session_id: int) -> None:
        """Make a clone session not exist."""
        self._replication.delete_clone(session_id)

    # Packets and time

    def packet_out(self, payload: bytes, **metadata: int) -> None:
        """Send a packet; fields of its header that are not given are 0."""
        self._packets.send(payload, metadata)

    def clock(self) -> ClockReading:
        """Read the node's clock."""
        return self._packets.clock()

    # Called by the session

    def _prepare(self, connection: Connection, state: NodeState) -> None:
        """Learn which program the node has, before anybody is told that it is there."""
        self._pipeline.refresh(connection)

    def _changed(self, state: NodeState, reason: str) -> None:
        LOG.info("%s: %s: %s", self.name, state.value, reason)
        self._tell(lambda listener: listener.on_state(self.name, state, reason))

    def _received(self, message: p4r.StreamMessageResponse) -> None:
        self._packets.received(message)

    def _tell(self, news: News) -> None:
        """Tell the listener one piece of news at a time; its faults stay its own."""
        with self._telling:
            if self._listener is None:
                return
            try:
                news(self._listener)
            except Exception:
                LOG.exception("%s: the listener failed", self.name)
