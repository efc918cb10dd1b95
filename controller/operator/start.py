"""Where ``hitless`` begins: before it can say anything, Ctrl-C ends it at once and silently.

Choices: while modules are imported a ``KeyboardInterrupt`` would be a traceback, or be lost in a
callback of the import machinery, so until then the signal ends the process itself.
"""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> int:
    """Run the command that ``sys.argv`` has; return its exit status."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.SIG_IGN:  # as for what runs in the background of a script
        signal.signal(signal.SIGINT, _end)
    # Imported late: what takes the time.
    from controller.operator.cli import main as run

    try:
        signal.signal(signal.SIGINT, usual)
        return run()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _end(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)
