"""Controllers' streams: what is sent to whom, and how a primary takes over.

Everything here runs in the event loop. A stream's messages wait in a queue of its own, so a slow
controller holds up nobody; packets, digests and time-outs for one whose queue is full are dropped
and counted.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable

from finsy.proto import p4r

from switch.p4runtime.arbitration import Arbiter, Notice, called
from switch.p4runtime.roles import RoleScope

LOG = logging.getLogger(__name__)

MAX_QUEUED_MESSAGES = 4096
"""Of one stream; beyond it what may be dropped is dropped."""


class Session:
    """One controller's stream."""

    def __init__(self, peer: str, cut: Callable[[], object], drops: Counter[str]) -> None:
        """`cut` ends the stream of a controller that does not read what it must know."""
        self.peer = peer
        self.dropped = 0
        self.is_overrun = False
        self._cut = cut
        self._drops = drops
        self._queue: asyncio.Queue[p4r.StreamMessageResponse | None] = asyncio.Queue()

    def send(self, message: p4r.StreamMessageResponse) -> None:
        """Queue a message that must arrive; too many of them cut the stream."""
        if self._queue.qsize() < 2 * MAX_QUEUED_MESSAGES:
            self._queue.put_nowait(message)
        elif not self.is_overrun:
            LOG.warning("%s does not read what it must know: its stream is cut", self.peer)
            self.is_overrun = True
            self._cut()

    def offer(self, message: p4r.StreamMessageResponse) -> None:
        """Queue a message that may be dropped."""
        if self._queue.qsize() < MAX_QUEUED_MESSAGES:
            self._queue.put_nowait(message)
            return
        self.dropped += 1
        self._drops["message to a slow controller"] += 1
        if self.dropped.bit_count() == 1:
            LOG.warning("%s is too slow: %d messages dropped so far", self.peer, self.dropped)

    def close(self, *, drop: bool) -> None:
        """Nothing more will be queued; what waits is sent, or dropped."""
        while drop and not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def next_message(self) -> p4r.StreamMessageResponse | None:
        """The message to send next, waited for; None after `close`."""
        return await self._queue.get()


class Sessions:
    """All streams of a switch, and the arbitration among them."""

    def __init__(self, arbiter: Arbiter) -> None:
        self.arbiter = arbiter
        self.drops: Counter[str] = Counter()
        """Messages that were dropped, by reason, of all streams since the start."""
        self._arbitration = asyncio.Lock()
        self._writes: Counter[str] = Counter()
        self._write_ended = asyncio.Event()

    async def arbitrate(self, session: Session, message: p4r.MasterArbitrationUpdate) -> None:
        """Handle a controller's message; raises the `StatusError` that ends its stream.

        A new primary is accepted when the writes of the former one are done.
        """
        async with self._arbitration:
            outcome = self.arbiter.update(session, message)
            self._send(outcome.notices)
            if outcome.becomes_primary:
                await self._wait_for_writes(outcome.role)
                self._send(self.arbiter.install(session))
                LOG.info("%s is primary of %s", session.peer, called(outcome.role))

    async def leave(self, session: Session) -> None:
        """A stream has ended."""
        async with self._arbitration:
            self._send(self.arbiter.leave(session))

    def begin_write(self, role: str) -> None:
        """A write of a role starts; until it ends no other primary of the role is accepted."""
        self._writes[role] += 1

    def end_write(self, role: str) -> None:
        """A write of a role has ended."""
        self._writes[role] -= 1
        self._write_ended.set()

    def primaries(self) -> Iterable[tuple[Session, RoleScope]]:
        """The primary of each role, and what it may see."""
        for controller, scope in self.arbiter.primaries():
            assert isinstance(controller, Session)
            yield controller, scope

    async def _wait_for_writes(self, role: str) -> None:
        while self._writes[role]:
            self._write_ended.clear()
            await self._write_ended.wait()

    def _send(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            assert isinstance(notice.controller, Session)
            notice.controller.send(p4r.StreamMessageResponse(arbitration=notice.message))
