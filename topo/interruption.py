"""Signals that end a run become an exception once; a clean-up then runs to its end.

Without this the second Ctrl-C of an impatient operator would leave half a network behind.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal told us to end. No Exception, like KeyboardInterrupt: nothing swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number
        """The conventional exit status."""


def interrupt_on_ending_signals() -> None:
    """Raise Interrupted in the main thread at the first signal that ends a run, but once."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    for number in ENDING:
        signal.signal(number, interrupt)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore these signals while something must be done to its end, such as a clean-up."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals never interrupt another thread
        return
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def keyboard_interrupts() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, as an interactive prompt expects."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
