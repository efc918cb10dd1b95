"""Signals that end a run become an exception once; while the run then cleans up, further ones
wait in vain.

Without this the second Ctrl-C of an impatient operator would leave half a network behind.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from types import FrameType


class Interrupted(BaseException):
    """A signal told us to end. Like KeyboardInterrupt it is no Exception, so nothing swallows
    it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number
        """The conventional exit status."""


def interrupt_on(numbers: Iterable[signal.Signals]) -> None:
    """Raise Interrupted in the main thread at the first of these signals, ignore them from then
    on.
    """
    chosen = tuple(numbers)

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in chosen:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    for number in chosen:
        signal.signal(number, interrupt)
