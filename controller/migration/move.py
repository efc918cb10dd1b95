"""One migration under way: its record, and the two nodes as its steps see them.

The record has one owner at a time: every change goes through ``update``, which writes it to the
journal, then shows it to the listener. The manager uses it too, to note that a node restarted.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from controller.errors import MigrationError
from controller.migration.journal import Journal
from controller.migration.journal_rows import Intent
from controller.migration.record import MigrationRecord
from controller.migration.site import Site
from controller.southbound.driver import NodeDriver
from controller.state.manifest import FunctionManifest
from controller.state.words import manifest_of, manifests_of

LOG = logging.getLogger(__name__)


class MigrationListener(Protocol):
    """Who hears of migrations."""

    def on_migration(self, record: MigrationRecord) -> None:
        """A migration or one of its steps changed. Called from any thread; return at once."""


def tell(listener: MigrationListener, record: MigrationRecord) -> None:
    """Show a record to the listener; a defect of the listener's is logged and stops nothing."""
    try:
        listener.on_migration(record)
    except Exception:
        LOG.exception("who listens to migrations met a defect; the migration goes on")


class Move:
    """One migration that has not ended."""

    def __init__(
        self, site: Site, journal: Journal, listener: MigrationListener, record: MigrationRecord
    ) -> None:
        self.site = site
        self.journal = journal
        self._listener = listener
        self._record = record
        self._lock = threading.Lock()

    @property
    def record(self) -> MigrationRecord:
        """The record as it is now."""
        return self._record

    def update(
        self,
        change: Callable[[MigrationRecord], MigrationRecord],
        intent: Intent | None = None,
    ) -> MigrationRecord:
        """Make the next record, on disk before anything else happens. Raises ``JournalError``."""
        with self._lock:
            record = change(self._record)
            self.journal.put(record, intent)
            self._record = record
        tell(self._listener, record)
        return record

    # What steps need

    @property
    def function(self) -> str:
        """The function that moves."""
        return self._record.function

    @property
    def slots(self) -> frozenset[int]:
        """The slots that move."""
        return self._record.slots

    @property
    def source(self) -> NodeDriver:
        """The node that has the slots at first."""
        return self.site.drivers[self._record.source]

    @property
    def destination(self) -> NodeDriver:
        """The node that gets them."""
        return self.site.drivers[self._record.destination]

    def manifest(self, driver: NodeDriver) -> FunctionManifest:
        """Return the function as a node has it now. Raises ``NodeRefused`` if it has not."""
        return manifest_of(driver, self.function)

    def has_function(self, driver: NodeDriver) -> bool:
        """Tell whether a node's program has the function now."""
        return self.function in manifests_of(driver)

    def flush(self) -> None:
        """Return once the slots' packets under way between the two nodes have arrived.

        Raises:
            MigrationError: none gets through.
            NodeError: a node on the way cannot be reached.
        """
        self.site.flush(self._record.source, self._record.destination, self.slots)

    def refuse_lost(self, *drivers: NodeDriver) -> None:
        """Raise ``MigrationError`` if one of these nodes restarted since the move began."""
        for driver in drivers:
            if driver.name in self._record.lost:
                raise MigrationError(
                    f"{driver.name} was restarted in the middle: what it held is lost"
                )
