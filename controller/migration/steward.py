"""Keeps nodes at what they are meant to be: which program, entries, groups and slots each has.

What forwarding wants of a node is given to it here only together with a program, so that it is
there before the first packet; all else forwarding does itself.

What is meant comes from three places, the first that knows wins: the journal (what migrations
have made of it), the nodes themselves (what they enforce already), and the description (where
slots are placed at first). A slot that the description places at one node may be enforced by
another one whose session is not up yet, so such a slot is placed only when every node has been
heard, or when the ME's start-up is over (``settle(everything=True)``).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from finsy.p4entity import P4TableEntry
from finsy.p4schema import P4Schema

from controller.errors import NodeError, PipelineRejected, RequestError
from controller.migration.catalog import Catalog
from controller.migration.journal import Journal
from controller.migration.journal_rows import Intent
from controller.migration.provision import NodeIntent, ProvisionReport, provision
from controller.migration.site import Site
from controller.model.slots import format_slots
from controller.southbound.driver import InstalledPipeline, NodeDriver
from controller.state.words import manifests_of, name_of, read_words, turn_on

LOG = logging.getLogger(__name__)


class Steward:
    """Provisions nodes, and knows what is meant to be."""

    def __init__(self, site: Site, catalog: Catalog, journal: Journal) -> None:
        self._site = site
        self._catalog = catalog
        self._journal = journal
        self._lock = threading.Lock()
        self._heard: set[str] = set()
        self.keeps: Callable[[str, P4Schema], tuple[P4TableEntry, ...]] = lambda _node, _schema: ()
        "Entries that a node is to be given besides, together with a program."

    def program_of(self, node: str) -> str:
        """Return the name of the program that a node is meant to run."""
        meant = self._journal.intent().programs.get(node, "")
        return meant if meant in self._site.programs else self._site.network.nodes[node].program

    def placed(self) -> dict[str, frozenset[int]]:
        """Return, per function, the slots that somebody is meant to enforce."""
        slots = {
            function: frozenset().union(*nodes.values())
            for function, nodes in self._site.network.functions.items()
        }
        for function, placement in self._journal.intent().placement.items():
            slots[function] = slots.get(function, frozenset()) | frozenset(placement)
        return slots

    def provision(
        self, node: str, busy: Callable[[], bool], restarted: Callable[[], None]
    ) -> ProvisionReport:
        """Bring a node to what it is meant to be.

        Args:
            node: Its name.
            busy: Tells whether an unended migration has the node: then it is left as it is,
                unless it has no program.
            restarted: Called first if the node has no program.
        """
        driver = self._site.drivers[node]
        with self._site.hold(node):
            installed = driver.installed()
            if installed is None:
                restarted()
            elif busy():
                return ProvisionReport(node, None, 0, (), {}, postponed=True)
            report = self._provision(driver, installed)
        self._adopt(driver)
        self.settle()
        return report

    def push(self, node: str, program: str) -> ProvisionReport:
        """Give a node another program, and from now on mean it to have that. Its lock is held.

        Raises:
            RequestError: it enforces slots, whose state would miss packets meanwhile.
            NodeError: it refused, and runs what it ran before; or is gone, and gets the program
                when it is back.
        """
        driver = self._site.drivers[node]
        installed = driver.installed()
        if installed is not None:
            _refuse_push(driver, program)
        before = self.program_of(node)
        self._journal.intend(Intent(programs={node: program}))
        try:
            return self._provision(driver, installed)
        except PipelineRejected:
            self._journal.intend(Intent(programs={node: before}))
            self._journal.end_push(node)
            raise

    def _provision(
        self, driver: NodeDriver, installed: InstalledPipeline | None
    ) -> ProvisionReport:
        name = self._program_for(driver, installed)
        program = self._site.programs[name]
        fresh = installed is None or installed.cookie != program.cookie
        # To a node that has its program it would come in the wrong order: see forwarding.update.
        kept = self.keeps(driver.name, program.schema) if fresh else ()
        described = self._catalog.entries(self._site.network, driver.name, name)
        intent = NodeIntent(
            program,
            (*described, *kept),
            self._site.network.groups.get(driver.name, {}),
            self._slots_for(driver.name, name, empty=installed is None),
            self._journal.pushes().get(driver.name) == name,
        )
        if fresh:
            self._journal.begin_push(driver.name, name)
        report = provision(driver, intent)
        if fresh or intent.interrupted:
            self._journal.end_push(driver.name)
        self._journal.intend(Intent(programs={driver.name: name}))
        LOG.info("%s", report)
        return report

    def _program_for(self, driver: NodeDriver, installed: InstalledPipeline | None) -> str:
        """Return the program to provide: a described one that enforces something is kept."""
        meant = self.program_of(driver.name)
        if installed is None:
            return meant
        running = name_of(installed.cookie, self._site.programs, meant)
        if running is not None and running != meant and _enforces(driver):
            LOG.warning("%s runs %s instead of %s, and is kept so", driver.name, running, meant)
            return running
        return meant

    def _slots_for(self, node: str, program: str, *, empty: bool) -> dict[str, frozenset[int]]:
        """Return the slots that a node shall enforce in a program, as far as it is decided."""
        placement = self._journal.intent().placement
        described = self._site.network.functions
        slots: dict[str, frozenset[int]] = {}
        for function in self._catalog.manifests[program]:
            known: Mapping[int, str] = placement.get(function, {})
            mine = {slot for slot, at in known.items() if at == node}
            if empty:
                mine |= described.get(function, {}).get(node, frozenset()) - frozenset(known)
            if mine:
                slots[function] = frozenset(mine)
        return slots

    def _adopt(self, driver: NodeDriver) -> None:
        """Take over what a node enforces where the journal knows nothing."""
        with self._lock, self._site.hold(driver.name):
            known = self._journal.intent().placement
            adopted = {
                function: dict.fromkeys(
                    read_words(driver, manifest).enforce - frozenset(known.get(function, {})),
                    driver.name,
                )
                for function, manifest in manifests_of(driver).items()
            }
            if any(adopted.values()):
                self._journal.intend(Intent(placement=adopted))
            self._heard.add(driver.name)

    def settle(self, *, everything: bool = False) -> None:
        """Place described slots that nobody enforces, once every node was heard.

        Args:
            everything: Do not wait for nodes that have not been heard.
        """
        if not everything and not set(self._site.drivers) <= self._heard:
            return
        for function, nodes in self._site.network.functions.items():
            for node, slots in nodes.items():
                if node in self._heard and node in self._site.drivers:
                    self._place(function, node, slots)

    def _place(self, function: str, node: str, slots: Iterable[int]) -> None:
        driver = self._site.drivers[node]
        with self._lock, self._site.hold(node):
            known = self._journal.intent().placement.get(function, {})
            missing = frozenset(slots) - frozenset(known)
            if not missing:
                return
            try:
                manifest = manifests_of(driver).get(function)
                if manifest is not None:
                    turn_on(driver, manifest.learn, missing)
                    turn_on(driver, manifest.enforce, missing)
            except NodeError as exc:
                LOG.warning("%s: %s is not placed yet: %s", node, function, exc)
                return
            if manifest is not None:
                self._journal.intend(Intent({function: dict.fromkeys(missing, node)}))


def _refuse_push(driver: NodeDriver, program: str) -> None:
    for function, manifest in manifests_of(driver).items():
        enforced = read_words(driver, manifest).enforce
        if enforced:
            raise RequestError(
                f"{driver.name} enforces {function}, slots {format_slots(enforced)}, and cannot"
                f" get {program} before these are moved to another node: hitless migrate"
                f" {function} --from {driver.name} --to NODE"
            )


def _enforces(driver: NodeDriver) -> bool:
    return any(read_words(driver, m).enforce for m in manifests_of(driver).values())
