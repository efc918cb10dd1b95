"""The Mininet class of end hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mininet.node import Host

from topo.quiet import inside, offloads_off, silence_namespace


class EndHost(Host):
    """A host that sends nothing by itself (see `quiet`).

    `neighbours` maps IP to MAC addresses that it shall know for ever; with none it resolves them by
    ARP.
    """

    def __init__(
        self, name: str, neighbours: Mapping[str, str] | None = None, **params: Any
    ) -> None:
        super().__init__(name, **params)
        self.neighbours = dict(neighbours or {})
        silence_namespace(self.pid)

    def config(self, **params: Any) -> dict[str, Any]:
        """Set addresses as Mininet does, then the offloads and the neighbours."""
        result = super().config(**params)
        interface = self.defaultIntf().name
        inside(self.pid, *offloads_off(interface))
        if self.neighbours:
            self._add_neighbours(interface)
        return result

    def _add_neighbours(self, interface: str) -> None:
        """Make all neighbours known by one command: in a large network they are many."""
        entries = (
            f"neighbour replace {address} lladdr {mac} dev {interface} nud permanent"
            for address, mac in self.neighbours.items()
        )
        script = 'printf "%s\\n" "$@" | ip -batch -'
        inside(self.pid, "sh", "-c", script, "sh", *entries)
