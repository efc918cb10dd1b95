"""`DataPlane`: the control process's handle on its data-plane worker.

The worker is a process of its own that owns the ports. Every method here is synchronous, safe to
call from any thread and limited in time (`WorkerGone` when the worker does not answer). Changes
are applied between two packets, a batch at a time, in the order of the calls; large reads and
writes are cut into slices of some microseconds between which packets are served.

Objects are named by the fully qualified names of the BMv2 JSON. What is asked is checked by the
P4Runtime server beforehand; the worker checks again only what would corrupt it (`RequestRefused`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType

from switch.dataplane.messages import (
    Config,
    CounterCell,
    DefaultOp,
    EntryName,
    GroupOp,
    Listeners,
    MemberOp,
    MeterConfig,
    Replica,
    TableOp,
)
from switch.p4json.objects import TernaryMatch
from switch.p4json.program import Program


class DataPlane:
    """One switch's data plane. A context manager: starts on entry, stops on exit."""

    def __init__(
        self,
        device_id: int,
        interfaces: Mapping[int, str],
        cpu_port: int | None,
        listeners: Listeners,
    ) -> None:
        """Prepare, without touching anything.

        `interfaces` maps port numbers (0 to 510) to names of network interfaces; `cpu_port` is
        the port whose frames go to `listeners.on_packet_in`, None for none.
        """

    def __enter__(self) -> DataPlane: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def start(self) -> None:
        """Start the worker and open the ports. Until a program is committed packets are dropped.

        Raises `PortError` naming the interface and the cause, and leaves nothing behind.
        """

    def stop(self) -> None:
        """Stop the worker and close the ports; harmless if it is stopped already."""

    # -- programs ---------------------------------------------------------------------------

    def save(self, program: Program) -> None:
        """Compile a program here and build it in the worker beside the one that runs.

        Replaces a program saved before. Raises `ProgramError` if a construct is not supported;
        then nothing changes.
        """

    def commit(self) -> None:
        """Swap the saved program in, between two packets, and drop the old one with its state.

        As in BMv2 tables, counters, meters, registers and value sets of the old program are
        gone; multicast groups and clone sessions stay. Raises `NoSavedProgram`.
        """

    def discard_saved(self) -> None:
        """Forget the saved program, if there is one."""

    # -- tables -----------------------------------------------------------------------------

    def write_table(self, config: Config, ops: Sequence[TableOp | DefaultOp]) -> None:
        """Change entries, in order; all those of one call take effect between the same packets
        as long as they are few (some hundreds), in runs of consecutive operations otherwise.

        Raises `RequestRefused` at the first operation that fails (a duplicate, an entry or
        member that is not there); those before it were done.
        """

    def read_direct_counters(
        self, config: Config, entries: Sequence[EntryName]
    ) -> list[CounterCell]:
        """The direct counters of entries, in order. Raises `RequestRefused` for an unknown one."""

    def write_direct_counters(
        self, config: Config, cells: Sequence[tuple[EntryName, CounterCell]]
    ) -> None:
        """Set direct counters. A MODIFY of an entry keeps its counter, an INSERT starts at 0."""

    def read_direct_meters(
        self, config: Config, entries: Sequence[EntryName]
    ) -> list[MeterConfig | None]:
        """The configurations of entries' direct meters; None: not set (everything is green)."""

    def write_direct_meters(
        self, config: Config, meters: Sequence[tuple[EntryName, MeterConfig | None]]
    ) -> None:
        """Set direct meters; None goes back to not set."""

    def read_idle_times_ms(self, config: Config, entries: Sequence[EntryName]) -> list[int]:
        """For each entry the time since it was hit last, or else inserted, in milliseconds."""

    # -- action profiles --------------------------------------------------------------------

    def write_members(self, config: Config, ops: Sequence[MemberOp]) -> None:
        """Change members; entries that refer to a changed member use it at once."""

    def write_groups(self, config: Config, ops: Sequence[GroupOp]) -> None:
        """Change groups; entries that refer to a changed group use it at once."""

    # -- arrays -----------------------------------------------------------------------------

    def read_registers(self, config: Config, name: str, first: int, count: int) -> list[int]:
        """Cells `first` to `first + count - 1` of a register array."""

    def write_registers(self, config: Config, name: str, first: int, values: Sequence[int]) -> None:
        """Set consecutive cells; values are cut to the width of a cell."""

    def fill_registers(self, config: Config, name: str, first: int, count: int, value: int) -> None:
        """Set `count` consecutive cells to one value."""

    def read_counters(self, config: Config, name: str, first: int, count: int) -> list[CounterCell]:
        """Cells `first` to `first + count - 1` of an indirect counter array."""

    def write_counters(
        self, config: Config, name: str, first: int, cells: Sequence[CounterCell]
    ) -> None:
        """Set consecutive cells of an indirect counter array."""

    def read_meters(
        self, config: Config, name: str, first: int, count: int
    ) -> list[MeterConfig | None]:
        """Configurations of consecutive meters; None: not set (everything is green)."""

    def write_meters(
        self, config: Config, name: str, first: int, meters: Sequence[MeterConfig | None]
    ) -> None:
        """Set consecutive meters; None goes back to not set."""

    def write_value_set(self, config: Config, name: str, members: Sequence[TernaryMatch]) -> None:
        """Replace the members of a parser value set (mask all ones: an exact value)."""

    # -- replication ------------------------------------------------------------------------

    def set_multicast_group(self, group_id: int, replicas: Sequence[Replica]) -> None:
        """Create a group or replace its replicas."""

    def delete_multicast_group(self, group_id: int) -> None:
        """Delete a group; harmless if there is none. Packets to it are dropped and counted."""

    def set_clone_session(
        self, session_id: int, replicas: Sequence[Replica], packet_length_bytes: int = 0
    ) -> None:
        """Create a clone session or replace it. 0 bytes: clones are not truncated."""

    def delete_clone_session(self, session_id: int) -> None:
        """Delete a clone session; harmless if there is none."""

    # -- packets and ports ------------------------------------------------------------------

    def inject(self, port: int, frame: bytes) -> None:
        """Put a frame in as if it had been received at `port`.

        A packet-out enters at the CPU port, beginning with its header. What was written before
        by this thread is in effect for it.
        """

    def ports(self) -> dict[int, bool]:
        """Each port and whether its interface is up."""

    def clock_us(self) -> int:
        """The node's clock: what `ingress_global_timestamp` of a packet received now would be."""

    def statistics(self) -> dict[str, int]:
        """Packets received, sent and dropped since start: `received`, `sent`, `dropped.REASON`."""
