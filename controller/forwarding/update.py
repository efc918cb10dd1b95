"""From what nodes hold to what they shall hold, in stages that make no loop and lose nothing. Pure.

All nodes are changed side by side within a stage; a stage begins when the one before has ended.

What goes round in a network of switches multiplies, takes all there is of their time, and so
never ends; it must not even begin. Two things hold at each moment, whatever the nodes' turns:

- *Who has an entry for a destination leads to others that have one*, nearer to it each time; so
  from there no packet comes back to a node that floods.
- *Those that have none flood by trees*: all by the packet's slot, and by ports that are in one and
  the same tree. So a copy goes outwards until the tree ends, or a node that has an entry takes it.

Hence the order:

- *First* what is not wanted is closed: a tree is taken down to what it shares with the next one.
  A node that floods in another way than by slot closes all of its trees, and takes the way of all.
  Path entries are written of groups that no destination leads to.
- *Then* what packets follow, by distance from where it leads: a node is changed after the node that
  it will send to. So whoever was changed sends along the new path all the way, and whoever was not
  sends along the old one until it meets one that was: there is no circle in either. Hosts that are
  gone are dropped for, by every node that knew them.
- *When all do* they are forgotten: packets to them are flooded or dropped, and forwarded by nobody.
- *At last* trees grow to what they shall be: by now a node that came empty has its entries. If they
  change while there are nodes that nobody can write to, they end at those. And path entries of
  groups without destinations are taken away.

What is held and not wanted stays, unless it is known to have gone: an entry without a way is worth
no less than none, and what others have put there is theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from controller.forwarding.tables import DROP, FORWARD, SPREAD, Forwarding, Next, PathKey, Update
from controller.forwarding.wanted import Wanted

Stage = Mapping[str, Update]
"Node to what is changed there."

Distance = Callable[[str, str], int]
"How many links lie between two nodes on the new paths; 0 if there is no way."


@dataclass
class _Draft:
    """An update in the making."""

    destinations: dict[int, Next | None] = field(default_factory=dict)
    paths: dict[PathKey, int | None] = field(default_factory=dict)
    floods: dict[int, frozenset[int]] = field(default_factory=dict)
    unknown: Next | None = None

    def finished(self) -> Update:
        return Update(self.destinations, self.paths, self.floods, self.unknown)


class _Stages:
    """Stages in the making, in any order."""

    def __init__(self) -> None:
        self._drafts: dict[tuple[int, int], dict[str, _Draft]] = defaultdict(
            lambda: defaultdict(_Draft)
        )

    def at(self, phase: int, distance: int, node: str) -> _Draft:
        """Return a node's part of a stage."""
        return self._drafts[phase, distance][node]

    def in_order(self) -> list[Stage]:
        """Return the stages that change anything."""
        found: list[Stage] = []
        for _, drafts in sorted(self._drafts.items()):
            stage = {node: draft.finished() for node, draft in drafts.items()}
            stage = {node: update for node, update in stage.items() if len(update)}
            if stage:
                found.append(stage)
        return found


_UNUSED, _USED, _GONE, _LAST = range(4)


def stages(
    held: Mapping[str, Forwarding],
    wanted: Wanted,
    distance: Distance,
    gone: Collection[int],
) -> list[Stage]:
    """Return how nodes come from what they hold to what they shall hold.

    Args:
        held: What each node that can be written to holds.
        wanted: What they shall hold.
        distance: On the paths that are to be used.
        gone: MAC addresses of hosts that are there no longer.
    """
    made = _Stages()
    lost = (_dropped(held.values()) | set(gone)) - set(wanted.homes)
    everybody = set(held) >= set(wanted.nodes)
    trees = _trees(held, wanted)
    for node, has in held.items():
        shall = wanted.nodes.get(node)
        if shall is not None:
            shall = replace(shall, floods=trees[node])
            shall = _split(has, _filled(has, shall, wanted.otherwise.get(node, {})), wanted)
            mine = lost - set(shall.destinations) - wanted.described.get(node, frozenset())
            _floods(made, node, has, shall)
            _paths(made, node, has, shall, wanted, distance)
            _destinations(made, node, has, shall, wanted, distance)
            _take_away(made, node, has, shall, mine, everybody=everybody)
    return made.in_order()


def _dropped(held: Iterable[Forwarding]) -> set[int]:
    """Return hosts that somebody, in an earlier life perhaps, began to take away."""
    return {mac for has in held for mac, following in has.destinations.items() if following == DROP}


def _trees(
    held: Mapping[str, Forwarding], wanted: Wanted
) -> dict[str, Mapping[int, frozenset[int]]]:
    """Return the ports that groups shall have.

    If a tree grows anywhere, none leads to a node of which nobody knows now how it floods.
    """
    full = {node: shall.floods for node, shall in wanted.nodes.items()}
    grows = any(
        wanted.cables[node].keys() & (ports - has.floods.get(group, frozenset()))
        for node, has in held.items()
        for group, ports in full.get(node, {}).items()
    )
    if not grows:
        return full
    unsure = {
        node: {port for port, other in ports.items() if other not in held}
        for node, ports in wanted.cables.items()
    }
    return {
        node: {group: ports - unsure[node] for group, ports in trees.items()}
        for node, trees in full.items()
    }


def _filled(has: Forwarding, shall: Forwarding, otherwise: Mapping[int, Next]) -> Forwarding:
    """Return what a node shall hold, with known hosts that it has no entry for."""
    missing = {m: n for m, n in otherwise.items() if has.destinations.get(m, DROP) == DROP}
    return replace(shall, destinations={**missing, **shall.destinations})


def _split(has: Forwarding, shall: Forwarding, wanted: Wanted) -> Forwarding:
    """Return what a node shall hold if some slots of a destination move and others stay.

    What forwards all of a destination's packets by one port must be spread before slots can part.
    The slots that stay go on by that port.
    """
    by_group: dict[int, dict[int, int]] = defaultdict(dict)
    for (group, slot), port in shall.paths.items():
        by_group[group][slot] = port
    partly = {
        wanted.groups[group]: group
        for group, ports in by_group.items()
        if len(ports) < wanted.slots and group not in has.spread_groups()
    }
    destinations, paths = dict(shall.destinations), dict(shall.paths)
    for mac, (action, port) in has.destinations.items():
        parted = partly.get(wanted.homes.get(mac, ""))
        if parted is None or action != FORWARD or mac in destinations:
            continue
        if set(by_group[parted].values()) != {port}:
            destinations[mac] = Next(SPREAD, parted)
            stay = {(parted, slot): port for slot in range(wanted.slots)}
            paths = {**stay, **paths}
    return replace(shall, destinations=destinations, paths=paths)


def _floods(made: _Stages, node: str, has: Forwarding, shall: Forwarding) -> None:
    another_way = shall.unknown is not None and shall.unknown != has.unknown
    if another_way:
        made.at(_UNUSED, 0, node).unknown = shall.unknown
    for group, ports in shall.floods.items():
        found = has.floods.get(group, frozenset())
        stays = frozenset() if another_way else found & ports
        if stays != found:
            made.at(_UNUSED, 0, node).floods[group] = stays
        if stays != ports or group not in has.floods:
            made.at(_LAST, 0, node).floods[group] = ports


def _paths(
    made: _Stages,
    node: str,
    has: Forwarding,
    shall: Forwarding,
    wanted: Wanted,
    distance: Distance,
) -> None:
    in_use = has.spread_groups()
    for key, port in shall.paths.items():
        if has.paths.get(key) == port:
            continue
        if key[0] in in_use:
            made.at(_USED, distance(node, wanted.groups[key[0]]), node).paths[key] = port
        elif key[0] in shall.spread_groups():
            made.at(_UNUSED, 0, node).paths[key] = port


def _destinations(
    made: _Stages,
    node: str,
    has: Forwarding,
    shall: Forwarding,
    wanted: Wanted,
    distance: Distance,
) -> None:
    for mac, following in shall.destinations.items():
        if has.destinations.get(mac) != following:
            stage = made.at(_USED, distance(node, wanted.homes[mac]), node)
            stage.destinations[mac] = following


def _take_away(
    made: _Stages,
    node: str,
    has: Forwarding,
    shall: Forwarding,
    gone: Collection[int],
    *,
    everybody: bool,
) -> None:
    """Drop for hosts that are gone; forget them when nobody is left who may forward for them."""
    for mac in gone:
        if mac in has.destinations:
            if has.destinations[mac] != DROP:
                made.at(_USED, 0, node).destinations[mac] = DROP
            if everybody:
                made.at(_GONE, 0, node).destinations[mac] = None
    used = _groups_after(has, shall, gone)
    for key in has.paths:
        if key[0] not in used:
            made.at(_LAST, 0, node).paths[key] = None


def _groups_after(has: Forwarding, shall: Forwarding, gone: Collection[int]) -> set[int]:
    after = {**has.destinations, **shall.destinations}
    return {n.value for mac, n in after.items() if n.action == SPREAD and mac not in gone}
