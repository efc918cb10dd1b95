"""From the data plane to controllers: packet-ins, digest lists, idle time-outs.

The data plane calls from a thread of its own; events are put into a queue that the event loop
empties in one go, so that a burst costs one wake-up. Each primary gets what its role may see.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque

from finsy.proto import p4r

from switch.dataplane.messages import Digest, EntryName
from switch.p4runtime.device import Device
from switch.p4runtime.digest_lists import DigestReporter
from switch.p4runtime.entities.table_keys import fill_key
from switch.p4runtime.sessions import Sessions
from switch.p4runtime.status import invalid_argument

LOG = logging.getLogger(__name__)

MAX_WAITING_EVENTS = 16384
"""From the data plane to the event loop; what comes on top is dropped and counted."""


class Notifier:
    """Tells the primaries what the data plane reports. Starts and ends in the event loop."""

    def __init__(self, device: Device, sessions: Sessions) -> None:
        self._device = device
        self._sessions = sessions
        self._loop = asyncio.get_running_loop()
        self._events: deque[bytes | Digest | EntryName] = deque()
        self._is_scheduled = False
        self._reporter = DigestReporter()
        self._timer: asyncio.TimerHandle | None = None
        self.dropped: Counter[str] = Counter()
        """Events that reached nobody, by kind and reason."""

    def notify(self, event: bytes | Digest | EntryName) -> None:
        """Take in an event: a frame for the CPU port, a digest, or an entry that is idle.

        Called from the data plane's thread; returns at once.
        """
        if len(self._events) >= MAX_WAITING_EVENTS:
            self.dropped["queue full"] += 1
            return
        self._events.append(event)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon_threadsafe(self._deliver)

    def acknowledge(self, ack: p4r.DigestListAck) -> None:
        """A primary has acted on a digest list; raises INVALID_ARGUMENT for an unknown digest."""
        pipeline = self._device.running
        if pipeline is None or ack.digest_id not in pipeline.digests:
            raise invalid_argument(f"there is no digest 0x{ack.digest_id:08x}")
        self._reporter.acknowledge(ack.digest_id, ack.list_id)

    def entities_written(self) -> None:
        """Digests may be configured anew: disabled ones are forgotten, time-outs count at once."""
        if self._reporter.is_in_use:
            self._send_due_digests()

    def program_changed(self) -> None:
        """Another program runs: what the former one learned is forgotten."""
        self._reporter.clear()

    def stop(self) -> None:
        """No timer any longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _deliver(self) -> None:
        self._is_scheduled = False
        idle: list[EntryName] = []
        for _ in range(len(self._events)):
            event = self._events.popleft()
            if isinstance(event, bytes):
                self._packet_in(event)
            elif isinstance(event, Digest):
                self._digest(event)
            else:
                idle.append(event)
        if idle:
            self._idle_timeouts(idle)
        self._schedule_digests()

    def _packet_in(self, frame: bytes) -> None:
        pipeline = self._device.running
        packet = pipeline.packet_io.packet_in(frame) if pipeline is not None else None
        if packet is None:
            self.dropped["packet-in header cut off"] += 1
            return
        message = p4r.StreamMessageResponse(packet=packet)
        receivers = [
            session for session, scope in self._sessions.primaries() if scope.wants(packet)
        ]
        for session in receivers:
            session.offer(message)
        if not receivers:
            self.dropped["packet-in without a primary"] += 1

    def _digest(self, event: Digest) -> None:
        pipeline = self._device.running
        digest_id = pipeline.digest_names.get(event.name, 0) if pipeline is not None else 0
        digest = pipeline.digests.get(digest_id) if pipeline is not None else None
        if digest is None:
            self.dropped["digest of another program"] += 1
            return
        self._send_digests(self._reporter.add(digest, event.values, time.monotonic_ns()))

    def _send_digests(self, message: p4r.DigestList | None) -> None:
        if message is None:
            return
        message.timestamp = time.time_ns()
        receivers = [
            session
            for session, scope in self._sessions.primaries()
            if scope.allows(message.digest_id)
        ]
        for session in receivers:
            session.offer(p4r.StreamMessageResponse(digest=message))
        if not receivers:
            self.dropped["digest list without a primary"] += 1
            self._reporter.not_sent(message.digest_id, message.list_id)

    def _schedule_digests(self) -> None:
        self.stop()
        pipeline = self._device.running
        due_ns = self._reporter.next_due_ns(pipeline.digests) if pipeline is not None else None
        if due_ns is not None:
            delay_s = max(0, due_ns - time.monotonic_ns()) / 1e9
            self._timer = self._loop.call_later(delay_s, self._send_due_digests)

    def _send_due_digests(self) -> None:
        pipeline = self._device.running
        for digest in pipeline.digests.values() if pipeline is not None else ():
            self._send_digests(self._reporter.due(digest, time.monotonic_ns()))
        self._schedule_digests()

    def _idle_timeouts(self, names: list[EntryName]) -> None:
        entries = [entry for name in names if (entry := self._idle_entry(name)) is not None]
        for session, scope in self._sessions.primaries():
            allowed = [entry for entry in entries if scope.allows(entry.table_id)]
            if allowed:
                notification = p4r.IdleTimeoutNotification(
                    table_entry=allowed, timestamp=time.time_ns()
                )
                session.offer(p4r.StreamMessageResponse(idle_timeout_notification=notification))

    def _idle_entry(self, name: EntryName) -> p4r.TableEntry | None:
        """The message of an entry; None if it was deleted meanwhile."""
        pipeline = self._device.running
        if pipeline is None or name.key is None or name.table not in pipeline.table_names:
            return None
        table = pipeline.tables[pipeline.table_names[name.table]]
        entry = table.entries.get((tuple(name.key), name.priority))
        if entry is None:
            return None
        message = p4r.TableEntry(
            controller_metadata=entry.controller_metadata,
            metadata=entry.metadata,
            idle_timeout_ns=entry.idle_timeout_ns,
        )
        fill_key(message, table, entry)
        return message
