"""Descriptions of small networks for tests: lines, diamonds, anything by nodes and links."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from controller.model.network import NetworkDescription
from controller.model.parts import Entry, Host, Link, NodeDescription, Port, ProgramFiles

PORTS = (1, 2, 3, 4)


def network(
    programs: Mapping[str, str],
    links: Iterable[str],
    hosts: Mapping[str, str],
    functions: Mapping[str, Mapping[str, frozenset[int]]] | None = None,
    entries: Mapping[str, tuple[Entry, ...]] | None = None,
    groups: Mapping[str, Mapping[int, tuple[int, ...]]] | None = None,
) -> NetworkDescription:
    """Make a description.

    Args:
        programs: Node to the name of its program.
        links: Links such as ``"s1:2 s2:1"``.
        hosts: Host to its port, such as ``"s1:1"``.
        functions: Initial placement.
        entries: Node to entries.
        groups: Node to multicast groups.
    """
    nodes = {
        name: NodeDescription(name, i, f"127.0.0.1:{50000 + i}", "p4runtime", None, program, PORTS)
        for i, (name, program) in enumerate(programs.items(), 1)
    }
    return NetworkDescription(
        programs={p: ProgramFiles(p, Path(p), Path(p)) for p in programs.values()},
        nodes=nodes,
        links=tuple(Link(*(_port(end) for end in link.split())) for link in links),
        hosts={
            name: Host(name, _port(port), "00:00:00:00:00:01", ("10.0.0.1",))
            for name, port in hosts.items()
        },
        groups=groups or {},
        entries=entries or {},
        functions=functions or {},
    )


def line(
    programs: Mapping[str, str],
    **more: Mapping[str, Any],
) -> NetworkDescription:
    """Make a line hA - first node - … - last node - hB."""
    names = list(programs)
    links = [f"{a}:2 {b}:1" for a, b in itertools.pairwise(names)]
    return network(programs, links, {"hA": f"{names[0]}:1", "hB": f"{names[-1]}:2"}, **more)


def _port(text: str) -> Port:
    node, number = text.split(":")
    return Port(node, int(number))
