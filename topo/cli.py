"""The command `python -m topo`.

Ends with status 0 when told to end (the CLI's `exit`, SIGINT, SIGTERM, SIGHUP), 2 when the
network cannot be brought up as asked, 1 when it came up and all of its nodes died.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from topo.blueprint import Blueprint
from topo.deployment import Deployment, bring_up
from topo.errors import BlueprintError, ProcessFailed, TopologyError
from topo.interruption import Interrupted, interrupt_on_ending_signals, keyboard_interrupts
from topo.requirements import NODE_PROGRAMS
from topo.topologies import TOPOLOGIES

WATCH_INTERVAL_S = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = _parser().parse_args(argv)
    interrupt_on_ending_signals()
    try:
        return _run(arguments)
    except (TopologyError, OSError) as error:
        print(f"topo: {error}", file=sys.stderr)
        return 2
    except Interrupted as interruption:
        return interruption.status


def _run(arguments: argparse.Namespace) -> int:
    topology = TOPOLOGIES[arguments.topology]
    sizes = {name: getattr(arguments, name) for name in topology.sizes}
    blueprint = choose_programs(topology.blueprint(**sizes), arguments.program)
    with bring_up(
        blueprint,
        arguments.node,
        config_dir=arguments.config_dir,
        grpc_port=arguments.grpc_port,
    ) as deployment:
        if arguments.cli:
            print(_summary(deployment), flush=True)
            print("At this prompt:     me nodes   (me alone is the shell)", flush=True)
            return _converse(deployment)
        try:
            print(_summary(deployment), flush=True)
            return _watch(deployment)
        except Interrupted:
            return 0


def choose_programs(blueprint: Blueprint, choices: Sequence[str]) -> Blueprint:
    """Apply options `PROGRAM` (for all nodes) and `NODE=PROGRAM`, later ones over earlier ones."""
    programs: dict[str, str] = {}
    for choice in choices:
        node, separator, program = choice.rpartition("=")
        if not program or (separator and not node):
            raise BlueprintError(f"--program {choice}: give PROGRAM or NODE=PROGRAM")
        nodes = [node] if separator else blueprint.node_names
        programs.update(dict.fromkeys(nodes, program))
    return blueprint.with_programs(programs)


def _converse(deployment: Deployment) -> int:
    from topo.prompt import Prompt  # only with a network up, so Mininet is there

    with keyboard_interrupts():
        Prompt(deployment.network.net, deployment.configuration.rpc_socket)
    return 0


def _watch(deployment: Deployment) -> int:
    """Report each node that dies; end when the last one has."""
    alive = list(deployment.network.nodes)
    while alive:
        time.sleep(WATCH_INTERVAL_S)
        for node in list(alive):
            try:
                node.process.check()
            except ProcessFailed as error:
                print(f"topo: node {error}", file=sys.stderr, flush=True)
                alive.remove(node)
    print("topo: no node is left", file=sys.stderr)
    return 1


def _summary(deployment: Deployment) -> str:
    network, files = deployment.network, deployment.configuration
    blueprint = network.blueprint
    links = ", ".join(f"{a} - {b}" for a, b in blueprint.links)
    lines = [f"{blueprint.name} is up: {links}"]
    for node, spec in zip(network.nodes, blueprint.nodes, strict=True):
        lines.append(
            f"  {node.name}  {node.title}, P4Runtime on {node.endpoints.grpc_address}, "
            f"to run {spec.program}, logs to {node.process.log}"
        )
    manager, hitless = (_as_typed(program) for program in ("osken-manager", "hitless"))
    lines.append(f"Management entity:  {manager} apps/me_app.py --config-file {files.me}")
    lines.append(f"Its commands:       {hitless} nodes --rpc {files.rpc_socket}")
    return "\n".join(lines)


def _as_typed(program: str) -> str:
    """Return what to type for a program of ours: its name if the PATH has it, else its path."""
    beside = Path(sys.executable).with_name(program)
    if not beside.exists() or shutil.which(program) == str(beside):
        return program
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m topo",
        description="Bring a network up in Mininet and write the management entity's configuration "
        "for it. Everything is removed again when the command ends.",
    )
    topologies = parser.add_subparsers(dest="topology", required=True, metavar="TOPOLOGY")
    for name, topology in TOPOLOGIES.items():
        one = topologies.add_parser(name, help=topology.help, description=topology.help)
        for size, about in topology.sizes.items():
            one.add_argument(
                f"--{size}",
                type=int,
                default=about.default,
                metavar="N",
                help=f"{about.help} (default: %(default)s)",
            )
        _add_common(one)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    """Add what all topologies take."""
    parser.add_argument(
        "--node",
        choices=sorted(NODE_PROGRAMS),
        default="embedded",
        help="kind of forwarding node (default: %(default)s)",
    )
    parser.add_argument(
        "--program",
        action="append",
        default=[],
        metavar="[NODE=]NAME",
        help="program of all nodes, or of one, from p4/build (default: guarded); may be repeated",
    )
    parser.add_argument(
        "--no-cli",
        dest="cli",
        action="store_false",
        help="no Mininet prompt: stay up until SIGINT or SIGTERM",
    )
    parser.add_argument(
        "--config-dir",
        type=Path,
        metavar="DIR",
        help="where me.conf, network.yaml and policy.yaml go (default: a directory of the run's "
        "own)",
    )
    parser.add_argument(
        "--grpc-port",
        type=int,
        metavar="PORT",
        help="TCP port of the first node's P4Runtime, the others count up from it "
        "(default: free ones from 50051 on)",
    )
