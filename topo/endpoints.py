"""Where nodes listen: TCP ports on the loopback, chosen free or checked to be."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from topo.errors import PortBusy, Refused

FIRST_GRPC_PORT = 50051
FIRST_THRIFT_PORT = 9091
PORTS_PER_RUN = 100


@dataclass(frozen=True)
class Endpoints:
    """The TCP ports of one node on 127.0.0.1."""

    grpc: int
    thrift: int

    @property
    def grpc_address(self) -> str:
        """Address and port for a P4Runtime client."""
        return f"127.0.0.1:{self.grpc}"

    @property
    def thrift_address(self) -> str:
        """Address and port for a Thrift client."""
        return f"127.0.0.1:{self.thrift}"


def allocate(nodes: list[str], run: int, grpc_port: int | None = None) -> dict[str, Endpoints]:
    """Give each node its ports: the free ones from a base that differs by run.

    With `grpc_port` given the nodes get that port and the next ones, and PortBusy is raised if one
    is taken.
    """
    thrift = _free(FIRST_THRIFT_PORT + run * PORTS_PER_RUN)
    if grpc_port is None:
        grpc = _free(FIRST_GRPC_PORT + run * PORTS_PER_RUN)
    else:
        grpc = _exactly(grpc_port, nodes)
    return {node: Endpoints(next(grpc), next(thrift)) for node in nodes}


def is_free(port: int) -> bool:
    """Tell whether nothing listens on a TCP port, on any address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def is_listening(port: int) -> bool:
    """Tell whether something accepts connections on a loopback TCP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free(first: int) -> Iterator[int]:
    yield from (port for port in range(first, 65536) if is_free(port))
    raise Refused(f"no TCP port from {first} on is free")


def _exactly(first: int, nodes: list[str]) -> Iterator[int]:
    if not 0 < first <= 65536 - len(nodes):
        raise Refused(f"{first} is not a TCP port that {len(nodes)} nodes can count up from")
    for node, port in zip(nodes, range(first, first + len(nodes)), strict=True):
        if not is_free(port):
            raise PortBusy(
                f"TCP port {port}, on which {node} was to serve P4Runtime, is in use; "
                f"`ss -ltnp 'sport = :{port}'` shows by whom. Give another with --grpc-port"
            )
        yield port
