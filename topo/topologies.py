"""The topologies that there are, by name. Each is a function that returns a Blueprint."""

from __future__ import annotations

from collections.abc import Callable

from topo.blueprint import Blueprint, HostSpec, NodeSpec


def line() -> Blueprint:
    """Return the paper's network, hA - s1 - s2 - hB: hA is outside, hB inside."""
    return Blueprint.wire(
        "line",
        hosts=[
            HostSpec("hA", "10.0.0.1/24", "00:00:00:00:00:0a", "outside"),
            HostSpec("hB", "10.0.0.2/24", "00:00:00:00:00:0b", "inside"),
        ],
        nodes=[NodeSpec("s1", 1), NodeSpec("s2", 2)],
        pairs=[("hA", "s1"), ("s1", "s2"), ("s2", "hB")],
        placement={"firewall": "s1"},
    )


TOPOLOGIES: dict[str, Callable[[], Blueprint]] = {"line": line}
