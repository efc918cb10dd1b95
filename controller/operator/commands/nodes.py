"""Commands about one node: what it holds, and which program it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controller.operator import holdings
from controller.operator.arguments import Argument, ArgumentError
from controller.operator.command import Answer, Command
from controller.operator.commands.common import DRY_RUN, NODE, program_names
from controller.operator.values import Flag, Name, Number, Text
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


def _add(me: ManagementEntity, arguments: Mapping[str, Any]) -> Answer:
    files = {key: Path(arguments[key]) for key in ("json", "p4info")}
    for key, path in files.items():
        if not path.is_absolute():
            text = "must be an absolute path: the management entity reads it, where it runs"
            raise ArgumentError(key.upper(), text)
    kept = not arguments["dry_run"]
    functions = me.add_program(arguments["name"], **files, keep=kept)
    return {"program": arguments["name"], "functions": functions, "added": kept}


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
        "program add",
        "take a newly compiled program in, for nodes to be given",
        _add,
        views.added,
        (
            Argument("name", "NAME", Name("NAME"), "what it shall be called", required=True),
            Argument("json", "JSON", Text("JSON"), "p4c's BMv2 JSON, a file", required=True),
            Argument(
                "p4info", "P4INFO", Text("P4INFO"), "p4c's P4Info text, a file", required=True
            ),
            replace(DRY_RUN, help="only check the program"),
        ),
        acts=True,
        details="The management entity reads the files on its own machine, so their paths are"
        " absolute; it checks them against each other and against the network's description, and"
        " keeps a copy beside its journal, so that the program is there after a restart too. No"
        " node is touched: `program push` gives it to one, and migrations by PR choose it where it"
        " fits. A new version needs a new name.",
        examples=("program add fw2 /root/fw2.json /root/fw2.p4info.txtpb --dry-run",),
    ),
    Command(
        "program push",
        "give a node another program, with what it holds, while traffic flows",
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
        " remembered when the node or the management entity restarts. Programs are those of the"
        " network's description and those taken in by `program add`.",
        examples=("program push s2 l2",),
    ),
)
