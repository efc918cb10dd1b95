"""What the management entity reports on nodes and functions, as plain data for operators' tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controller.migration.catalog import Catalog
from controller.model.parts import NodeDescription
from controller.model.placement import NodeFacts, Placement
from controller.model.slots import format_slots
from controller.model.standing import Standing
from controller.state.manifest import FunctionManifest


@dataclass(frozen=True)
class NodeReport:
    """A node: as described, as it stands, as it says itself."""

    description: NodeDescription
    standing: Standing
    facts: NodeFacts

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        node = self.description
        return {
            "name": node.name,
            "state": self.standing.readiness.value,
            "reason": self.standing.reason or self.facts.reason,
            "program": self.facts.program,
            "functions": {
                name: {"learn": format_slots(f.learn), "enforce": format_slots(f.enforce)}
                for name, f in self.facts.functions.items()
            },
            "address": node.grpc,
            "driver": node.driver,
            "device_id": node.device_id,
            "ports": list(node.ports),
        }


@dataclass(frozen=True)
class FunctionReport:
    """A function: what it is, and where it could run and runs."""

    manifest: FunctionManifest
    programs: tuple[str, ...]
    "Programs that have it."
    nodes: tuple[str, ...]
    "Nodes whose program has it now."
    placement: dict[str, frozenset[int]]
    "Node to the slots that it enforces."

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        manifest = self.manifest
        rules = {array.state: array.rule.value for array in manifest.arrays}
        return {
            "name": manifest.name,
            "slots": manifest.slots,
            "cells": manifest.cells_of(range(manifest.slots)),
            "states": [{"name": state, "merge": rule} for state, rule in rules.items()],
            "programs": list(self.programs),
            "nodes": list(self.nodes),
            "placement": {node: format_slots(slots) for node, slots in self.placement.items()},
        }


def function_reports(catalog: Catalog, view: Placement) -> list[FunctionReport]:
    """Report on each function that a program has; its manifest is the first program's."""
    programs: dict[str, list[str]] = {}
    for program, manifests in catalog.manifests.items():
        for function in manifests:
            programs.setdefault(function, []).append(program)
    return [
        FunctionReport(
            catalog.manifests[names[0]][function],
            tuple(names),
            tuple(name for name, facts in view.facts.items() if function in facts.functions),
            view.by_node(function),
        )
        for function, names in programs.items()
    ]
