"""The one door to os-ken's hub: nothing else knows whether it runs native threads or eventlet.

os-ken schedules its apps on one of two hubs, chosen by the environment variable OSKEN_HUB_TYPE
before the process starts: ``native`` (threads of the operating system, the default) or
``eventlet`` (green threads in one). Through here pass: what blocks (``call``), what runs beside
(``spawn``, ``Workers``, ``periodic``), and what comes from threads that os-ken does not know, such
as gRPC's (``Mailbox``).

Choices, each because of a trap in os-ken 4:
- On eventlet everything but ``threading`` is patched. The controller's core and the node drivers
  run on real threads with real locks under either hub, and ``call`` sends what may block to
  eventlet's thread pool. gRPC and sqlite would freeze all green threads otherwise.
- A green thread must not wait for a real lock, and a real thread cannot wake a green one. So
  apps and core share no locks: they pass items through a ``Mailbox``.
- On native threads os-ken sets ``TaskExit = Exception``, so that the first exception in any
  handler ends its app's event loop without a word. ``prepare`` narrows it: the exception is
  logged with its traceback and the loop goes on, as on eventlet.
- os-ken's own threads are not daemons, its ``kill`` does nothing on native threads, and its
  ``Event.wait`` and ``Timeout`` do not time out there. Threads spawned here are daemons, are
  joined with a time limit, and are stopped by an item in their mailbox.
"""

from __future__ import annotations

import collections
import logging
import os
import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from os_ken.lib import hub as os_ken_hub

LOG = logging.getLogger(__name__)

T = TypeVar("T")

NAME: str = os_ken_hub.HUB_TYPE
"The hub that this process runs on, for people."
EVENTLET = NAME == "eventlet"
if EVENTLET:
    import eventlet
    import eventlet.hubs
    import eventlet.tpool

MAILBOX_LIMIT = 1024
"Items that a mailbox holds if nothing else is said."


class MailboxEmpty(Exception):  # noqa: N818 - says what happened
    """Nothing came into a mailbox within the time limit."""


class MailboxFull(Exception):  # noqa: N818 - says what happened
    """A mailbox holds as many items as it may."""


class MailboxClosed(Exception):  # noqa: N818 - says what happened
    """A mailbox is closed, and everything that was in it has been taken."""


class TaskExit(BaseException):
    """What ends a task from outside on native threads: nothing that a handler raises by mistake."""


class Task(Protocol):
    """Something that runs beside: a thread of os-ken's hub, of either kind."""


def prepare() -> None:
    """Set the hub up; once, in the process's main thread, before sockets or threads are used."""
    if EVENTLET:
        os_ken_hub.patch(thread=False)
    else:
        os_ken_hub.TaskExit = TaskExit


def call(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run something that may block, without holding up other apps; return what it returns.

    ``function`` must have its own time limit. From a thread that is not the hub's it simply runs.
    """
    if EVENTLET and threading.current_thread() is threading.main_thread():
        return eventlet.tpool.execute(function, *args, **kwargs)
    return function(*args, **kwargs)


def spawn(function: Callable[..., object], *args: Any, name: str) -> Task:
    """Run a function beside; an exception that leaves it is logged. To be called on the hub."""
    if EVENTLET:
        return os_ken_hub.spawn(_logged, function, args, name)
    thread = os_ken_hub.HubThread(_logged, (function, args, name), {})
    thread.name = name
    thread.daemon = True
    thread.start()
    return thread


def _logged(function: Callable[..., object], args: tuple[Any, ...], name: str) -> None:
    try:
        function(*args)
    except Exception:
        LOG.exception("%s: ended by an error", name)


class Workers:
    """Runs functions beside, as ``spawn`` does, but keeps threads for the next ones.

    To start a thread costs several times what an answer to a short question does. Green threads
    cost little and are not kept.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._todo: queue.SimpleQueue[tuple[Callable[..., object], tuple[Any, ...]] | None]
        self._todo = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)

    def do(self, function: Callable[..., object], *args: Any) -> None:
        """Run a function beside; to be called on the hub."""
        if EVENTLET:
            spawn(function, *args, name=self._name)
            return
        self._todo.put((function, args))
        if not self._idle.acquire(blocking=False):
            spawn(self._work, name=self._name)

    def close(self) -> None:
        """End threads when they have nothing to do. Idempotent."""
        self._todo.put(None)

    def _work(self) -> None:
        while (task := self._todo.get()) is not None:
            function, args = task
            _logged(function, args, self._name)
            self._idle.release()
        self._todo.put(None)  # for the others


def join_all(tasks: list[Any]) -> None:
    """Wait, for as long as it takes, until all of these have ended: os-ken's own threads too."""
    os_ken_hub.joinall(tasks)


def join(task: Any, timeout_s: float) -> bool:
    """Wait until a task has ended; False if it has not after the time limit."""
    if not EVENTLET:
        task.join(timeout_s)
        return not task.is_alive()
    with eventlet.Timeout(timeout_s, False):
        task.wait()
        return True
    return False


class Mailbox(Generic[T]):
    """A bounded queue from any thread to one task of the hub."""

    _END = object()

    def __init__(self, limit: int = MAILBOX_LIMIT) -> None:
        self._limit = limit
        self._queue: Any = _GreenQueue() if EVENTLET else queue.SimpleQueue()

    def put(self, item: T) -> None:
        """Add an item, at once and from anywhere; raises ``MailboxFull``."""
        if self._queue.qsize() >= self._limit:
            raise MailboxFull(f"{self._limit} items are waiting")
        self._queue.put(item)

    def close(self) -> None:
        """End the stream of items; what was put before can still be taken. From anywhere."""
        self._queue.put(self._END)

    def get(self, timeout_s: float | None = None) -> T:
        """Take the oldest item, on the hub.

        Raises:
            MailboxEmpty: none came within the time limit.
            MailboxClosed: none will come any more.
        """
        try:
            item = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            raise MailboxEmpty(f"nothing came within {timeout_s} s") from None
        if item is self._END:
            self._queue.put(self._END)
            raise MailboxClosed
        return item

    def __iter__(self) -> Iterator[T]:
        """Take items until the mailbox is closed."""
        while True:
            try:
                yield self.get()
            except MailboxClosed:
                return


class _GreenQueue:
    """The part of ``queue.SimpleQueue`` that a mailbox needs, readable by a green thread.

    An eventfd wakes the reader, whichever thread writes. It is closed with the last reference,
    so that no late writer meets a descriptor that is somebody else's by then.
    """

    def __init__(self) -> None:
        self._items: collections.deque[Any] = collections.deque()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        # Not at exit: tasks that still run then would write to a closed descriptor.
        weakref.finalize(self, os.close, self._wake_fd).atexit = False

    def qsize(self) -> int:
        return len(self._items)

    def put(self, item: Any) -> None:
        self._items.append(item)
        os.eventfd_write(self._wake_fd, 1)

    def get(self, timeout: float | None = None) -> Any:
        while not self._items:
            eventlet.hubs.trampoline(
                self._wake_fd, read=True, timeout=timeout, timeout_exc=queue.Empty
            )
            os.eventfd_read(self._wake_fd)
        return self._items.popleft()


class Periodic:
    """A task that calls a function in equal intervals, until it is stopped."""

    def __init__(self, interval_s: float, function: Callable[[], object], name: str) -> None:
        self._interval_s = interval_s
        self._function = function
        self._name = name
        self._stop: Mailbox[None] = Mailbox()
        self._task = spawn(self._run, name=name)

    def stop(self, timeout_s: float = 1.0) -> None:
        """End it; a call under way is awaited up to the time limit."""
        self._stop.close()
        join(self._task, timeout_s)

    def _run(self) -> None:
        while True:
            try:
                self._stop.get(self._interval_s)
            except MailboxEmpty:
                _logged(self._function, (), self._name)
            except MailboxClosed:
                return


def periodic(interval_s: float, function: Callable[[], object], *, name: str) -> Periodic:
    """Call a function every ``interval_s`` seconds; it must not block (post an event)."""
    return Periodic(interval_s, function, name)
