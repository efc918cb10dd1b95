"""Loading another program into a node that goes on forwarding, without losing what it holds.

The order is that of P4Runtime's two phases: read what the node holds, save the new program, fill
it, commit. Until the commit packets run the old program; from the commit on they run the new
one, filled. A saved program cannot be taken back on every kind of node, so a reload that was
interrupted after its save is completed, whether it is to be kept or not.

The phase is journalled before each part, with the content that was read, because from the save on
the node itself cannot say what the old program held. Phases:

- ``saving``: the content is kept; save may have been called. The node's cookie tells: it reports
  the program that was saved last, committed or not.
- ``filling``: the node has the program saved; its content may be there or not.
- ``committing``: the content is there; commit may have been called.
- ``done``.

What packets add to counters and registers between the second reading, right before the save, and
the commit is lost; see ``controller.state.content``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from finsy.p4entity import P4TableEntry

from controller.errors import MigrationError, NodeRefused, PipelineRejected
from controller.migration.journal import Journal
from controller.southbound.driver import NodeDriver
from controller.southbound.program import Program
from controller.state.content import Content, cannot_carry, fill, read_content


class Reload:
    """One reload of one node, journalled under a migration."""

    def __init__(
        self,
        driver: NodeDriver,
        journal: Journal,
        migration_id: int,
        before: Program,
        after: Program,
        *,
        key: str,
        undoable: bool,
    ) -> None:
        """Describe a reload.

        Args:
            driver: The node, whose lock is held while anything here runs.
            journal: Keeps the phase and the content.
            migration_id: The migration that this belongs to.
            before: The program that the node runs.
            after: The program that it is to run; another one.
            key: Which of the migration's reloads this is.
            undoable: Whether to keep also what only the old program can hold.
        """
        self._driver = driver
        self._journal = journal
        self._id = migration_id
        self._before = before
        self._after = after
        self._key = key
        self._kept = before.schema if undoable else after.schema

    def run(
        self, extra: Iterable[P4TableEntry] = (), finish: Callable[[], None] = lambda: None
    ) -> int:
        """Reload, or complete a reload that was interrupted; return the number of updates.

        Idempotent. If the node has the program already, nothing is done.

        Args:
            extra: Entries of tables that only the new program has.
            finish: Called right before the commit, with the program saved and filled.

        Raises:
            NodeError: the node refused something, or cannot be reached.
            MigrationError: its content would not fit.
        """
        if self.is_pending():
            content = self._kept_content()
        elif self._cookie() == self._after.cookie:
            return 0
        else:
            content = self._save()
        written = 0
        if self._phase() != "committing":
            written = fill(self._driver, content, extra)
            finish()
            self._note("committing")
        self._commit()
        self._note("done")
        return written

    def abandon(self) -> None:
        """Put the old program back in the place of a saved one that cannot be filled.

        Raises:
            NodeWedged: this kind of node takes no second save; packets still run the old program.
        """
        content = self._kept_content()
        self._driver.save(self._before)
        fill(self._driver, content, ())
        self._commit()
        self._note("done")

    def is_pending(self) -> bool:
        """Tell whether the node may have the program saved and not committed."""
        phase = self._phase()
        if phase == "saving":
            return self._cookie() == self._after.cookie
        return phase in ("filling", "committing")

    def _save(self) -> Content:
        """Keep what the node holds and save the program; return the newest content."""
        content = read_content(self._driver, self._kept)
        problem = cannot_carry(self._before.schema, self._after.schema, content.entries)
        if problem:
            raise MigrationError(
                f"{self._driver.name} cannot be reloaded with {self._after.name}: {problem}"
            )
        data = content.to_bytes(self._before.schema)
        self._journal.put_content(self._id, f"{self._key} content", data)
        self._note("saving")
        content = read_content(self._driver, self._kept)
        try:
            self._driver.save(self._after)
        except PipelineRejected:
            self._note("")
            raise
        self._note("filling")
        return content

    def _commit(self) -> None:
        """Commit; a refusal is fine if an interrupted reload had come as far as this."""
        try:
            self._driver.commit()
        except PipelineRejected:
            if self._driver.pending or self._phase() != "committing":
                raise

    def _cookie(self) -> int:
        installed = self._driver.installed()
        if installed is None:
            raise NodeRefused(
                self._driver.name,
                f"reload with program {self._after.name}",
                "it has no program at all",
                "it was restarted; it is provisioned when its session is back",
            )
        return installed.cookie

    def _kept_content(self) -> Content:
        data = self._journal.content(self._id, f"{self._key} content")
        if data is None:
            raise MigrationError(f"the journal has lost what {self._driver.name} held")
        return Content.from_bytes(data, self._before.schema)

    def _phase(self) -> str:
        return (self._journal.content(self._id, f"{self._key} phase") or b"").decode("ascii")

    def _note(self, phase: str) -> None:
        self._journal.put_content(self._id, f"{self._key} phase", phase.encode("ascii"))
