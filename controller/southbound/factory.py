"""Which driver a node gets: the one place that knows the kinds of nodes."""

from __future__ import annotations

from controller.errors import ConfigError
from controller.southbound.bmv2 import Bmv2Driver
from controller.southbound.driver import NodeAddress, NodeDriver
from controller.southbound.p4runtime import P4RuntimeDriver

_DRIVERS = {"p4runtime": P4RuntimeDriver, "bmv2": Bmv2Driver}


def make_driver(address: NodeAddress) -> NodeDriver:
    """Return a driver for a node, not started yet; raises ``ConfigError``."""
    kind = _DRIVERS.get(address.driver)
    if kind is None:
        raise ConfigError(
            f"{address.name}: no driver {address.driver!r}: choose one of {', '.join(_DRIVERS)}"
        )
    return kind(address)
