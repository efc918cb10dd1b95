"""Keeps nodes' tables for the learning of hosts as they shall be, each in its node's own turn.

Choices: a node's tables are read before they are written, and what differs is written. So it does
not matter who changed them, and nothing has to be remembered. Ports of which it is not known yet
what they face are left as they are: another process, or this one before the session broke, may have
known the hosts there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from controller.discovery.tables import (
    Learning,
    Wanted,
    learns_hosts,
    read_learning,
    set_copy_session,
    write_learning,
)
from controller.southbound.driver import NodeDriver, NodeState

REPAIR_PAUSE_S = 0.25
"Between two looks at the tables of a node that copies packets which it should not."


class HostLearner:
    """Wants tables to be so, and has them made so.

    Args:
        drivers: The nodes; may gain and lose some.
        do: Has something done in a node's turn; returns at once.
        hold: Keeps other operations away from a node.
        knew: Takes the hosts that a node knew when it became ready; returns at once.
    """

    def __init__(
        self,
        drivers: Mapping[str, NodeDriver],
        do: Callable[[str, Callable[[], None]], None],
        hold: Callable[[str], AbstractContextManager[None]],
        knew: Callable[[str, frozenset[tuple[int, str]]], None],
    ) -> None:
        self._drivers = drivers
        self._do = do
        self._hold = hold
        self._knew = knew
        self._wanted: dict[str, Wanted] = {}
        self._looked_at: dict[str, float] = {}
        self._pending: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, node: str) -> None:
        """A node is ready: ask what it knows, and have packets of unknown hosts copied here."""
        self._do(node, lambda: self._ask(node))

    def want(self, wanted: Mapping[str, Wanted]) -> None:
        """Have nodes' tables made so."""
        for node, what in wanted.items():
            self._wanted[node] = what
            self._look(node)

    def repair(self, node: str) -> None:
        """A node copied a packet of a host that it should know: look at its tables."""
        if time.monotonic() - self._looked_at.get(node, 0.0) > REPAIR_PAUSE_S:
            self._look(node)

    def _look(self, node: str) -> None:
        with self._lock:
            if node in self._pending or node not in self._wanted:
                return
            self._pending.add(node)
        self._do(node, lambda: self._write(node))

    def _ask(self, node: str) -> None:
        with self._hold(node):
            driver = self._driver(node)
            if driver is None:
                return
            set_copy_session(driver)
            known = read_learning(driver)
        self._knew(node, known.hosts)

    def _write(self, node: str) -> None:
        with self._lock:
            self._pending.discard(node)
            wanted = self._wanted[node]
            self._looked_at[node] = time.monotonic()
        with self._hold(node):
            driver = self._driver(node)
            if driver is not None:
                has = read_learning(driver)
                hosts = frozenset(host for host in has.hosts if host[0] in wanted.told)
                write_learning(driver, Learning(has.edge & wanted.told, hosts), wanted.learning)

    def _driver(self, node: str) -> NodeDriver | None:
        """Return a node's driver if the node can learn hosts now."""
        driver = self._drivers.get(node)
        if driver is None or driver.state is not NodeState.PRIMARY:
            return None
        return driver if learns_hosts(driver.schema) else None
