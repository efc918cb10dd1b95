"""Keeps one node: sets it up whenever this controller becomes its primary, and knows what it holds.

Choices: one real thread for each node, with a queue: what happens to a node is handled in order,
nodes are handled side by side, and the driver's threads are never held up. A node that cannot be
set up is tried again with growing pauses as long as the session lasts; when it breaks, the
driver's own tries begin.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from controller.errors import HitlessError, in_words
from controller.model.placement import NodeFacts
from controller.model.standing import Readiness, Standing
from controller.southbound.driver import NodeState

LOG = logging.getLogger(__name__)

RETRY_FIRST_S = 1.0
RETRY_LIMIT_S = 30.0


class NodeCare(Protocol):
    """What a keeper needs of others; each call may block and has its own time limit."""

    def set_up(self, node: str) -> None:
        """Bring a node to what it should be; raises ``HitlessError``. Its outcome is logged."""

    def ask(self, node: str) -> NodeFacts:
        """Ask a node what it holds."""

    def on_standing(self, node: str, before: Standing, after: Standing) -> None:
        """A node's readiness changed, or the reason for it."""

    def on_facts(self, *facts: NodeFacts) -> None:
        """A node was asked."""


@dataclass(frozen=True)
class _Changed:
    state: NodeState
    reason: str


class _Audit:
    """Somebody wants to know what the node holds."""

    def __init__(self) -> None:
        self.done: Future[None] = Future()


class _Retry:
    """The time to set the node up once more has come."""


@dataclass(frozen=True)
class _Job:
    """Somebody has something to do at the node, in its turn."""

    work: Callable[[], None]


_Item = _Changed | _Audit | _Job | _Retry | None
"""What a keeper handles; None ends it."""


class NodeKeeper:
    """The thread that keeps one node."""

    def __init__(self, node: str, care: NodeCare) -> None:
        self.node = node
        self._care = care
        self._inbox: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._standing = Standing(Readiness.DOWN, "no session was made yet")
        self._pause_s = RETRY_FIRST_S
        self._retry_at: float | None = None
        self._lock = threading.Lock()
        self._audit: _Audit | None = None
        self._asked_at = -math.inf
        self._thread = threading.Thread(target=self._run, name=f"keeper of {node}", daemon=True)

    @property
    def standing(self) -> Standing:
        """The node's readiness now."""
        return self._standing

    def start(self) -> None:
        """Begin to handle what comes in."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """End it; False if it has not ended after the time limit."""
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def changed(self, state: NodeState, reason: str) -> None:
        """Note that the session's state changed; returns at once."""
        self._inbox.put(_Changed(state, reason))

    def do(self, work: Callable[[], None]) -> None:
        """Have something done in this node's turn; returns at once.

        What it raises that is a ``HitlessError`` is logged: the node is not there, or refuses.
        """
        self._inbox.put(_Job(work))

    def audit(self, max_age_s: float = 0.0) -> Future[None]:
        """Have the node asked what it holds; returns at once. The future ends afterwards.

        Args:
            max_age_s: What was heard within this time is new enough; 0: only what is to come.
        """
        with self._lock:
            if time.monotonic() - self._asked_at < max_age_s:
                return _ended()
            self._asked_at = -math.inf
            if self._audit is None:
                self._audit = _Audit()
                self._inbox.put(self._audit)
            return self._audit.done

    def _run(self) -> None:
        while True:
            item = self._next()
            try:
                match item:
                    case None:
                        return
                    case _Changed(state, reason):
                        self._on_changed(state, reason)
                    case _Audit():
                        self._on_audit(item)
                    case _Job(work):
                        work()
                    case _Retry():
                        self._set_up()
            except HitlessError as exc:
                LOG.warning("%s: %s", self.node, exc)
            except Exception:
                LOG.exception("%s: error in its keeper", self.node)

    def _next(self) -> _Item:
        """Wait for what comes in, or for the time to try again."""
        if self._retry_at is None:
            return self._inbox.get()
        try:
            return self._inbox.get(timeout=max(0.0, self._retry_at - time.monotonic()))
        except queue.Empty:
            return _Retry()

    def _on_changed(self, state: NodeState, reason: str) -> None:
        self._retry_at = None
        self._pause_s = RETRY_FIRST_S
        if state is NodeState.PRIMARY:
            self._stand(Readiness.SETTING_UP, reason)
            self._set_up()
            return
        self._stand(Readiness(state.value), reason)
        self._ask()

    def _on_audit(self, audit: _Audit) -> None:
        with self._lock:
            self._audit = None  # who comes from now on wants a later answer
        try:
            self._ask()
        finally:
            audit.done.set_result(None)

    def _set_up(self) -> None:
        self._retry_at = None
        try:
            self._care.set_up(self.node)
            self._ask()  # before it is ready, so that what a ready node holds is known
        except Exception as exc:
            self._retry_at = time.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, RETRY_LIMIT_S)
            self._stand(Readiness.FAILED, in_words(exc, LOG, f"{self.node}: its setting up"))
            self._ask()
        else:
            self._stand(Readiness.READY, "")

    def _ask(self) -> None:
        asked_at = time.monotonic()
        self._care.on_facts(self._care.ask(self.node))
        with self._lock:
            if self._audit is None:
                self._asked_at = asked_at

    def _stand(self, readiness: Readiness, reason: str) -> None:
        before = self._standing
        self._standing = Standing(readiness, reason)
        if self._standing != before:
            self._care.on_standing(self.node, before, self._standing)


def _ended() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future
