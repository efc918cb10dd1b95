"""Which programs a move needs at its two nodes, and whether loading them would lose anything.

Pure. A node's program has exactly the functions that it is to have: those of the destination and
the one that moves; those of the source without it, once none of its slots is left there.
"""

from __future__ import annotations

from controller.errors import RequestError
from controller.migration.catalog import Catalog
from controller.migration.record import Programs
from controller.model.placement import NodeFacts
from controller.model.slots import format_slots


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
        RequestError: there is no such program, or loading it would lose something.
    """
    has = function in destination.functions
    if method == "pm" and not has:
        raise RequestError(
            f"{destination.name} runs {destination.program or 'no program'}, which does not have "
            f"{function}: pipeline manipulation needs it there; use method pr"
        )
    gains, loses = _after(function, method, slots, source, destination, catalog)
    if gains != (destination.program or ""):
        _refuse_loss(destination, function, catalog)
    if loses != (source.program or ""):
        _refuse_loss(source, function, catalog)
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
    if method == "pr" or gains != (destination.program or ""):
        rest = frozenset(source.functions) - {function}
        if not keeps:
            loses = _choose(catalog, source, rest, destination.program or "")
    return gains, loses


def program_with(function: str, node: NodeFacts, catalog: Catalog, preferred: str = "") -> str:
    """Return the program that gives a node a function besides those that it has.

    Raises:
        RequestError: there is none, or what the node holds could not be carried to it.
    """
    return _choose(catalog, node, frozenset(node.functions) | {function}, preferred)


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


def _refuse_loss(node: NodeFacts, function: str, catalog: Catalog) -> None:
    """Refuse a reload that would lose what packets record in another function meanwhile."""
    manifests = catalog.manifests.get(node.program or "", {})
    for other, facts in node.functions.items():
        busy = facts.learn | facts.enforce
        stateless = other in manifests and not manifests[other].arrays
        if other != function and busy and not stateless:
            raise RequestError(
                f"{node.name} would be reloaded while it has {other}, slots {format_slots(busy)}: "
                "what packets record there during the swap would be lost; move those first, or "
                "use method pm"
            )


def _refuse_difference(function: str, source: NodeFacts, gains: str, catalog: Catalog) -> None:
    """Refuse a move between two versions of a function whose state means different things."""
    ours = catalog.manifests.get(source.program or "", {}).get(function)
    theirs = catalog.manifests.get(gains, {}).get(function)
    difference = ours.difference(theirs) if ours and theirs else None
    if difference:
        raise RequestError(
            f"{function} of {source.program} and of {gains} do not fit together: {difference}"
        )
