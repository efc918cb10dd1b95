"""The management entity's configuration for a network: network.yaml, policy.yaml and me.conf.

The programs are those in p4/build (or an installation's copy), all of them: a migration by reload
needs the program that has the function besides the one that runs. Where there is one way to each
host, each node is given it, and floods to all its ports; where there are loops, the management
entity installs paths by itself. Each node knows which of its ports face inside and outside; one
with a port that faces both is told nothing, and cannot run the firewall. Entries of tables that a
node's program does not have are kept by the management entity until one has.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from topo.blueprint import Blueprint, End, NodeSpec
from topo.endpoints import Endpoints
from topo.errors import Missing, Refused

_CHECKOUT = Path(__file__).resolve().parent.parent / "p4" / "build"
_INSTALLED = Path(sysconfig.get_path("data"), "share", "hitless", "programs")
PROGRAMS = _CHECKOUT if _CHECKOUT.is_dir() else _INSTALLED
FLOOD_GROUP = 1
SLOTS = "0-15"


@dataclass(frozen=True)
class Behaviour:
    """How the management entity acts by itself, on topologies where there is a choice."""

    high_pps: int = 8_000
    """Load of a node, packets/s, above which slots leave it."""
    low_pps: int = 3_000
    """Load below which its slots are gathered elsewhere."""
    capacity_pps: int = 20_000
    hold_s: float = 1.0
    """For how long a load must be beyond a threshold to count."""
    cool_down_s: float = 5.0
    """For how long nothing more is decided about a node, nor a slot moved again."""
    poll_interval_s: float = 0.5
    smoothing_s: float = 0.5
    """Time constant of the average over measured rates."""


USUAL = Behaviour()


@dataclass(frozen=True)
class Configuration:
    """The files that were written, and where the management entity will keep its own."""

    me: Path
    network: Path
    policy: Path
    journal: Path
    rpc_socket: Path

    def remove(self) -> None:
        """Remove the files."""
        for path in (self.me, self.network, self.policy):
            path.unlink(missing_ok=True)


def write_configuration(
    directory: Path,
    state_directory: Path,
    blueprint: Blueprint,
    endpoints: Mapping[str, Endpoints],
    driver: str,
    behaviour: Behaviour = USUAL,
) -> Configuration:
    """Write the files into `directory`; journal and socket go to `state_directory`.

    Refused if one of the files is there already: it is not ours to overwrite.
    """
    files = Configuration(
        me=directory / "me.conf",
        network=directory / "network.yaml",
        policy=directory / "policy.yaml",
        journal=state_directory / "journal.sqlite",
        rpc_socket=state_directory / "rpc.sock",
    )
    for path in (files.me, files.network, files.policy):
        if path.exists():
            raise Refused(f"{path} exists already: remove it or give another --config-dir")
    documents = {
        files.network: describe(blueprint, endpoints, driver),
        files.policy: describe_policy(blueprint, behaviour),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        state_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"cannot write the configuration to {directory}: {error.strerror}") from error
    for path, document in documents.items():
        path.write_text(yaml.safe_dump(document, sort_keys=False, default_flow_style=None))
    files.me.write_text(_options(blueprint, files, behaviour))
    return files


def describe(
    blueprint: Blueprint, endpoints: Mapping[str, Endpoints], driver: str
) -> dict[str, Any]:
    """Return the network file's content."""
    return {
        "programs": _programs(),
        "nodes": {n.name: _node(blueprint, n, endpoints[n.name], driver) for n in blueprint.nodes},
        "links": [[str(a), str(b)] for a, b in blueprint.links if a.port > 0 and b.port > 0],
        "hosts": {
            host.name: {
                "attached": str(blueprint.peers[End(host.name, 0)]),
                "mac": host.mac,
                "ip": [host.address],
                "zone": host.zone,
            }
            for host in blueprint.hosts
        },
        "groups": {}
        if blueprint.looped
        else {n.name: {FLOOD_GROUP: blueprint.ports(n.name)} for n in blueprint.nodes},
        "entries": {n.name: _entries(blueprint, n.name) for n in blueprint.nodes},
        "functions": {function: {node: SLOTS} for function, node in blueprint.placement.items()},
    }


def describe_policy(blueprint: Blueprint, behaviour: Behaviour = USUAL) -> dict[str, Any]:
    """Return the policy file's content."""
    wanted = {"between": ["outside", "inside"], "on_failure": "closed"}
    document: dict[str, Any] = {"functions": {name: dict(wanted) for name in blueprint.placement}}
    if blueprint.looped:
        document["defaults"] = {
            "capacity_pps": behaviour.capacity_pps,
            "high_pps": behaviour.high_pps,
            "low_pps": behaviour.low_pps,
        }
        document["scaling"] = {
            "hold_s": behaviour.hold_s,
            "cool_down_s": behaviour.cool_down_s,
        }
    return document


def _options(blueprint: Blueprint, files: Configuration, behaviour: Behaviour) -> str:
    """Return the content of me.conf."""
    return (
        "[DEFAULT]\n"
        f"network_file = {files.network.absolute()}\n"
        f"policy_file = {files.policy.absolute()}\n"
        f"journal_file = {files.journal.absolute()}\n"
        f"rpc_socket = {files.rpc_socket.absolute()}\n"
        "[forwarding]\n"
        f"enabled = {str(blueprint.looped).lower()}\n"
        "[load]\n"
        f"interval_s = {behaviour.poll_interval_s}\n"
        f"smoothing_s = {behaviour.smoothing_s}\n"
    )


def _programs() -> dict[str, dict[str, str]]:
    names = sorted(path.stem for path in PROGRAMS.glob("*.json"))
    if not names:
        raise Missing(f"there are no compiled programs in {PROGRAMS}: run scripts/compile_p4")
    return {
        name: {
            "json": str(PROGRAMS / f"{name}.json"),
            "p4info": str(PROGRAMS / f"{name}.p4info.txtpb"),
        }
        for name in names
    }


def _node(
    blueprint: Blueprint, node: NodeSpec, endpoints: Endpoints, driver: str
) -> dict[str, Any]:
    programs = _programs()
    if node.program not in programs:
        names = ", ".join(programs)
        raise Refused(f"no program {node.program} in {PROGRAMS}: there are {names}")
    thrift = {"thrift": endpoints.thrift_address} if driver == "bmv2" else {}
    return {
        "device_id": node.device_id,
        "grpc": endpoints.grpc_address,
        "driver": driver,
        **thrift,
        "program": node.program,
        "ports": blueprint.ports(node.name),
    }


def _entries(blueprint: Blueprint, node: str) -> list[dict[str, Any]]:
    forwarding = [
        {
            "table": "NodeIngress.l2.dmac",
            "match": {"dst_addr": blueprint.host(host).mac},
            "action": "forward",
            "params": {"port": port},
        }
        for host, port in blueprint.routes[node].items()
        if not blueprint.looped
    ]
    return forwarding + [
        {
            "table": "NodeIngress.firewall.zone",
            "match": {"ingress_port": port},
            "action": f"set_{zone}",
        }
        for port, zone in (blueprint.zones(node) or {}).items()
    ]
