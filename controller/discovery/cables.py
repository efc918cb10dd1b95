"""Which cables there are between ports, from the frames that came through them. Pure.

A link is up when frames come through in both directions: a port at each end that hears the other.
It fails when one direction is silent for longer than the bound. One that has failed is held back
(``damping``) until it has worked long enough. A port has one neighbour: when it hears another one,
the cable was moved, and the old link has failed at once.

Cables from a port back to the same node are heard, and are no link.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.discovery.damping import Damping, Strikes
from controller.model.parts import Link, Port

LINGER_S = 5.0
"How long packets may still be under way on a link that has failed."


@dataclass(frozen=True)
class LinkUp:
    """A link works."""

    link: Link


@dataclass(frozen=True)
class LinkDown:
    """A link has failed."""

    link: Link
    reason: str


News = LinkUp | LinkDown


class Cables:
    """What was heard at which port. Every method takes the time; none asks for it."""

    def __init__(self, damping: Damping, described: Iterable[Link] = ()) -> None:
        """Begin with nothing heard.

        Args:
            damping: How long failed links are held back.
            described: Links that keep their direction of writing; others begin at the lesser port.
        """
        self.bound_s = 0.0
        "A direction through which nothing came for longer has failed."
        self._damping = damping
        self._written = {frozenset((link.a, link.b)): link for link in described}
        self._heard: dict[Port, tuple[Port, float]] = {}
        self._heard_at: dict[Port, float] = {}
        self._up: dict[Link, None] = {}
        self._steady_since: dict[Link, float] = {}
        self._strikes: dict[Link, Strikes] = {}
        self._failed: Mapping[Link, float] = {}  # replaced, never changed: others may read it

    # What there is

    def is_up(self, link: Link) -> bool:
        """Tell whether a link works."""
        return link in self._up

    def neighbour(self, port: Port) -> Port | None:
        """Return the port that was heard last at a port, however long ago."""
        heard = self._heard.get(port)
        return heard[0] if heard else None

    def heard_at(self, port: Port) -> float | None:
        """Return when a node was last heard at a port."""
        return self._heard_at.get(port)

    def lingering(self, now: float) -> tuple[Link, ...]:
        """Return links that failed a short while ago and are still down. From any thread."""
        return tuple(
            link
            for link, at in self._failed.items()
            if now - at < LINGER_S and link not in self._up
        )

    # What happens

    def hear(self, source: Port, destination: Port, now: float) -> list[News]:
        """A frame that left at ``source`` came in at ``destination``."""
        news: list[News] = []
        before = self.neighbour(destination)
        if before is not None and before != source:
            news += self._fail(
                self._link(before, destination), f"{destination} hears {source}", now
            )
        self._heard[destination] = (source, now)
        self._heard_at[destination] = now
        link = self._link(source, destination)
        if link in self._up or source.node == destination.node or not self._works(link, now):
            return news
        since = self._steady_since.setdefault(link, now)
        strikes = self._strikes.get(link)
        if strikes is None or now - since >= strikes.hold_s(now):
            self._up[link] = None
            news.append(LinkUp(link))
        return news

    def tick(self, now: float) -> list[News]:
        """Time has passed: tell which links have failed."""
        silent = [link for link in self._steady_since if not self._works(link, now)]
        if any(now - at >= LINGER_S for at in self._failed.values()):
            self._failed = {k: at for k, at in self._failed.items() if now - at < LINGER_S}
        return [item for link in silent for item in self._fail(link, self._silence(link, now), now)]

    def lose_node(self, node: str, reason: str, now: float, *, strike: bool) -> list[News]:
        """A node is down, and with it its links; ``strike``: it counts as a failure of theirs."""
        lost = [link for link in self._steady_since if node in (link.a.node, link.b.node)]
        news = [item for link in lost for item in self._fail(link, reason, now, strike=strike)]
        for port in [p for p, (q, _) in self._heard.items() if node in (p.node, q.node)]:
            del self._heard[port]
        return news

    def stood_still(self, lapse_s: float) -> None:
        """Nobody listened for some time: it does not count as silence."""
        self._heard = {port: (q, at + lapse_s) for port, (q, at) in self._heard.items()}
        self._heard_at = {port: at + lapse_s for port, at in self._heard_at.items()}

    # Inside

    def _link(self, one: Port, other: Port) -> Link:
        written = self._written.get(frozenset((one, other)))
        return written or Link(min(one, other), max(one, other))

    def _works(self, link: Link, now: float) -> bool:
        """Tell whether both ends have heard each other within the bound."""
        return all(self._hears(here, there, now) for here, there in _directions(link))

    def _hears(self, here: Port, there: Port, now: float) -> bool:
        heard = self._heard.get(here)
        return heard is not None and heard[0] == there and now - heard[1] <= self.bound_s

    def _fail(self, link: Link, reason: str, now: float, *, strike: bool = True) -> list[News]:
        """Take a link out of use; tell so if it was up."""
        self._steady_since.pop(link, None)
        if link not in self._up:
            return []
        del self._up[link]
        self._failed = {**self._failed, link: now}
        if strike:
            self._strikes.setdefault(link, Strikes(self._damping)).add(now)
        return [LinkDown(link, reason)]

    def _silence(self, link: Link, now: float) -> str:
        deaf = [str(here) for here, there in _directions(link) if not self._hears(here, there, now)]
        return f"{' and '.join(deaf)} heard nothing for {self.bound_s:.2g} s"


def _directions(link: Link) -> tuple[tuple[Port, Port], tuple[Port, Port]]:
    return (link.a, link.b), (link.b, link.a)
