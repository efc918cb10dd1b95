"""Where the page is served: host, port, and the names by which it may be called."""

from __future__ import annotations

from dataclasses import dataclass

from controller.addresses import host_and_port
from controller.errors import ConfigError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True)
class Place:
    """A host and a TCP port."""

    host: str
    port: int
    "0: any free one."

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read ``HOST:PORT``; raises ``ConfigError``."""
        place = host_and_port(text)
        if place is None:
            raise ConfigError(f"--listen: {text!r} must be HOST:PORT, such as 127.0.0.1:8080")
        return cls(*place)

    @property
    def shown(self) -> str:
        """The host as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def names(self) -> frozenset[str]:
        """What a request's Host may be: our own, and on this machine the loopback's names."""
        return LOOPBACK | {self.shown}
