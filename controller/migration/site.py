"""Where migrations happen: the nodes with their drivers, locks, programs, and the time limits.

Choices:
- One lock per node, held for one operation at a time (the change of a control word, the copy of
  one array, a reload), not for a whole migration. So migrations of other slots and functions run
  beside each other, and no operation meets a node between save and commit. Several nodes are
  locked in the order of their names, so nobody waits in a circle.
- Nodes are asked what they do under the same locks. So whoever takes slots off a node shows both
  nodes to the view before it lets them go (``shown``): nobody hears of one without the other.
- Time passes through ``sleep`` and ``now_ns``: tests live in a model's time, the ME in real time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from controller.errors import MigrationError
from controller.model.network import NetworkDescription
from controller.model.present import PresentNetwork
from controller.southbound.driver import NodeDriver
from controller.southbound.program import Program


@dataclass(frozen=True)
class MigrationOptions:
    """Time limits and bounds of migrations."""

    probe_timeout_s: float = 2.0
    "How long the way between two nodes is probed before it counts as broken."
    copy_rounds: int = 10
    "Copying rounds after which a move is given up."
    retry_s: float = 5.0
    "How long a step past the commit point, or an undo, is tried again before it waits for news."
    retry_pause_s: float = 0.2
    "Pause between two such tries."
    history: int = 1000
    "Ended migrations that the journal keeps, the latest; 10 or more."
    again_s: float = 10.0
    "After this time a blocked migration is tried again, whether there was news or not; 0: never."


class Site:
    """The nodes that migrations act on."""

    def __init__(
        self,
        present: PresentNetwork,
        drivers: Mapping[str, NodeDriver],
        programs: Mapping[str, Program],
        options: MigrationOptions,
        flush: Callable[[str, str, frozenset[int]], None],
        sleep: Callable[[float], None] | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Put the parts together.

        Args:
            present: Tells what the network is now.
            drivers: A driver for each of its nodes; may gain and lose some.
            programs: Its programs, read.
            options: Time limits and bounds.
            flush: Returns once slots' packets under way between two nodes have arrived.
            sleep: Waits so many seconds; for tests.
            now_ns: The host's monotonic clock; for tests.
        """
        self._present = present
        self.drivers = drivers
        self.programs = programs
        self.options = options
        self._locks: dict[str, threading.RLock] = {}
        self._stopping = threading.Event()
        self.flush = flush
        self.sleep: Callable[[float], None] = sleep or _wait
        self.now_ns = now_ns
        self.show: Callable[[Collection[str]], None] = lambda _names: None
        "Has the view take in what nodes hold now, in one step; their locks are held."

    @property
    def network(self) -> NetworkDescription:
        """The network as it is now."""
        return self._present.network

    @contextmanager
    def hold(self, *names: str) -> Iterator[None]:
        """Keep all other operations away from these nodes."""
        with ExitStack() as stack:
            for name in sorted(set(names)):
                stack.enter_context(self._locks.setdefault(name, threading.RLock()))
            yield

    @contextmanager
    def shown(self, *names: str) -> Iterator[None]:
        """The same, and show these nodes to the view at the end, also if something went wrong."""
        with self.hold(*names):
            try:
                yield
            finally:
                self.show(names)

    def program(self, name: str) -> Program:
        """Return a program that a migration was planned with.

        Raises:
            MigrationError: the description does not have it any more.
        """
        if name not in self.programs:
            raise MigrationError(
                f"the program {name} is not described any more: put it back into the network file"
            )
        return self.programs[name]

    def stop(self) -> None:
        """Make executors stop before their next step. Waits are short, and kept to the end."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopping.is_set()


def _wait(seconds: float) -> None:
    """Wait on a real thread, also where ``time.sleep`` belongs to eventlet."""
    threading.Event().wait(seconds)
