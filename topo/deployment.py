"""A blueprint brought up with all that belongs to it: claim, ports, configuration, network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from topo.blueprint import Blueprint
from topo.configuration import USUAL, Behaviour, Configuration, write_configuration
from topo.endpoints import Endpoints, allocate
from topo.requirements import NODE_PROGRAMS, check_machine
from topo.runs import Run

if TYPE_CHECKING:
    from topo.network import Network


@dataclass(frozen=True)
class Deployment:
    """A network that is up, and how to reach its nodes and its management entity."""

    network: Network
    endpoints: Mapping[str, Endpoints]
    configuration: Configuration

    @property
    def directory(self) -> Path:
        """The run's own directory, for logs and records; it vanishes with the network."""
        return self.network.run.directory


@contextmanager
def bring_up(
    blueprint: Blueprint,
    node: str,
    *,
    config_dir: Path | None = None,
    grpc_port: int | None = None,
    known_neighbours: bool = False,
    behaviour: Behaviour = USUAL,
) -> Iterator[Deployment]:
    """Bring a blueprint up with nodes of kind `node`, and take all of it down again.

    The configuration goes to `config_dir`, or into the run's own directory. Refused, with the
    reason, before anything is started; ProcessFailed or CommandFailed if a part does not come
    up.
    """
    check_machine([NODE_PROGRAMS[node]])
    # Only now: these import Mininet, whose absence check_machine explains.
    from topo.network import Network
    from topo.nodes import KINDS

    kind = KINDS[node]
    with ExitStack() as stack:
        run = Run.claim(blueprint.port_interfaces())
        stack.callback(run.close)
        endpoints = allocate(blueprint.node_names, run.number, grpc_port)
        files = write_configuration(
            config_dir or run.directory,
            run.directory / "me",
            blueprint,
            endpoints,
            kind.driver,
            behaviour,
        )
        stack.callback(files.remove)
        network = stack.enter_context(Network(blueprint, kind, endpoints, run, known_neighbours))
        yield Deployment(network, endpoints, files)
