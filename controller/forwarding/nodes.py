"""Reading and writing what nodes hold of forwarding, several nodes side by side.

Every access holds the node's lock, which a reload holds from its first reading to its commit: so
what is written here is either carried over by the reload, or written after it. While a program is
saved and not committed (a reload that was interrupted), a node is not written to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from controller.errors import HitlessError, NodeRefused
from controller.forwarding.tables import DMAC, Forwarding, Update, has_tables, held_by, updates
from controller.forwarding.update import Stage
from controller.forwarding.wanted import Described
from controller.model.network import NetworkDescription
from controller.southbound.driver import NodeDriver, Replica
from controller.state.entries import described

LOG = logging.getLogger(__name__)

Hold = Callable[[str], AbstractContextManager[None]]
"Keeps all other operations away from a node."

_THREADS = 32


class Nodes:
    """The nodes, as forwarding sees them."""

    def __init__(self, drivers: Mapping[str, NodeDriver], hold: Hold) -> None:
        self._drivers = drivers
        self._hold = hold
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="forwarding")
        self._told: dict[str, str] = {}

    def close(self) -> None:
        """End the threads; what is under way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def read(self, names: Iterable[str]) -> dict[str, Forwarding]:
        """Return what nodes hold; those that cannot be read are left out, and logged."""
        jobs = {name: (name,) for name in names}
        return {n: found for n, found in self._each(self._read, jobs).items() if found is not None}

    def write(self, held: Mapping[str, Forwarding], stage: Stage) -> dict[str, Forwarding]:
        """Change nodes; return what they hold then. Those that failed are left out, and logged."""
        jobs = {name: (name, held[name], update) for name, update in stage.items()}
        written = self._each(self._write, jobs)
        return {n: found for n, found in written.items() if found is not None}

    def described(self, network: NetworkDescription, name: str) -> Described:
        """Return what the network's description has of a node's forwarding."""
        driver = self._drivers[name]
        entries = described(network.entries.get(name, ()), driver.schema)
        mine = [entry for entry in entries if entry.table_id == DMAC]
        return Described(
            frozenset(entry.match["dst_addr"] for entry in mine if entry.match),
            any(entry.is_default_action for entry in mine),
            frozenset(network.groups.get(name, {})),
        )

    def _each(
        self, do: Callable[..., Forwarding], jobs: Mapping[str, tuple[Any, ...]]
    ) -> dict[str, Forwarding | None]:
        futures = {name: self._pool.submit(do, *arguments) for name, arguments in jobs.items()}
        done: dict[str, Forwarding | None] = {}
        for name, future in futures.items():
            try:
                done[name] = future.result()
                self._told.pop(name, None)
            except HitlessError as exc:
                done[name] = None
                self._tell(name, str(exc))
        return done

    def _tell(self, name: str, reason: str) -> None:
        """Log why a node could not be read or changed, once for each reason."""
        if self._told.get(name) != reason:
            self._told[name] = reason
            LOG.warning("forwarding: %s", reason)

    def _read(self, name: str) -> Forwarding:
        driver = self._drivers[name]
        with self._hold(name):
            self._refuse_unfit(driver, "read of paths")
            return held_by(driver.table_entries(), driver.multicast_groups())

    def _write(self, name: str, held: Forwarding, update: Update) -> Forwarding:
        driver = self._drivers[name]
        with self._hold(name):
            self._refuse_unfit(driver, f"write of {len(update)} changes of paths")
            for group, ports in update.floods.items():
                driver.set_multicast_group(group, (Replica(port) for port in ports))
            entries = list(updates(held, update))
            if entries:
                driver.write(entries)
        return update.applied_to(held)

    def _refuse_unfit(self, driver: NodeDriver, asked: str) -> None:
        if driver.pending:
            raise NodeRefused(
                driver.name, asked, "a reload is under way", "it is done when that has ended"
            )
        if not has_tables(driver.schema):
            raise NodeRefused(
                driver.name,
                asked,
                "its program does not forward by the tables dmac and path of p4/include/l2.p4",
                "describe its entries in the network file",
            )
