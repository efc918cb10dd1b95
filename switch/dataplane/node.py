"""`Node`: everything the worker holds - ports, configs, replication - and what it does with frames.

The loop (`switch.dataplane.loop`) calls it with frames and requests; nothing here waits.
"""

from __future__ import annotations

import traceback
from collections import deque
from time import monotonic_ns

from switch.dataplane.buffers import BATCH, MAX_FRAME, PacketBuffer, ReceiveVector, SendVector
from switch.dataplane.channel import WorkerEnd
from switch.dataplane.errors import PortError
from switch.dataplane.libc import (
    TP_STATUS_CSUMNOTREADY,
    TP_STATUS_VLAN_VALID,
    VIRTIO_NET_HDR_SIZE,
)
from switch.dataplane.offload import (
    ADDRESSES_SIZE,
    NEEDS_REPAIR,
    TAG_SIZE,
    complete_checksum,
    restore_tag,
    tag_of,
)
from switch.dataplane.ports import Port, drain_to
from switch.dataplane.programs import Programs
from switch.dataplane.segmentation import Offload, segments
from switch.dataplane.traffic import NEVER, TrafficManager
from switch.runtime.config import Config, Process
from switch.runtime.drops import Drop
from switch.runtime.errors import AssertionFailed, EndlessLoop, Refused
from switch.runtime.instances import Instance
from switch.runtime.link import Surroundings
from switch.runtime.replication import ReplicationEngine

MAX_AGAIN = 1024
"""Packets that may wait to be resubmitted, recirculated or cloned from egress, as on BMv2."""

AGAIN_BATCH = 32

QUEUE_BATCH = BATCH
"""Packets taken from egress queues between two batches: no fewer than a batch puts there."""

MAX_REPORTED_FAULTS = 10
"""Tracebacks sent to the log for each program; the rest are only counted."""


class Node:
    """One switch's data plane, inside the worker."""

    def __init__(
        self, start_ns: int, cpu_port: int | None, events: WorkerEnd, priority_queues: int = 1
    ) -> None:
        self.start_ns = start_ns
        self.ports: dict[int, Port] = {}
        self.port_is_up: dict[int, bool] = {} if cpu_port is None else {cpu_port: True}
        self.replication = ReplicationEngine(self.port_is_up)
        self.ports_changed = False
        """Set when a port was opened; the loop resets it."""
        self.refused_batch = 0
        """The batch of changes of which one was refused last (`switch.dataplane.requests`)."""
        self.programs = Programs()
        self._cpu_port = cpu_port
        self._events = events
        self.stopped: list[Port] = []
        """Ports whose interface has begun to refuse frames; the loop empties it."""
        self._again: deque[tuple[Config, bytes, int, int, tuple]] = deque()
        self._drops = [0] * len(Drop)
        self.traffic = TrafficManager(priority_queues, start_ns, self._drops)
        if cpu_port is not None:
            self.traffic.add_port(cpu_port, [])
        self._injected = self._to_controller = 0
        self._buffer = PacketBuffer(self.flush)
        self._incoming = ReceiveVector(self._buffer)
        self._outgoing = SendVector()
        self._process: Process = self._without_program
        self._faults_reported = 0

    # -- frames -----------------------------------------------------------------------------------

    def receive(self, port: Port) -> int:
        """Process one batch of frames from a port and send what comes of it. Returns how many."""
        vector = self._incoming
        count = port.receive(vector)
        if not count:
            return 0
        lengths = vector.lengths[:count].tolist()
        statuses = vector.statuses[:count].tolist()
        done = 0
        while done < count:
            done = self._process_batch(port.number, done, lengths, statuses)
        self.flush()
        return count

    def _process_batch(
        self, number: int, first: int, lengths: list[int], statuses: list[int]
    ) -> int:
        """Process frames from the first one on. Returns the one after the last that was done.

        A frame on which the program fails is dropped, and the caller goes on behind it.
        """
        data, slots, process = self._buffer.data, self._buffer.slots, self._process
        index = first
        try:
            for index in range(first, len(lengths)):
                at = slots[index]
                length = lengths[index] - VIRTIO_NET_HDR_SIZE
                if statuses[index] & NEEDS_REPAIR or length > MAX_FRAME:
                    at, length = self._repair(number, index, at, length, statuses[index])
                    if not length:
                        continue
                process(data, at, length, number, 0, ())
        except Exception as error:
            self._report_fault(error)
        return index + 1

    def _repair(
        self, number: int, index: int, at: int, length: int, status: int
    ) -> tuple[int, int]:
        """Make a frame what it would be on a wire. Length 0: it is done with."""
        if length > MAX_FRAME:
            self._drops[Drop.TOO_LONG] += 1
            return at, 0
        data, vector = self._buffer.data, self._incoming
        offload = vector.offload(index) if status & TP_STATUS_CSUMNOTREADY else None
        if offload is not None and offload.kind:
            self._process_segments(number, index, bytes(data[at : at + length]), offload)
            return at, 0
        if offload is not None:
            complete_checksum(data, at, length, offload)
        if status & TP_STATUS_VLAN_VALID:
            at = restore_tag(data, at, vector.controls[index])
            length += TAG_SIZE
        return at, length

    def _process_segments(self, number: int, index: int, frame: bytes, offload: Offload) -> None:
        """Process the frames that a large one stands for."""
        self.flush()
        control, count = self._incoming.controls[index], 0
        for segment in segments(frame, offload):
            count += 1
            tag = b""
            if control.status & TP_STATUS_VLAN_VALID:
                tag = tag_of(control)
            whole = segment[:ADDRESSES_SIZE] + tag + segment[ADDRESSES_SIZE:]
            self._process_copy(self._process, whole, number, Instance.NORMAL, ())
        if not count:
            self._drops[Drop.TOO_LONG] += 1

    def inject(self, port: int, frame: bytes) -> None:
        """Process a frame as if it had been received at a port."""
        self._injected += 1
        self._process_copy(self._process, frame, port, Instance.NORMAL, ())

    def process_again(self) -> bool:
        """Process some of the packets that come round again. Returns whether there are more."""
        for _ in range(min(AGAIN_BATCH, len(self._again))):
            config, frame, port, kind, carried = self._again.popleft()
            config.on_their_way -= 1
            self._process_copy(config.process, frame, port, kind, carried)
        return bool(self._again)

    def serve_queues(self) -> bool:
        """Go on with packets whose turn it is. Returns whether there may be more."""
        if self.traffic.due_ns == NEVER:
            return False
        for _ in range(QUEUE_BATCH):
            found = self.traffic.next_packet(self.now_ns())
            if found is None:
                return False
            config, frame, port, needs = found
            self._process_copy(config.egress, frame, port, Instance.NORMAL, needs)
        return True

    def go_on(self, port: Port) -> bool:
        """Send what an interface had refused. Returns whether all of it is sent."""
        if not port.send_refused():
            return False
        self.traffic.go_on(port.number)
        return True

    def _process_copy(
        self, process: Process, frame: bytes, port: int, kind: int, carried: tuple
    ) -> None:
        if len(frame) > MAX_FRAME:
            self._drops[Drop.TOO_LONG] += 1
            return
        at = self._buffer.spare
        self._buffer.data[at : at + len(frame)] = frame
        try:
            process(self._buffer.data, at, len(frame), port, kind, carried)
        except Exception as error:
            self._report_fault(error)
        # What leaves unchanged is sent from the spare slot: it must be sent before the next one.
        self.flush()

    def flush(self) -> None:
        """Send everything that is queued, to ports and to the controller."""
        for port in self.ports.values():
            if port.queue and not port.flush(self._outgoing):
                self._stop(port)
        if self._cpu_port is not None and self.traffic.outputs[self._cpu_port]:
            self._flush_to_controller(self.traffic.outputs[self._cpu_port])
        self._buffer.sent()

    def _stop(self, port: Port) -> None:
        """Let packets to a port wait until its interface takes frames again."""
        self.traffic.stop(port.number)
        self.stopped.append(port)

    def _flush_to_controller(self, queue: list[int]) -> None:
        for frame in drain_to(self._buffer, queue):
            if self._events.try_send(("packet_in", frame)):
                self._to_controller += 1
            else:
                self._drops[Drop.CONTROLLER_BUSY] += 1

    def _tell(self, *event: object) -> None:
        """Report what a packet gives rise to; without room it is lost, the packet goes on."""
        if not self._events.try_send(event):
            self._drops[Drop.NOTICE_LOST] += 1

    def _requeue(self, config: Config, frame: bytes, port: int, kind: int, carried: tuple) -> None:
        if len(self._again) >= MAX_AGAIN or config.rounds_left == 0:
            self._drops[Drop.AGAIN_FULL] += 1
            return
        if config.rounds_left is not None:
            config.rounds_left -= 1
        config.on_their_way += 1
        self._again.append((config, frame, port, kind, carried))

    def _without_program(self, *frame: object) -> None:
        self._drops[Drop.NO_PROGRAM] += 1

    def _report_fault(self, error: Exception) -> None:
        """Count a packet on which the program failed, and say why as long as it is news."""
        self._drops[Drop.PROGRAM_ERROR] += 1
        self._faults_reported += 1
        if self._faults_reported > MAX_REPORTED_FAULTS:
            return
        if isinstance(error, AssertionFailed | EndlessLoop):
            self._events.try_send(("fault", f"{type(error).__name__}: {error}"))
        else:
            self._events.try_send(("fault", "".join(traceback.format_exception(error))))

    # -- programs ---------------------------------------------------------------------------------

    def surroundings(self) -> Surroundings:
        """What a program's code uses of this node."""
        return Surroundings(
            replication=self.replication,
            queues=self.traffic.direct,
            hold=self.traffic.hold,
            drops=self._drops,
            start_ns=self.start_ns,
            buffer_address=self._buffer.address,
            stash=self._buffer.stash,
            requeue=self._requeue,
            digest=lambda name, values: self._tell("digest", name, values),
            log=lambda template, values: self._tell("log", template, values),
        )

    def commit(self) -> None:
        """Let the saved program run from the next packet on.

        Packets that wait in queues or come round again finish in the old one: what they bring along
        means nothing to another. Those that would come round for ever are dropped in the end.
        """
        self._process = self.programs.commit(MAX_AGAIN)
        self._faults_reported = 0

    def do_chore(self) -> bool:
        """Free a piece of an old program, or look at some time-outs. False: nothing to do."""
        if self.programs.free_some():
            return True
        more, idle = self.programs.next_idle_entry()
        if idle is not None:
            table, entry = idle
            if not self._events.try_send(("idle", table, entry.key, entry.priority)):
                entry.reported_ns = -1  # again at the next check
        return more

    # -- ports ------------------------------------------------------------------------------------

    def open_port(self, number: int, interface: str) -> None:
        """Open a port, or open it anew."""
        try:
            port = Port(number, interface)
        except PortError as error:
            raise Refused(str(error)) from error
        former = self.ports.get(number)
        if former is not None:
            port.take_over(former)
            former.close()
        self.ports[number] = port
        self.traffic.add_port(number, port.queue)
        self.ports_changed = True
        self.port_is_up.setdefault(number, True)

    def set_port_status(self, number: int, is_up: bool) -> None:
        """A port came up or went down: members of groups that watch it come in or stay out."""
        self.port_is_up[number] = is_up
        self.replication.port_changed()
        for config in self.programs.all():
            config.port_changed(self.port_is_up)

    def now_ns(self) -> int:
        """The monotonic clock."""
        return monotonic_ns()

    def statistics(self) -> dict[str, int]:
        """Frames received, sent, given to the controller and dropped."""
        ports = self.ports.values()
        drops = list(self._drops)
        drops[Drop.SEND_FAILED] += sum(port.send_failed for port in ports)
        drops[Drop.RECEIVE_QUEUE] += sum(port.poll_kernel_drops() for port in ports)
        return {
            "received": sum(port.received for port in ports),
            "injected": self._injected,
            "sent": sum(port.sent for port in ports),
            "to_controller": self._to_controller,
            **{f"dropped.{reason.name.lower()}": drops[reason] for reason in Drop},
        }

    def close(self) -> None:
        """Close all ports."""
        for port in self.ports.values():
            port.close()
