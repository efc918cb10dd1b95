"""How a traffic process is told to end: by a flag that its loop reads between packets."""

from __future__ import annotations

import signal
from types import FrameType


class StopRequest:
    """Becomes `requested` at the first SIGTERM or SIGINT; sleeps go on (PEP 475)."""

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
