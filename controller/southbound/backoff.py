"""How long to wait before trying again."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Pauses that double from try to try, up to a limit, each shortened by chance by up to half.

    The chance keeps many drivers whose nodes failed together from coming back together.
    """

    def __init__(
        self, first_s: float, limit_s: float, chance: Callable[[], float] = random.random
    ) -> None:
        self._first_s = first_s
        self._limit_s = limit_s
        self._chance = chance
        self._next_s = first_s

    def reset(self) -> None:
        """Begin again with the shortest pause."""
        self._next_s = self._first_s

    def next_s(self) -> float:
        """Return the pause before the next try, in seconds."""
        pause_s = min(self._next_s, self._limit_s)
        self._next_s = min(2 * self._next_s, self._limit_s)
        return pause_s * (1 - self._chance() / 2)
