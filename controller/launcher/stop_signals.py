"""Being told to stop: signals, received whatever the process is doing, and a limit on stopping.

Choices: a signal may be delivered to any thread of the process, and Python runs its handler in the
main thread only, whenever that one runs again; a main thread that waits for a lock may never do. So
signals are taken from a socket that the interpreter writes their numbers to (``set_wakeup_fd``).
That works on os-ken's both hubs, since reading a socket does.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Collection
from typing import Any

LOG = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
APPS_ENDED = 0
"Stands for a reason that is no signal."


class StopSignals:
    """What tells this process to stop. One for each process, made in its main thread."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            # nohup leaves SIGHUP ignored, and so do we.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _handle)

    def apps_ended(self) -> None:
        """Tell that the apps have ended by themselves; from any thread."""
        self._writer.send(bytes([APPS_ENDED]))

    def wait(self) -> int:
        """Wait for a reason to stop, and return it: a signal's number, or ``APPS_ENDED``."""
        return self._next((APPS_ENDED, *STOP_SIGNALS), None)

    def end_hard_after(self, timeout_s: float) -> None:
        """Make sure that the process ends: after a time limit, or at once at the next signal."""
        threading.Thread(
            target=self._end_hard, args=(timeout_s,), name="shutdown watchdog", daemon=True
        ).start()

    def _end_hard(self, timeout_s: float) -> None:
        try:
            number = self._next(STOP_SIGNALS, timeout_s)
        except TimeoutError:
            stuck = [thread.name for thread in threading.enumerate() if not thread.daemon]
            LOG.critical("not stopped after %g s, ending hard; still busy: %s", timeout_s, stuck)
            logging.shutdown()
            os._exit(1)
        os._exit(128 + number)

    def _next(self, wanted: Collection[int], timeout_s: float | None) -> int:
        """Take the next of these numbers; raises ``TimeoutError``."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._reader], [], [], left_s)[0]:
                raise TimeoutError
            number = self._reader.recv(1)[0]
            if number in wanted:
                return number


def _handle(_number: int, _frame: Any) -> None:
    """Nothing: that there is a handler makes the interpreter write the signal's number."""
