"""The two methods of moving a function, as the demo sets the network up for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A method of migration and the programs that the nodes start with for it."""

    name: str
    title: str
    programs: Mapping[str, str]


METHODS = {
    "pm": Method("pm", "PM", {"s1": "guarded", "s2": "guarded"}),
    "pr": Method("pr", "PR", {"s1": "l2_firewall", "s2": "l2"}),
}
"""Pipeline manipulation: both nodes have the firewall, its control words decide. Program reload:
only the node that enforces has it.
"""
