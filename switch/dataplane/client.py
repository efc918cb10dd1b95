"""`DataPlane`: the control process's handle on its data-plane worker.

The worker is a process of its own that owns the ports. Every method here is synchronous, safe to
call from any thread and limited in time (`WorkerGone` when the worker does not answer). Changes
are applied between two packets, a batch at a time, in the order of the calls; large reads and
writes are cut into slices of some microseconds between which packets are served.

Objects are named by the fully qualified names of the BMv2 JSON. What is asked is checked by the
P4Runtime server beforehand; the worker checks again only what would corrupt it (`RequestRefused`).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from switch.codegen.manifest import Compiled, compile_program
from switch.dataplane import encoding
from switch.dataplane.array_access import ArrayAccess
from switch.dataplane.errors import NoSavedProgram, PortError, RequestRefused, WorkerGone
from switch.dataplane.events import EventThread
from switch.dataplane.messages import (
    Config,
    CounterCell,
    DefaultOp,
    EntryChanges,
    EntryName,
    GroupOp,
    Listeners,
    MemberOp,
    MeterCell,
    Replica,
    TableOp,
)
from switch.dataplane.process import Request, WorkerProcess, nothing
from switch.dataplane.shipping import (
    ALIKE_ENTRIES,
    ENTRIES,
    program_requests,
    slices,
)
from switch.p4json.program import Program

T = TypeVar("T")


class DataPlane(ArrayAccess):
    """One switch's data plane. A context manager: starts on entry, stops on exit."""

    def __init__(
        self,
        device_id: int,
        interfaces: Mapping[int, str],
        cpu_port: int | None,
        listeners: Listeners,
        priority_queues: int = 1,
    ) -> None:
        """Prepare, without touching anything.

        `interfaces` maps port numbers (0 to 510) to names of network interfaces; `cpu_port` is
        the port whose frames go to `listeners.on_packet_in`, None for none. Each port has so many
        egress queues, one a priority.
        """
        self._device_id = device_id
        self._interfaces = dict(interfaces)
        self._cpu_port = cpu_port
        self._listeners = listeners
        self._priority_queues = priority_queues
        self._worker: WorkerProcess | None = None
        self._events: EventThread | None = None
        self._programs: dict[Config, tuple[Program, Compiled]] = {}
        self._programs_lock = threading.Lock()
        self.commits = 0
        """Programs swapped in since start."""
        self._batches = itertools.count(1)

    def __enter__(self) -> DataPlane:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the worker and open the ports. Until a program is committed packets are dropped.

        Raises `PortError` naming the interface and the cause, and leaves nothing behind.
        """
        start_ns = time.monotonic_ns()
        self._worker = WorkerProcess(
            self._device_id, start_ns, self._cpu_port, self._priority_queues
        )
        try:
            self._open_ports(self._worker)
            self._events = EventThread(
                self._worker.events,
                self._interfaces,
                self._listeners,
                self._worker.ask,
                self._worker.exit_reason,
            )
            self._events.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the worker and close the ports; harmless if it is stopped already."""
        worker, events = self._worker, self._events
        self._worker = self._events = None
        self._programs.clear()
        if events is not None:
            events.stop()
        if worker is not None:
            worker.stop()
        if events is not None:
            events.join()

    def _open_ports(self, worker: WorkerProcess) -> None:
        try:
            for port, interface in self._interfaces.items():
                worker.ask("open_port", port, interface)
        except RequestRefused as refusal:
            raise PortError(str(refusal)) from refusal

    # -- programs ---------------------------------------------------------------------------

    def save(self, program: Program) -> None:
        """Compile a program here and build it in the worker beside the one that runs.

        Replaces a program saved before. Raises `ProgramError` if a construct is not supported;
        then nothing changes.
        """
        compiled = compile_program(program, self._priority_queues)
        with self._programs_lock:
            self._programs.pop(Config.SAVED, None)
            self._ask_all(program_requests(program, compiled))
            self._programs[Config.SAVED] = (program, compiled)

    def commit(self) -> None:
        """Swap the saved program in, between two packets, and drop the old one with its state.

        As in BMv2 tables, counters, meters, registers and value sets of the old program are
        gone; multicast groups and clone sessions stay. Raises `NoSavedProgram`.
        """
        with self._programs_lock:
            self._compiled(Config.SAVED)
            self._ask("commit")
            self.commits += 1
            self._programs[Config.RUNNING] = self._programs.pop(Config.SAVED)

    def discard_saved(self) -> None:
        """Forget the saved program, if there is one."""
        with self._programs_lock:
            self._ask("discard")
            self._programs.pop(Config.SAVED, None)

    # -- tables -----------------------------------------------------------------------------

    def write_table(self, config: Config, ops: Sequence[TableOp | DefaultOp]) -> None:
        """Change entries, in order, in runs of some consecutive operations between packets.

        Raises `RequestRefused` at the first operation that fails (a duplicate, an entry or
        member that is not there); those before it were done, those after it were not.
        """
        compiled = self._compiled(config)
        self._write_in_order(
            "write_entries", config, ops, lambda op: encoding.entry_op(op, compiled)
        )

    def change_entries(self, config: Config, changes: EntryChanges) -> None:
        """Change entries that are changed alike, likewise."""
        keys, action = encoding.entry_changes(changes, self._compiled(config))
        which, batch = encoding.which(config), next(self._batches)
        self._ask_all(
            (
                (
                    "change_entries",
                    which,
                    changes.kind.word,
                    changes.table,
                    keys[start : start + ALIKE_ENTRIES],
                    changes.priorities[start : start + ALIKE_ENTRIES],
                    action,
                    [column[start : start + ALIKE_ENTRIES] for column in changes.args],
                    start,
                    batch,
                )
                for start in range(0, len(keys), ALIKE_ENTRIES)
            ),
            changes.meanwhile,
        )

    def read_direct_counters(
        self, config: Config, entries: Sequence[EntryName]
    ) -> list[CounterCell]:
        """The direct counters of entries, in order. Raises `RequestRefused` for an unknown one."""
        cells = self._read_entries("read_entry_counters", config, entries)
        return [CounterCell(packets, octets) for packets, octets in cells]

    def write_direct_counters(
        self, config: Config, cells: Sequence[tuple[EntryName, CounterCell]]
    ) -> None:
        """Set direct counters. A MODIFY of an entry keeps its counter, an INSERT starts at 0."""
        values = [(name, (cell.packets, cell.bytes)) for name, cell in cells]
        self._write_entries("write_entry_counters", config, values)

    def read_direct_meters(self, config: Config, entries: Sequence[EntryName]) -> list[MeterCell]:
        """Entries' direct meters."""
        found = self._read_entries("read_entry_meters", config, entries)
        return [encoding.meter_cell(*item) for item in found]

    def write_direct_meters(
        self, config: Config, meters: Sequence[tuple[EntryName, MeterCell]]
    ) -> None:
        """Set direct meters."""
        values = [(name, encoding.meter(cell)) for name, cell in meters]
        self._write_entries("write_entry_meters", config, values)

    def read_idle_times_ms(self, config: Config, entries: Sequence[EntryName]) -> list[int]:
        """For each entry the time since it was hit last, or else inserted, in milliseconds."""
        return self._read_entries("read_idle_times", config, entries)

    def _read_entries(
        self, request: str, config: Config, entries: Sequence[EntryName]
    ) -> list[Any]:
        compiled = self._compiled(config)
        keys = [encoding.entry_key(name, compiled) for name in entries]
        answers = self._ask_all(_one_by_one(request, encoding.which(config), keys))
        return [item for answer in answers for item in answer]

    def _write_entries(
        self, request: str, config: Config, values: Sequence[tuple[EntryName, Any]]
    ) -> None:
        compiled = self._compiled(config)
        encoded = [(encoding.entry_key(name, compiled), value) for name, value in values]
        self._ask_all(_one_by_one(request, encoding.which(config), encoded))

    # -- action profiles --------------------------------------------------------------------

    def write_members(self, config: Config, ops: Sequence[MemberOp]) -> None:
        """Change members; entries that refer to a changed member use it at once."""
        compiled = self._compiled(config)
        self._write_in_order(
            "write_members", config, ops, lambda op: encoding.member_op(op, compiled)
        )

    def write_groups(self, config: Config, ops: Sequence[GroupOp]) -> None:
        """Change groups; entries that refer to a changed group use it at once."""
        self._compiled(config)
        self._write_in_order("write_groups", config, ops, encoding.group_op)

    def _write_in_order(
        self, name: str, config: Config, ops: Sequence[T], encode: Callable[[T], Any]
    ) -> None:
        """Send operations in runs; of what comes after one that is refused the worker does none."""
        which, batch = encoding.which(config), next(self._batches)
        encoded: list[Any] = []
        unfit: RequestRefused | None = None
        for place, op in enumerate(ops):
            try:
                encoded.append(encode(op))
            except RequestRefused as refusal:
                unfit = RequestRefused(str(refusal), place)
                break
        self._ask_all(
            (name, which, encoded[start : start + ENTRIES], start, batch)
            for start in range(0, len(encoded), ENTRIES)
        )
        if unfit is not None:
            raise unfit

    # -- replication ------------------------------------------------------------------------

    def set_multicast_group(self, group_id: int, replicas: Sequence[Replica]) -> None:
        """Create a group or replace its replicas."""
        self._ask("set_group", group_id, encoding.copies(replicas))

    def delete_multicast_group(self, group_id: int) -> None:
        """Delete a group; harmless if there is none. Packets to it are dropped and counted."""
        self._ask("set_group", group_id, None)

    def set_clone_session(
        self, session_id: int, replicas: Sequence[Replica], packet_length_bytes: int = 0
    ) -> None:
        """Create a clone session or replace it. 0 bytes: clones are not truncated."""
        self._ask("set_session", session_id, encoding.copies(replicas), packet_length_bytes)

    def delete_clone_session(self, session_id: int) -> None:
        """Delete a clone session; harmless if there is none."""
        self._ask("set_session", session_id, None, 0)

    # -- egress queues ----------------------------------------------------------------------

    def set_queue_depth(
        self, depth: int, port: int | None = None, priority: int | None = None
    ) -> None:
        """How many packets egress queues hold: of one priority, of a port, or of all ports.

        Raises `RequestRefused` for a priority that there is not.
        """
        self._ask("set_queue_depth", depth, port, priority)

    def set_queue_rate(
        self, rate_pps: int, port: int | None = None, priority: int | None = None
    ) -> None:
        """How many packets a second may leave each of these queues; 0: as many as there are.

        Raises `RequestRefused` for a priority that there is not.
        """
        self._ask("set_queue_rate", rate_pps, port, priority)

    # -- packets and ports ------------------------------------------------------------------

    def inject(self, port: int, frame: bytes) -> None:
        """Put a frame in as if it had been received at `port`.

        A packet-out enters at the CPU port, beginning with its header. What was written before
        by this thread is in effect for it.
        """
        self._running_worker().tell("inject", port, frame)

    def ports(self) -> dict[int, bool]:
        """Each port and whether its interface is up."""
        return self._events.ports() if self._events is not None else {}

    def clock_us(self) -> int:
        """The node's clock: what `ingress_global_timestamp` of a packet received now would be."""
        return self._ask("clock_us")

    def statistics(self) -> dict[str, int]:
        """Frames received, sent and dropped since start: `received`, `sent`, `dropped.REASON`."""
        return self._ask("statistics")

    # -- the worker -------------------------------------------------------------------------

    def _program(self, config: Config) -> tuple[Program, Compiled]:
        found = self._programs.get(config)
        if found is None:
            raise NoSavedProgram(f"there is no {config.value} program")
        return found

    def _compiled(self, config: Config) -> Compiled:
        return self._program(config)[1]

    def _running_worker(self) -> WorkerProcess:
        if self._worker is None:
            raise WorkerGone("the data plane is not started, or was stopped")
        return self._worker

    def _ask(self, name: str, *arguments: Any) -> Any:
        return self._running_worker().ask(name, *arguments)

    def _ask_all(
        self, requests: Iterable[Request], meanwhile: Callable[[], object] = nothing
    ) -> list[Any]:
        return self._running_worker().ask_all(requests, meanwhile)


def _one_by_one(name: str, which: int, items: Sequence[Any]) -> Iterator[Request]:
    """The same request for runs of consecutive items."""
    return ((name, which, list(run)) for run in slices(items, ENTRIES))
