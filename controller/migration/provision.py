"""Bringing a node to what it shall be, with the least disturbance.

- A node that runs the right program gets nothing pushed: only what differs is written, entries
  that nobody described stay, and no slot is taken from it (it may be the only one to enforce it).
- A node without a program (new, or restarted) gets program, entries, groups and control words, and
  only then the commit that makes it forward: it fails closed, never open.
- A node with another program gets the right one the same way, if it enforces nothing: what both
  programs can hold is carried over, unless they contradict each other.

What the node shall be is decided above (``controller.migration.steward``); this is the doing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from finsy.p4entity import P4TableEntry

from controller.errors import NodeRefused, PipelineRejected
from controller.model.slots import format_slots
from controller.southbound.driver import InstalledPipeline, NodeDriver, replicas_of
from controller.southbound.program import Program
from controller.state.content import Content, cannot_carry, fill, read_content
from controller.state.entries import changes, key_of
from controller.state.words import manifest_of, manifests_of, read_words, turn_on

_EMPTY = Content((), {}, {})


@dataclass(frozen=True)
class NodeIntent:
    """What a node shall be."""

    program: Program
    entries: tuple[P4TableEntry, ...] = ()
    "Entries that it shall have, under full names, in tables of the program."
    groups: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    "Multicast group to ports."
    slots: Mapping[str, frozenset[int]] = field(default_factory=dict)
    "Function to the slots that it shall learn and enforce at least."
    interrupted: bool = False
    "A push of this program began before, and nobody knows whether it was committed."


@dataclass(frozen=True)
class ProvisionReport:
    """What was done to a node."""

    node: str
    pushed: str | None
    "Name of the program that was pushed; None: the node had it already."
    entries: int
    "Updates of table entries that were written."
    groups: tuple[int, ...]
    "Multicast groups that were written."
    turned_on: Mapping[str, frozenset[int]]
    "Function to slots that the node was made to enforce."
    postponed: bool = False
    "Nothing was done, because a migration is under way there; it is done when that has ended."

    def __str__(self) -> str:
        if self.postponed:
            return f"{self.node}: left as it is until its migration has ended"
        done = [f"program {self.pushed} loaded"] if self.pushed else ["program was there"]
        done += [f"{self.entries} entries written"] if self.entries else []
        done += [f"groups {', '.join(map(str, self.groups))} written"] if self.groups else []
        done += [f"{f}: slots {format_slots(s)} on" for f, s in self.turned_on.items()]
        return f"{self.node}: {'; '.join(done)}"


def provision(driver: NodeDriver, intent: NodeIntent) -> ProvisionReport:
    """Bring a node to what it shall be. Its lock is held. Idempotent.

    Raises:
        NodeRefused: it runs another program and enforces slots; nothing was changed.
        NodeError: it refused something or cannot be reached; calling again completes it.
    """
    installed = driver.installed()
    if installed is not None and installed.cookie == intent.program.cookie:
        groups = _set_groups(driver, intent)
        entries = _write_entries(driver, intent)
        on = _turn_on(driver, intent)
        if intent.interrupted:
            _commit_if_saved(driver)
        return ProvisionReport(driver.name, None, entries, groups, on)
    content = _EMPTY
    if installed is not None:
        _refuse_enforcing(driver, installed, intent)
        content = _carried(driver, intent)
    driver.save(intent.program)
    groups = _set_groups(driver, intent)
    entries = fill(driver, content, intent.entries)
    on = _turn_on(driver, intent)
    driver.commit()
    name = intent.program.name
    return ProvisionReport(driver.name, name, entries, groups, on)


def _set_groups(driver: NodeDriver, intent: NodeIntent) -> tuple[int, ...]:
    found = driver.multicast_groups()
    wrong = [g for g, ports in intent.groups.items() if found.get(g) != replicas_of(ports)]
    for group in wrong:
        driver.set_multicast_group(group, replicas_of(intent.groups[group]))
    return tuple(wrong)


def _write_entries(driver: NodeDriver, intent: NodeIntent) -> int:
    difference = changes(driver.table_entries(), intent.entries, exact=False)
    if difference:
        driver.write(difference.updates())
    return len(difference)


def _turn_on(driver: NodeDriver, intent: NodeIntent) -> dict[str, frozenset[int]]:
    """Set missing bits: learn first, so that nothing is enforced without being recorded."""
    turned_on: dict[str, frozenset[int]] = {}
    for function, slots in intent.slots.items():
        manifest = manifest_of(driver, function)
        missing = slots - read_words(driver, manifest).enforce
        turn_on(driver, manifest.learn, slots)
        if turn_on(driver, manifest.enforce, slots):
            turned_on[function] = missing
    return turned_on


def _refuse_enforcing(driver: NodeDriver, installed: InstalledPipeline, intent: NodeIntent) -> None:
    for function, manifest in manifests_of(driver).items():
        enforced = read_words(driver, manifest).enforce
        if enforced:
            raise NodeRefused(
                driver.name,
                f"load of program {intent.program.name}",
                f"it runs another program (cookie {installed.cookie:#x}), which enforces "
                f"{function}, slots {format_slots(enforced)}",
                "name that program in the network file, or restart the node empty",
            )


def _carried(driver: NodeDriver, intent: NodeIntent) -> Content:
    """Return what the node holds and shall keep; nothing if the programs contradict each other."""
    schema = intent.program.schema
    content = read_content(driver, schema)
    if cannot_carry(driver.schema, schema, content.entries) is not None:
        return _EMPTY
    wanted = {key_of(entry) for entry in intent.entries}
    kept = tuple(entry for entry in content.entries if key_of(entry) not in wanted)
    return Content(kept, content.counters, content.registers)


def _commit_if_saved(driver: NodeDriver) -> None:
    """Commit what an earlier process may have left saved; a refusal says that it had not."""
    try:
        driver.commit()
    except PipelineRejected:
        if driver.pending:
            raise
