"""The network as it is now, as those see it who work on it while it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from controller.model.network import NetworkDescription
from controller.model.parts import Link


class PresentNetwork(Protocol):
    """Tells what the network is now; each answer is immutable. Thread-safe, returns at once."""

    @property
    def network(self) -> NetworkDescription:
        """The described network with what was registered and discovered laid over it."""

    @property
    def lingering(self) -> tuple[Link, ...]:
        """Links that failed a short while ago.

        They are no part of the network any more, but nobody can exclude that packets which were
        sent to them are still under way: a link counts as failed as well where its nodes were only
        held up for so long.
        """


@dataclass(frozen=True)
class FixedNetwork:
    """A network that does not change: the described one, where nothing is discovered."""

    network: NetworkDescription
    lingering: tuple[Link, ...] = ()
