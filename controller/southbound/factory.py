"""Which driver a node gets: the one place that knows the kinds of nodes."""

from __future__ import annotations

from controller.addresses import host_and_port
from controller.errors import ConfigError
from controller.southbound.bmv2 import Bmv2Driver
from controller.southbound.driver import NodeAddress, NodeDriver
from controller.southbound.p4runtime import P4RuntimeDriver

_DRIVERS = {"p4runtime": P4RuntimeDriver, "bmv2": Bmv2Driver}


def make_driver(address: NodeAddress) -> NodeDriver:
    """Return a driver for a node, not started yet; raises ``ConfigError``."""
    problem = _problem(address)
    if problem:
        raise ConfigError(f"{address.name}: {problem}")
    return _DRIVERS[address.driver](address)


def _problem(address: NodeAddress) -> str | None:
    """Say what is wrong with an address."""
    if address.driver not in _DRIVERS:
        return f"no driver {address.driver!r}: choose one of {', '.join(_DRIVERS)}"
    if host_and_port(address.grpc) is None:
        return f"its P4Runtime address {address.grpc!r} is not HOST:PORT"
    if address.thrift is not None and host_and_port(address.thrift) is None:
        return f"its Thrift address {address.thrift!r} is not HOST:PORT"
    if address.election_id is not None and not 0 < address.election_id < 1 << 128:
        return f"its election id {address.election_id} is not in 1 to 2^128-1"
    return None
