"""The one interface over every kind of node, and the data that passes through it.

Nothing above the southbound asks what kind of node it talks to: it holds a ``NodeDriver``.

Choices:
- Drivers block and are thread-safe. Their own threads are real ones even where the rest of the
  process runs on eventlet. Every call has a time limit (``DriverOptions``) and raises a subclass
  of ``controller.errors.NodeError``, which names the node, what was asked and what to do.
- Tables and all that has no method of its own here pass as finsy's entity objects, so that no
  second vocabulary for P4Runtime is born.
- The data that passes is in ``address`` and ``node_data``, and can be imported from here.
- Names of registers and counters are those of the P4Info, in full or as their alias.
- Control calls act on the program that was pushed last: from ``save`` on, the saved one.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from finsy.p4entity import P4DigestList, P4Entity, P4TableEntry
from finsy.p4schema import P4Schema
from finsy.proto import p4i

from controller.southbound.address import DriverOptions as DriverOptions
from controller.southbound.address import NodeAddress as NodeAddress
from controller.southbound.node_data import ClockReading as ClockReading
from controller.southbound.node_data import CloneSession as CloneSession
from controller.southbound.node_data import CounterCell as CounterCell
from controller.southbound.node_data import PacketIn as PacketIn
from controller.southbound.node_data import Replica as Replica
from controller.southbound.node_data import replicas_of as replicas_of
from controller.southbound.program import Program

P4Update = Any
"A finsy entity with its sign: ``+entry`` inserts, ``~entry`` modifies, ``-entry`` deletes."


class NodeState(enum.Enum):
    """What a node is to this controller."""

    DOWN = "down"
    "No session; the driver keeps trying."
    BACKUP = "backup"
    "Connected, but another controller is its primary: reads work, writes do not."
    PRIMARY = "primary"
    "Connected, and this controller may write."


@dataclass(frozen=True)
class InstalledPipeline:
    """The pipeline config that a node reports."""

    cookie: int
    "Cookie that it was pushed with; equals ``Program.cookie`` if this controller pushed it."
    p4info: p4i.P4Info
    "P4Info that it was pushed with."
    schema: P4Schema
    "The same, indexed by name and id."


class NodeListener(Protocol):
    """Who hears of a node's life.

    Called from the driver's own threads, one call at a time per node, in order. Each call must
    return at once: put the news in a queue.
    """

    def on_state(self, node: str, state: NodeState, reason: str) -> None:
        """The node's state changed; ``reason`` says why, for a log or an operator."""

    def on_packet_in(self, node: str, packet: PacketIn) -> None:
        """The node sent a packet. Echoes of the driver's own clock readings do not come here."""

    def on_digest(self, node: str, digest: P4DigestList) -> None:
        """The node sent a digest list; the driver acknowledges it when this returns."""


class NodeDriver(Protocol):
    """One node, whatever its kind."""

    @property
    def name(self) -> str:
        """The node's name."""

    @property
    def state(self) -> NodeState:
        """What the node is to this controller now."""

    @property
    def schema(self) -> P4Schema:
        """P4Info index of the program that control calls act on; without objects if there is none.

        Known from connecting on: the driver asks the node before it reports it ready.
        """

    # Session

    def start(self, listener: NodeListener) -> None:
        """Begin to keep a session with the node, in the background; return at once.

        The driver connects, arbitrates, reads the installed pipeline, and starts again with
        growing pauses whenever the session breaks, until ``stop``.
        """

    def stop(self) -> None:
        """End the session and every thread of the driver; calls under way fail. Idempotent."""

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until this controller is the node's primary.

        Raises:
            NodeUnreachable: there is no session after ``timeout_s``; the text has the last cause.
            NotPrimary: there is one, but another controller has a higher election id.
        """

    # Pipeline

    def installed(self) -> InstalledPipeline | None:
        """Ask the node which pipeline config it has; None if it has none.

        While a saved one awaits its commit, that is the one, on every kind of node.
        """

    @property
    def pending(self) -> bool:
        """Whether this driver saved a program that is not committed yet."""

    def load(self, program: Program) -> None:
        """Push a program and run it at once (VERIFY_AND_COMMIT). What belonged to the old is lost.

        Multicast groups and clone sessions stay as they are.

        Raises:
            PipelineRejected: the node runs what it ran before.
            NodeWedged: it takes no program any more until it is restarted.
        """

    def save(self, program: Program) -> None:
        """Push a program without running it (VERIFY_AND_SAVE).

        From here until ``commit``, packets run the old program, whose state cannot be reached any
        more, and control calls act on the saved one. Not every kind of node can take it back:
        whoever saves must commit. Saving the program again that is saved already may keep what
        was written to it since. Raises as ``load``.
        """

    def commit(self) -> None:
        """Run the saved program from the next packet on (COMMIT). Raises as ``load``."""

    # Entities

    def write(self, updates: Iterable[P4Update]) -> None:
        """Write updates, in order, in batches; a refused one does not stop the others.

        Multicast groups and clone sessions have methods of their own below: written as entities,
        they would be doubled by some nodes at the next program.

        Raises:
            WriteFailed: with one ``UpdateFailure`` for each refused update.
        """

    def read(self, entities: Iterable[P4Entity]) -> list[P4Entity]:
        """Read all entities that match any of the given ones (unset fields are wildcards)."""

    def table_entries(
        self, tables: Collection[str] | None = None, *, counters: bool = False
    ) -> list[P4TableEntry]:
        """Read tables' entries, and their default actions where those were changed.

        Constant entries are left out.

        Args:
            tables: Full names of the tables; None: all.
            counters: Whether to read the values of direct counters as well.
        """

    # Registers and counters

    def read_registers(self, name: str, first: int, count: int) -> list[int]:
        """Read ``count`` cells from ``first`` on, as gently to packets as the node allows."""

    def write_registers(self, name: str, cells: Mapping[int, int]) -> None:
        """Write single cells, index to value. Each is written at once; all of them are not."""

    def fill_registers(self, name: str, first: int, count: int, value: int) -> None:
        """Write the same value to cells ``first`` to ``first + count - 1``."""

    def read_counters(self, name: str) -> list[CounterCell]:
        """Read a whole counter array."""

    def read_counter_cells(
        self, wanted: Mapping[str, Sequence[int] | None]
    ) -> dict[str, dict[int, CounterCell]]:
        """Read cells of several counter arrays by one request: cheap enough to be done often.

        Args:
            wanted: Array to indexes; None: all its cells.

        Raises:
            RegisterError: there is no such array or cell.
        """

    def write_counters(self, name: str, cells: Mapping[int, CounterCell]) -> None:
        """Set single cells of a counter array."""

    # Packet replication

    def multicast_groups(self) -> dict[int, frozenset[Replica]]:
        """Read the multicast groups that the node really has."""

    def set_multicast_group(self, group_id: int, replicas: Iterable[Replica]) -> None:
        """Make a group exist with exactly these replicas; no packet meets it half changed twice.

        Idempotent. A changed group gains its new copies before it loses its old ones.
        """

    def delete_multicast_group(self, group_id: int) -> None:
        """Make a group not exist. Idempotent."""

    def clone_sessions(self) -> dict[int, CloneSession]:
        """Read the clone sessions that the node has from this controller."""

    def set_clone_session(self, session_id: int, session: CloneSession) -> None:
        """Make a clone session exist with exactly this content. Idempotent."""

    def delete_clone_session(self, session_id: int) -> None:
        """Make a clone session not exist. Idempotent."""

    # Packets and time

    def packet_out(self, payload: bytes, **metadata: int) -> None:
        """Send a packet with these fields of the program's packet-out header."""

    def clock(self) -> ClockReading:
        """Read the node's clock by echoed packets; the best of several.

        Raises:
            NodeRefused: the program's controller headers have no echo.
            NodeTimeout: no echo came back.
        """
