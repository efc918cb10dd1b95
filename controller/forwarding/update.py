"""From what nodes hold to what they shall hold, in stages that make no loop and lose nothing. Pure.

All nodes are changed side by side within a stage; a stage begins when the one before has ended.

- *First* what nobody uses yet: path entries of groups that no destination leads to. And broadcast
  ports that are no longer wanted are closed: a spanning tree is taken down to what it shares with
  the next one before anything is added, so no broadcast ever finds a circle.
- *Then* what packets follow, by distance from where it leads: a node is changed after the node that
  it will send to. So whoever was changed sends along the new path all the way, and whoever was not
  sends along the old one until it meets one that was: there is no circle in either.
- *At last* what nobody uses any more: hosts that are gone, the farthest nodes first, so that
  nobody sends to a node that floods; then path entries of groups without destinations.

What is held and not wanted stays, unless it is known to have gone: an entry without a way is worth
no less than none, and what others have put there is theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from controller.forwarding.tables import FORWARD, SPREAD, Forwarding, Next, PathKey, Update
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
        found = []
        for _, drafts in sorted(self._drafts.items()):
            stage = {node: draft.finished() for node, draft in drafts.items()}
            stage = {node: update for node, update in stage.items() if len(update)}
            if stage:
                found.append(stage)
        return found


_UNUSED, _USED, _GONE, _LEFT = range(4)


def stages(
    held: Mapping[str, Forwarding],
    wanted: Wanted,
    distance: Distance,
    gone: Mapping[int, str],
) -> list[Stage]:
    """Return how nodes come from what they hold to what they shall hold.

    Args:
        held: What each node that can be written to holds.
        wanted: What they shall hold.
        distance: On the paths that are to be used.
        gone: MAC addresses of hosts that are there no longer, to the node where they were.
    """
    made = _Stages()
    for node, has in held.items():
        shall = wanted.nodes.get(node)
        if shall is not None:
            shall = _split(has, shall, wanted)
            _floods(made, node, has, shall)
            _paths(made, node, has, shall, wanted, distance)
            _destinations(made, node, has, shall, wanted, distance)
            lost = {mac: home for mac, home in gone.items() if mac not in shall.destinations}
            _take_away(made, node, has, shall, lost, distance)
    return made.in_order()


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
        group = partly.get(wanted.homes.get(mac, ""))
        if group is None or action != FORWARD or mac in destinations:
            continue
        if set(by_group[group].values()) != {port}:
            destinations[mac] = Next(SPREAD, group)
            stay = {(group, slot): port for slot in range(wanted.slots)}
            paths = {**stay, **paths}
    return replace(shall, destinations=destinations, paths=paths)


def _floods(made: _Stages, node: str, has: Forwarding, shall: Forwarding) -> None:
    for group, ports in shall.floods.items():
        found = has.floods.get(group)
        if found is not None and found - ports:
            made.at(_UNUSED, 0, node).floods[group] = found & ports
        if found is None or ports - found:
            made.at(_USED, 0, node).floods[group] = ports
    if shall.unknown is not None and shall.unknown != has.unknown:
        made.at(_USED, 0, node).unknown = shall.unknown


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
    gone: Mapping[int, str],
    distance: Distance,
) -> None:
    for mac, home in gone.items():
        if mac in has.destinations:
            made.at(_GONE, -distance(node, home), node).destinations[mac] = None
    used = _groups_after(has, shall, gone)
    for key in has.paths:
        if key[0] not in used:
            made.at(_LEFT, 0, node).paths[key] = None


def _groups_after(has: Forwarding, shall: Forwarding, gone: Collection[int]) -> set[int]:
    after = {**has.destinations, **shall.destinations}
    return {n.value for mac, n in after.items() if n.action == SPREAD and mac not in gone}
