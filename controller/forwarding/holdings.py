"""What nodes were last seen to hold of forwarding, and when that has to be read again.

News may come from any thread; the rest is for forwarding's own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from controller.forwarding.nodes import Nodes
from controller.forwarding.tables import Forwarding
from controller.forwarding.update import Stage
from controller.forwarding.wanted import Described
from controller.model.network import NetworkDescription


class Holdings:
    """Knows what the nodes that can be written to hold."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._lock = threading.Lock()
        self._ready: set[str] = set()
        self._stale: set[str] = set()
        self._held: dict[str, Forwarding] = {}
        self._described: dict[str, Described] = {}

    # News

    def ready(self, name: str) -> None:
        """A node can be written to."""
        with self._lock:
            self._ready.add(name)
            self._stale.add(name)

    def lost(self, name: str) -> None:
        """A node cannot be written to."""
        with self._lock:
            self._ready.discard(name)
            self._stale.add(name)

    def doubt(self, names: Iterable[str]) -> None:
        """What these nodes hold may not be what was seen."""
        with self._lock:
            self._stale.update(names)

    # What is known

    @property
    def held(self) -> Mapping[str, Forwarding]:
        """Node to what it holds; those are left out of which nobody knows."""
        return self._held

    @property
    def described(self) -> Mapping[str, Described]:
        """Node to what is described for it."""
        return self._described

    def refresh(self, network: NetworkDescription) -> tuple[frozenset[str], bool]:
        """Read what is not known; return the nodes that should be, and whether there was news."""
        with self._lock:
            ready = frozenset(self._ready & set(network.nodes))
            stale, self._stale = self._stale, set()
        for name in [name for name in self._held if name in stale or name not in ready]:
            del self._held[name]
        missing = ready - set(self._held)
        for name in missing:
            self._described[name] = self._nodes.described(network, name)
        self._held |= self._nodes.read(missing)
        return ready, bool(missing or stale)

    def change(self, stage: Stage) -> bool:
        """Change nodes, side by side; tell whether all of them did. Others are not known then."""
        done = self._nodes.write(self._held, stage)
        for name in stage:
            self._held.pop(name, None)
        self._held |= done
        return len(done) == len(stage)
