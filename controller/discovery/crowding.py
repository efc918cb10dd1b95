"""Which ports are crowded: what comes in there is more than is looked at. Pure.

A node copies a port's packets of unknown hosts to the controller, up to a limit in its program
(``p4/include/hosts.p4``), and so many hosts are learned at a port and no more. Both protect the
management entity from who makes up addresses by the thousand; an operator should hear of it.

Choices: a node does not tell what it did not copy. But copies that come as fast as they may tell
it. It is told of once, and again when for some time they came slower.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from controller.model.parts import Port

COPIES_PPS = 200
"Copies of one port's packets that a node makes in a second, in the long run: see hosts.p4."

_WINDOW_S = 1.0
_AS_FAST_AS_IT_MAY = 0.9
"Part of the limit; some copies may be lost, or late."
_CALM_AFTER_S = 3.0


class Limit(enum.Enum):
    """What is bounded at a port."""

    HOSTS = "hosts"
    "So many hosts are known there; further ones work, but are not learned."
    COPIES = "copies"
    "Packets of unknown hosts, and ARP, come faster than they are copied; the rest is not seen."


@dataclass
class _Window:
    """Copies of one port in a second. Changes in place."""

    began_s: float
    copies: int = 0


class CopyRates:
    """How fast copies come from each port."""

    def __init__(self) -> None:
        self._windows: dict[Port, _Window] = {}
        self._fast_s: dict[Port, float] = {}
        "When copies of a port last came as fast as they may."

    def add(self, port: Port, now: float) -> bool:
        """Note a copy; tell whether they come as fast as they may."""
        window = self._windows.get(port)
        if window is None or now - window.began_s > _WINDOW_S:
            window = self._windows[port] = _Window(now)
        window.copies += 1
        fast = window.copies >= _AS_FAST_AS_IT_MAY * COPIES_PPS * _WINDOW_S
        if fast:
            self._fast_s[port] = now
        return fast

    def calmed(self, now: float) -> list[Port]:
        """Return, once each, ports whose copies did come so fast and have not for some time."""
        calm = [port for port, at in self._fast_s.items() if now - at > _CALM_AFTER_S]
        for port in calm:
            del self._fast_s[port]
        self._windows = {p: w for p, w in self._windows.items() if now - w.began_s <= _WINDOW_S}
        return calm
