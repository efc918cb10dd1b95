"""Commands about one node: what it holds, and which program it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.operator import holdings
from controller.operator.arguments import Argument, ArgumentError
from controller.operator.command import Answer, Command
from controller.operator.commands.common import NODE, program_names
from controller.operator.values import Flag, Name, Number
from controller.operator.views import nodes as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity
    from controller.southbound.driver import NodeDriver


def _tables(me: ManagementEntity, arguments: Mapping[str, Any]) -> Answer:
    driver, table = _named(me, arguments, "table")
    if table is None:
        return holdings.tables(driver)
    return holdings.entries(driver, table, counters=arguments["counters"])


def _registers(me: ManagementEntity, arguments: Mapping[str, Any]) -> Answer:
    driver, register = _named(me, arguments, "register")
    if register is None:
        return holdings.registers(driver)
    first, count = _range(arguments, register.size)
    return holdings.register_cells(driver, register, first, count, zeros=arguments["zeros"])


def _counters(me: ManagementEntity, arguments: Mapping[str, Any]) -> Answer:
    driver, counter = _named(me, arguments, "counter")
    if counter is None:
        return holdings.counters(driver)
    return holdings.counter_cells(driver, counter, zeros=arguments["zeros"])


def _push(me: ManagementEntity, arguments: Mapping[str, Any]) -> Answer:
    report = me.push_program(arguments["node"], arguments["program"])
    return {
        "node": report.node,
        "program": arguments["program"],
        "pushed": report.pushed is not None,
        "entries": report.entries,
    }


def _named(me: ManagementEntity, arguments: Mapping[str, Any], kind: str) -> tuple[NodeDriver, Any]:
    """Return the node's driver, and the object of the P4Info that is named; None if none is."""
    driver = me.driver(arguments["node"])
    known = holdings.objects(driver, kind)
    name = arguments[kind]
    if name is None:
        return driver, None
    for found in known:
        if name in (found.name, found.alias):
            return driver, found
    names = [found.alias for found in known]
    raise ArgumentError(kind.upper(), f"the program of {driver.name} has no {kind} {name!r}", names)


def _range(arguments: Mapping[str, Any], size: int) -> tuple[int, int]:
    first, count = arguments["first"], arguments["count"]
    if first >= size:
        raise ArgumentError("--first", f"must be below {size}, not {first}")
    return first, min(count or size, size - first)


def _names(kind: str) -> Any:
    def names(me: ManagementEntity, others: Mapping[str, Any]) -> list[str]:
        if others.get("node") not in me.node_names():
            return []
        return [found.alias for found in holdings.objects(me.driver(others["node"]), kind)]

    return names


def _which(kind: str) -> Argument:
    return Argument(
        kind,
        kind.upper(),
        Name(kind.upper()),
        f"the {kind} to show (default: a list of all)",
        candidates=_names(kind),
        strict=False,
    )


_ZEROS = Argument("zeros", "--zeros", Flag(), "show cells that are 0 as well", default=False)

FAMILY = (
    Command(
        "tables",
        "the tables of a node, or the entries of one",
        _tables,
        views.tables,
        (
            NODE,
            _which("table"),
            Argument(
                "counters",
                "--counters",
                Flag(),
                "read the entries' packets and bytes as well",
                default=False,
            ),
        ),
        examples=("tables s1", "tables s1 dmac"),
    ),
    Command(
        "registers",
        "the registers of a node, or the cells of one",
        _registers,
        views.registers,
        (
            NODE,
            _which("register"),
            Argument("first", "--first", Number("CELL"), "the first cell (default: 0)", default=0),
            Argument("count", "--count", Number("N", least=1), "so many cells (default: all)"),
            _ZEROS,
        ),
        details="Cells are read a few at a time, so that packets are not held up; they are not all"
        " of the same moment.",
        examples=("registers s1", "registers s1 connections_3 --count 100"),
    ),
    Command(
        "counters",
        "the counters of a node, or the cells of one",
        _counters,
        views.counters,
        (NODE, _which("counter"), _ZEROS),
        examples=("counters s1 handled",),
    ),
    Command(
        "program push",
        "give a node another of the described programs, with what it holds, while traffic flows",
        _push,
        views.pushed,
        (
            replace(NODE, help="the node; it must not enforce any slots"),
            Argument(
                "program",
                "PROGRAM",
                Name("PROGRAM"),
                "the program",
                required=True,
                candidates=program_names,
            ),
        ),
        acts=True,
        details="Entries, counters and registers are kept as far as the new program has a place for"
        " them. A node that enforces slots is refused: move them away first. What was pushed is"
        " remembered when the node or the management entity restarts. A program that is not"
        " described is described first: add it to the network's description, check that with"
        " `osken-manager --check`, and restart the management entity; nodes go on meanwhile.",
        examples=("program push s2 l2",),
    ),
)
