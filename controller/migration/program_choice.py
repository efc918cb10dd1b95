"""Which programs a move needs at its two nodes, and whether loading them would lose anything.

Pure. A node's program has exactly the functions that it is to have: those of the destination and
the one that moves; those of the source without it, once none of its slots is left there. A source
that has slots of another function keeps its program, unless its reload was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.errors import RequestError
from controller.migration.catalog import Catalog
from controller.migration.record import Programs
from controller.model.placement import NodeFacts
from controller.model.slots import format_slots


class ReloadLossError(RequestError):
    """A node would be reloaded while other functions have slots there.

    Args:
        node: Which node.
        others: Those functions, with their slots.
    """

    def __init__(self, node: str, others: Mapping[str, frozenset[int]]) -> None:
        what = "; ".join(f"{name}, slots {format_slots(slots)}" for name, slots in others.items())
        super().__init__(
            f"{node} would be reloaded while it has {what}: what packets record there during the "
            "swap would be lost"
        )
        self.node = node
        self.others = others


def choose_programs(
    function: str,
    method: str,
    slots: frozenset[int],
    source: NodeFacts,
    destination: NodeFacts,
    catalog: Catalog,
) -> tuple[Programs, str]:
    """Return the nodes' programs before and after a move, and why in a sentence.

    Args:
        function: What moves.
        method: ``auto``, ``pm`` or ``pr``.
        slots: Which of its slots.
        source: What the source says of itself.
        destination: What the destination says of itself.
        catalog: The programs that there are.

    Raises:
        ReloadLossError: loading a program would lose something.
        RequestError: there is no such program.
    """
    has = function in destination.functions
    if method == "pm" and not has:
        raise RequestError(
            f"{destination.name} runs {destination.program or 'no program'}, which does not have "
            f"{function}: pipeline manipulation needs it there; use method pr"
        )
    gains, loses = _after(function, method, slots, source, destination, catalog)
    for node, program in ((destination, gains), (source, loses)):
        others = _lost_by_reload(node, function, catalog)
        if program != (node.program or "") and others:
            raise ReloadLossError(node.name, others)
    _refuse_difference(function, source, gains, catalog)
    programs = Programs(source.program or "", loses, destination.program or "", gains)
    if not has:
        return programs, f"{destination.name} does not have {function} and is reloaded with {gains}"
    return programs, f"{destination.name} has {function} in its program already"


def _after(
    function: str,
    method: str,
    slots: frozenset[int],
    source: NodeFacts,
    destination: NodeFacts,
    catalog: Catalog,
) -> tuple[str, str]:
    """Return the destination's and the source's program afterwards."""
    gains, loses = destination.program or "", source.program or ""
    if function not in destination.functions:
        gains = program_with(function, destination, catalog, source.program or "")
    keeps = source.functions[function].enforce - slots
    reloads = gains != (destination.program or "")
    lighter = reloads and not _lost_by_reload(source, function, catalog)
    if (method == "pr" or lighter) and not keeps:
        rest = frozenset(source.functions) - {function}
        loses = _choose(catalog, source, rest, destination.program or "")
    return gains, loses


def program_with(function: str, node: NodeFacts, catalog: Catalog, preferred: str = "") -> str:
    """Return the program that gives a node a function besides those that it has.

    Raises:
        RequestError: there is none, or what the node holds could not be carried to it.
    """
    return _choose(catalog, node, frozenset(node.functions) | {function}, preferred)


def could_have(function: str, node: NodeFacts, catalog: Catalog) -> bool:
    """Tell whether a node has a function, or could be reloaded with a program that has it."""
    if not node.reachable or function in node.functions:
        return node.reachable
    try:
        program_with(function, node, catalog)
    except RequestError:
        return False
    return not _lost_by_reload(node, function, catalog)


def _choose(catalog: Catalog, node: NodeFacts, wanted: frozenset[str], preferred: str) -> str:
    if node.program is None:
        raise RequestError(
            f"{node.name} runs a program that the network file does not name, so what it holds "
            "cannot be carried to another one: use method pm, or name its program"
        )
    chosen = catalog.with_functions(wanted, node.program, preferred)
    if chosen is None:
        raise RequestError(
            f"{node.name} would need a program with exactly {', '.join(wanted) or 'no function'}; "
            f"{catalog.describe()}"
        )
    return node.program if catalog.same(chosen, node.program) else chosen


def _lost_by_reload(node: NodeFacts, function: str, catalog: Catalog) -> dict[str, frozenset[int]]:
    """Return other functions whose packets record something there that a reload would lose."""
    manifests = catalog.manifests.get(node.program or "", {})
    return {
        other: busy
        for other, facts in node.functions.items()
        if other != function and (busy := facts.learn | facts.enforce)
        if other not in manifests or manifests[other].arrays
    }


def _refuse_difference(function: str, source: NodeFacts, gains: str, catalog: Catalog) -> None:
    """Refuse a move between two versions of a function whose state means different things."""
    ours = catalog.manifests.get(source.program or "", {}).get(function)
    theirs = catalog.manifests.get(gains, {}).get(function)
    difference = ours.difference(theirs) if ours and theirs else None
    if difference:
        raise RequestError(
            f"{function} of {source.program} and of {gains} do not fit together: {difference}"
        )
