"""Where hosts are, from where they were seen. Pure.

A described host keeps its name and addresses wherever it is seen, and is where it is described
until it is seen elsewhere. Others are learned, and named by their MAC address. A learned host that
is silent is not simply dropped: its entry at the node is taken away first, so that the next packet
of it would be copied here, and only if none comes it is gone.

A host that is seen at another port has moved, at once the first time; one that moves again and
again (two hosts with one address, or a loop) is held where it is for longer and longer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from controller.discovery.crowding import Limit
from controller.discovery.damping import Damping, Strikes
from controller.discovery.draft import Draft
from controller.discovery.options import DiscoveryOptions
from controller.discovery.sightings import Sighting
from controller.model.network import NetworkDescription
from controller.model.parts import Host, Port

ADDRESSES = 8
"IP addresses that are kept of a learned host, the latest."


class Hosts:
    """The hosts of one network, beside the topology: when they were seen, and what is asked."""

    def __init__(self, description: NetworkDescription, options: DiscoveryOptions) -> None:
        self._described = description.hosts
        macs = Counter(host.mac for host in description.hosts.values())
        self._names = {h.mac: n for n, h in description.hosts.items() if macs[h.mac] == 1}
        self._options = options
        self._damping = Damping(options.hold_first_s, options.hold_limit_s, options.forgive_s)
        self._moves: dict[str, Strikes] = {}
        self._seen: dict[str, float] = {}
        self._asked: set[str] = set()

    def is_asked(self, name: str) -> bool:
        """Tell whether the next packet of a host shall be copied here."""
        return name in self._asked

    def see(self, draft: Draft, port: Port, seen: Sighting, now: float) -> bool:
        """A host was seen at an edge port; tell whether it had been asked for."""
        name = self._names.get(seen.mac, seen.mac)
        known = draft.hosts.get(name)
        if known is None and not self._admit(draft, port):
            return False
        if known is not None and known.attached != port and not self._may_move(name, now):
            return False
        self._seen[name] = now
        asked = name in self._asked
        self._asked.discard(name)
        described = self._described.get(name)
        before = known or described or Host(name, port, seen.mac, ())
        fixed = described.ip if described else ()
        after = replace(before, attached=port, ip=_with(before.ip, seen.ip, len(fixed)))
        draft.put_host(after, learned=described is None)
        if seen.ip is not None:
            self._take_from_others(draft, name, seen.ip)
        return asked

    def restore(self, draft: Draft) -> None:
        """Put described hosts that are nowhere where they are described, if no link is there."""
        missing = [host for name, host in self._described.items() if name not in draft.hosts]
        for host in missing:
            if not draft.is_linked(host.attached) and host.attached.node in draft.nodes:
                draft.put_host(host, learned=False)

    def tick(self, draft: Draft, now: float) -> set[str]:
        """Time has passed: drop hosts that were silent for too long, and ask for others.

        Returns the nodes whose hosts are asked for from now on.
        """
        for port in draft.crowded(Limit.HOSTS):
            if _count(draft, port) < self._options.hosts_per_port:
                draft.leave_limit(port, Limit.HOSTS)
        for name, moves in list(self._moves.items()):
            if name not in draft.hosts and not moves.hold_s(now):
                del self._moves[name]
        asked = set()
        limit_s = self._options.host_timeout_s
        for name in list(self._seen):
            if name not in draft.hosts:
                del self._seen[name]
                self._asked.discard(name)
            elif not draft.is_learned(name):
                continue
            elif now - self._seen[name] > limit_s:
                draft.remove_host(name, f"it sent nothing for {limit_s:g} s")
            elif now - self._seen[name] > limit_s / 2 and name not in self._asked:
                self._asked.add(name)
                asked.add(draft.hosts[name].attached.node)
        return asked

    def _admit(self, draft: Draft, port: Port) -> bool:
        most = self._options.hosts_per_port
        if _count(draft, port) < most:
            return True
        reason = f"{most} hosts are known there (hosts_per_port): further ones are not learned"
        draft.reach_limit(port, Limit.HOSTS, reason)
        return False

    def _may_move(self, name: str, now: float) -> bool:
        moves = self._moves.setdefault(name, Strikes(self._damping))
        if moves.count and now - moves.last_s < moves.hold_s(now):
            return False
        moves.add(now)
        return True

    def _take_from_others(self, draft: Draft, name: str, ip: str) -> None:
        """An address has one owner: the one that used it last. Described ones stay theirs."""
        for other in [h for n, h in draft.hosts.items() if n != name and ip in h.ip]:
            described = self._described.get(other.name)
            if described is None or ip not in described.ip:
                left = tuple(address for address in other.ip if address != ip)
                draft.put_host(replace(other, ip=left), learned=described is None)


def _count(draft: Draft, port: Port) -> int:
    return sum(host.attached == port for host in draft.hosts.values())


def _with(known: tuple[str, ...], ip: str | None, fixed: int) -> tuple[str, ...]:
    """Add an address to those known; the first ``fixed`` are described and stay."""
    if ip is None or ip in known:
        return known
    return (*known[:fixed], *(*known[fixed:], ip)[-ADDRESSES:])
