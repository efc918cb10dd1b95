"""A node's control words and what they say: which slots of which function it learns and enforces.

The words are the truth of the placement. They are changed by read, modify, write, so whoever
changes them holds the node's lock (``controller.migration.site``): two migrations of other slots
may be under way at the same node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller.errors import NodeError, NodeRefused
from controller.model.placement import FunctionFacts, NodeFacts
from controller.model.slots import slots_of, word_of
from controller.southbound.driver import NodeDriver, NodeState
from controller.southbound.program import Program
from controller.state.manifest import FunctionManifest
from controller.state.manifest_reader import read_manifests


def manifests_of(driver: NodeDriver) -> Mapping[str, FunctionManifest]:
    """Return the functions of the program that control calls to a node act on."""
    return read_manifests(driver.schema, f"of node {driver.name}")


def manifest_of(driver: NodeDriver, function: str) -> FunctionManifest:
    """Return one function of a node's program. Raises ``NodeRefused`` if it has it not."""
    found = manifests_of(driver).get(function)
    if found is None:
        raise NodeRefused(
            driver.name,
            f"control of {function}",
            "its program does not have this function",
            "the node may have been restarted or reloaded meanwhile",
        )
    return found


def read_words(driver: NodeDriver, manifest: FunctionManifest) -> FunctionFacts:
    """Read both control words of a function."""
    learn, enforce = (
        slots_of(driver.read_registers(register, 0, 1)[0])
        for register in (manifest.learn, manifest.enforce)
    )
    return FunctionFacts(manifest.slots, learn, enforce)


def turn_on(driver: NodeDriver, register: str, slots: Iterable[int]) -> bool:
    """Set bits of a control word; tell whether any was not set. The node's lock is held."""
    word = driver.read_registers(register, 0, 1)[0]
    return _write(driver, register, word, word | word_of(slots))


def turn_off(driver: NodeDriver, register: str, slots: Iterable[int]) -> bool:
    """Clear bits of a control word; tell whether any was set. The node's lock is held."""
    word = driver.read_registers(register, 0, 1)[0]
    return _write(driver, register, word, word & ~word_of(slots))


def _write(driver: NodeDriver, register: str, before: int, after: int) -> bool:
    if after != before:
        driver.write_registers(register, {0: after})
    return after != before


def ask(driver: NodeDriver, programs: Mapping[str, Program], named: str) -> NodeFacts:
    """Ask a node what it is and does; one that cannot be asked is a fact too.

    Args:
        driver: The node.
        programs: The programs that have a name.
        named: The name to prefer where several programs are the same.
    """
    if driver.state is NodeState.DOWN:
        return NodeFacts(driver.name, reachable=False, reason="there is no session with it")
    try:
        installed = driver.installed()
        if installed is None:
            return NodeFacts(driver.name, reachable=True)
        manifests = read_manifests(installed.schema, f"of node {driver.name}")
        functions = {name: read_words(driver, m) for name, m in manifests.items()}
    except NodeError as exc:
        return NodeFacts(driver.name, reachable=False, reason=str(exc))
    return NodeFacts(driver.name, True, name_of(installed.cookie, programs, named), functions)


def name_of(cookie: int, programs: Mapping[str, Program], named: str) -> str | None:
    """Return the name of the program with this cookie; ``named`` if that is one of several."""
    names = [name for name, program in programs.items() if program.cookie == cookie]
    return named if named in names else next(iter(names), None)
