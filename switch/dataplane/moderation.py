"""When to let frames gather before they are received: what network cards call moderation.

Few frames a second are each served as they come. Of many, each would cost a wake-up and three
system calls, and interrupt the sender if that shares the processor: so from some rate on, frames
are given a moment to gather behind the first one, as by `ethtool -C … rx-usecs` on a card.
"""

from __future__ import annotations

DENSE_PPS = 20_000
"""From this rate on frames gather."""

WINDOW_NS = 1_000_000
"""The rate is measured over at least so long."""

PAUSE_S = 50e-6
"""How long frames gather: what moderation may add to latency."""


class Moderation:
    """Watches the rate of frames. Times are nanoseconds of one clock, and given by the caller."""

    def __init__(self, now_ns: int) -> None:
        self.pause_s = 0.0
        """How long to wait for more frames once there is one."""
        self._is_dense = False
        self._since_ns = now_ns
        self._frames = 0

    def received(self, frames: int, left_some: bool, now_ns: int) -> None:
        """So many frames were received. `left_some`: more than fit into one batch are there."""
        self._frames += frames
        passed_ns = now_ns - self._since_ns
        if passed_ns >= WINDOW_NS:
            self._is_dense = self._frames * 1_000_000_000 >= DENSE_PPS * passed_ns
            self._since_ns, self._frames = now_ns, 0
        self.pause_s = PAUSE_S if self._is_dense and not left_some else 0.0
