"""The programs that the worker holds: the one that runs, a saved one, and old ones being freed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from types import CodeType

from switch.runtime.config import Config, Process, no_code
from switch.runtime.entries import Entry
from switch.runtime.errors import Refused
from switch.runtime.link import Surroundings, link

DISMANTLE_STEP = 256
"""Cells or entries of an old program freed between two batches."""

IDLE_CHECK_STEP = 64
"""Entries looked at for time-outs between two batches."""

IdleEntry = tuple[str, Entry]

_FREED = object()


class Programs:
    """Builds, swaps and frees programs, in steps between which packets are served."""

    def __init__(self) -> None:
        self._running: Config | None = None
        self._saved: Config | None = None
        self._building: Config | None = None
        self._code_pieces: list[bytes] = []
        self._retired: deque[tuple[Config, Iterator[None]]] = deque()
        self._idle_check: Iterator[IdleEntry | None] = iter(())

    def config(self, which: int) -> Config:
        """The running (0) or the saved (1) one."""
        found = self._saved if which else self._running
        if found is None:
            raise Refused(f"there is no {'saved' if which else 'running'} program")
        return found

    def all(self) -> list[Config]:
        """Those that are complete."""
        return [config for config in (self._running, self._saved) if config is not None]

    # -- building ---------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start to build one; one that was saved or half built before is dropped."""
        self.discard_saved()
        self._building = Config()

    def under_construction(self) -> Config:
        """The one that is being built."""
        if self._building is None:
            raise Refused("no program is being loaded")
        return self._building

    def add_code(self, piece: bytes) -> None:
        """Add a piece of its marshalled code."""
        self._code_pieces.append(piece)

    def take_code(self) -> bytes:
        """All pieces of the code."""
        code = b"".join(self._code_pieces)
        self._code_pieces.clear()
        return code

    def link(
        self,
        code: CodeType,
        source: str,
        links: Iterable[tuple[str, tuple[str, ...]]],
        around: Surroundings,
    ) -> None:
        """Finish it: it is the saved one from now on."""
        config = self.under_construction()
        link(config, code, source, links, around)
        self._saved, self._building = config, None

    # -- swapping ---------------------------------------------------------------------------------

    def commit(self, rounds: int) -> Process:
        """Make the saved one the running one; returns its code.

        The old one is kept for packets that are on their way in it; so often they may still come
        round.
        """
        config = self.config(1)
        if config.process is no_code:
            raise Refused("the saved program is not complete")
        if self._running is not None:
            self._running.rounds_left = rounds
        self._retire(self._running)
        self._running, self._saved = config, None
        self._idle_check = iter(())
        return config.process

    def discard_saved(self) -> None:
        """Drop the saved one and one that is half built."""
        self._retire(self._saved)
        self._retire(self._building)
        self._saved = self._building = None
        self._code_pieces.clear()

    def _retire(self, config: Config | None) -> None:
        if config is not None:
            self._retired.append((config, config.take_apart(DISMANTLE_STEP)))

    def free_some(self) -> bool:
        """Free a piece of an old one. False: there is none, or packets are on their way in it."""
        for retired in self._retired:
            config, pieces = retired
            if not config.on_their_way:
                if next(pieces, _FREED) is _FREED:
                    self._retired.remove(retired)
                return True
        return False

    # -- idle entries -----------------------------------------------------------------------------

    def start_idle_check(self) -> None:
        """Begin to look for entries that have become idle."""
        if self._running is not None:
            self._idle_check = self._running.idle_entries(IDLE_CHECK_STEP)

    def next_idle_entry(self) -> tuple[bool, IdleEntry | None]:
        """Look at some entries: whether there are more, and one that has become idle, if any."""
        try:
            return True, next(self._idle_check)
        except StopIteration:
            return False, None
