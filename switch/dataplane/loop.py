"""The worker's loop: frames first, then one request, then a chore; waiting only if all is done."""

from __future__ import annotations

import select
import traceback
from contextlib import suppress
from time import monotonic, monotonic_ns, sleep

from switch.dataplane.buffers import BATCH
from switch.dataplane.channel import WorkerEnd
from switch.dataplane.moderation import Moderation
from switch.dataplane.node import Node
from switch.dataplane.ports import Port
from switch.dataplane.requests import REQUESTS
from switch.dataplane.traffic import NEVER
from switch.runtime.errors import Refused

IDLE_CHECK_INTERVAL_S = 1.0
"""How often entries are looked at for time-outs, as on BMv2."""


class Loop:
    """Runs until the control process goes away."""

    def __init__(self, node: Node, requests: WorkerEnd, events: WorkerEnd) -> None:
        self._node = node
        self._requests = requests
        self._events = events
        self._poller = select.epoll()
        self._ports: dict[int, Port] = {}
        """Those being waited on, by descriptor."""
        self._stopped: dict[int, Port] = {}
        """Those that wait until their interface takes frames, by descriptor of the sender."""
        self._awaited = select.EPOLLIN
        """Of the connection that requests come by."""
        self._poller.register(requests.fileno(), self._awaited)
        self._next_idle_check = monotonic() + IDLE_CHECK_INTERVAL_S
        self._moderation = Moderation(monotonic_ns())

    def run(self) -> None:
        """Serve packets and requests until the control process closes its end."""
        asked = busy = False
        try:
            while True:
                self._watch_ports()
                timeout_s = 0.0 if busy else self._time_to_wait()
                asked = self._serve_packets(timeout_s, may_pause=not asked)
                if asked:
                    self._serve_request()
                busy = self._node.process_again()
                busy |= self._node.serve_queues()
                busy |= self._node.do_chore()
        except EOFError:
            return
        finally:
            self._poller.close()

    def _time_to_wait(self) -> float:
        """Until the next check for idle entries, which is started if it is due.

        If a packet in a queue has its turn before that, this waits itself: epoll rounds up to whole
        milliseconds, `select` does not.
        """
        left = self._next_idle_check - monotonic()
        if left <= 0:
            self._node.programs.start_idle_check()
            self._next_idle_check = monotonic() + IDLE_CHECK_INTERVAL_S
            return 0.0
        due_ns = self._node.traffic.due_ns
        if due_ns == NEVER:
            return left
        left = max(0.0, min(left, (due_ns - monotonic_ns()) / 1e9))
        select.select([self._poller], (), (), left)
        return 0.0

    def _serve_packets(self, timeout_s: float, *, may_pause: bool) -> bool:
        """One batch from each port that has frames. Returns whether there is a request too."""
        asked = left_some = False
        frames = 0
        for descriptor, event in self._wait(timeout_s, may_pause):
            port = self._ports.get(descriptor)
            if port is not None:
                count = self._node.receive(port)
                frames, left_some = frames + count, left_some or count == BATCH
                self._node.serve_queues()  # or the next batch finds them full
            elif descriptor in self._stopped:
                if self._node.go_on(self._stopped[descriptor]):
                    self._poller.unregister(descriptor)
                    del self._stopped[descriptor]
            elif event & select.EPOLLOUT:
                self._requests.flush()
                self._wait_for_requests()
            else:
                asked = True
        self._moderation.received(frames, left_some, monotonic_ns())
        return asked

    def _wait(self, timeout_s: float, may_pause: bool) -> list[tuple[int, int]]:
        """What there is to do. Of many frames some are given time to gather behind the first.

        Not so after a request, of which there may be more in a row.
        """
        events = self._poller.poll(timeout_s)
        if not (timeout_s and may_pause and self._moderation.pause_s):
            return events
        sleep(self._moderation.pause_s)
        return self._poller.poll(0)

    def _serve_request(self) -> None:
        """Answer one request."""
        message = self._requests.receive()
        if message is None:
            return
        serial, name, *arguments = message
        try:
            result = REQUESTS[name](self._node, *arguments)
        except Refused as refusal:
            answer = (serial, "refused", refusal.args)
        except Exception:  # packets must go on, whatever is wrong with a request
            answer = (serial, "failed", (traceback.format_exc(),))
        else:
            answer = (serial, "done", result)
        if serial:
            self._requests.send(answer)
            self._wait_for_requests()

    def _wait_for_requests(self) -> None:
        """Wait for the next one, and for room if there are answers that did not leave yet."""
        events = select.EPOLLIN
        if self._requests.wants_to_send:
            events |= select.EPOLLOUT
        if events != self._awaited:
            self._awaited = events
            self._poller.modify(self._requests.fileno(), events)

    def _watch_ports(self) -> None:
        """Wait on the ports that there are, should they have changed, and on those that stopped."""
        if self._node.ports_changed:
            self._node.ports_changed = False
            for descriptor in (*self._ports, *self._stopped):
                with suppress(OSError):  # a closed one has left by itself
                    self._poller.unregister(descriptor)
            self._ports = {port.fileno(): port for port in self._node.ports.values()}
            for descriptor in self._ports:
                self._poller.register(descriptor, select.EPOLLIN)
            self._stopped.clear()
            self._node.stopped = [port for port in self._node.ports.values() if port.refused]
        while self._node.stopped:
            port = self._node.stopped.pop()
            self._stopped[port.sender_fileno()] = port
            self._poller.register(port.sender_fileno(), select.EPOLLOUT)
