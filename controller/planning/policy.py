"""The policy: what an operator wants of planning, read once from YAML.

Strict as the network's description is: unknown keys are refused with those that would do, and what
refers to a node, a function or a zone is checked against what there is (``Policy.check``).

The file::

    functions:
      firewall:
        between: [outside, inside]   # zones of hosts whose packets need it; omitted: all hosts
        on_failure: closed           # or open: its slots' packets pass until a node enforces again
        nodes: [s1, s2]              # may run it; omitted: all that can
        pinned: {0-3: s1}            # slots that stay, while their node lives
        apart_from: [nat]            # never at a node that enforces this one
    nodes:
      s1: {capacity_pps: 20000, high_pps: 8000, low_pps: 3000}
    defaults: {capacity_pps: 20000, high_pps: 8000, low_pps: 3000}
    scaling: {hold_s: 1.0, cool_down_s: 5.0}
    checkpoint_interval_s: 2.0       # 0: no checkpoints
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from controller.errors import ConfigError
from controller.model.network import NetworkDescription
from controller.model.slots import format_slots, parse_slots
from controller.model.strict import Section, load_yaml
from controller.model.thresholds import Thresholds

OnFailure = Literal["closed", "open"]


@dataclass(frozen=True)
class FunctionPolicy:
    """What is wanted of one function. The defaults are those of one that the file does not name."""

    between: tuple[str, str] | None = None
    "Zones of hosts: packets between the two need the function. None: those between any hosts do."
    on_failure: OnFailure = "closed"
    "What happens to packets of slots whose node died, until another enforces them."
    nodes: frozenset[str] | None = None
    "Nodes that may run it; None: all that can."
    pinned: Mapping[int, str] = field(default_factory=dict)
    "Slot to the node that it is not taken from, and that it is given to when it can be."
    apart_from: frozenset[str] = frozenset()
    "Functions that must not be enforced at the same node."

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        by_node: dict[str, set[int]] = {}
        for slot, node in self.pinned.items():
            by_node.setdefault(node, set()).add(slot)
        return {
            "between": list(self.between) if self.between else None,
            "on_failure": self.on_failure,
            "nodes": sorted(self.nodes) if self.nodes is not None else None,
            "pinned": {node: format_slots(slots) for node, slots in by_node.items()},
            "apart_from": sorted(self.apart_from),
        }


@dataclass(frozen=True)
class Policy:
    """A whole policy. Immutable; the default one wants nothing."""

    functions: Mapping[str, FunctionPolicy] = field(default_factory=dict)
    nodes: Mapping[str, Thresholds] = field(default_factory=dict)
    "What nodes have of their own; limits that are None there are the defaults'."
    defaults: Thresholds = field(default_factory=Thresholds)
    checkpoint_interval_s: float = 2.0
    "0: no checkpoints are taken."

    @classmethod
    def read(cls, path: Path | str) -> Policy:
        """Read a policy.

        Raises:
            ConfigError: naming the file, the path of the key, and what would do.
        """
        root = load_yaml(Path(path))
        functions = root.take_section("functions")
        nodes = root.take_section("nodes")
        scaling = root.take_section("scaling")
        unlimited = Thresholds(
            hold_s=scaling.take_decimal("hold_s", Thresholds.hold_s) or 0.0,
            cool_down_s=scaling.take_decimal("cool_down_s", Thresholds.cool_down_s) or 0.0,
        )
        scaling.end()
        defaults = _limits(root.take_section("defaults"), unlimited, unlimited)
        own = {
            name: _limits(nodes.take_section(name), unlimited, defaults)
            for name in nodes.take_names()
        }
        interval_s = root.take_decimal("checkpoint_interval_s", cls.checkpoint_interval_s)
        root.end()
        return cls(
            MappingProxyType(dict(_functions(functions))),
            MappingProxyType(own),
            defaults,
            interval_s or 0.0,
        )

    def check(self, network: NetworkDescription, functions: Iterable[str]) -> None:
        """Check what the policy refers to.

        Args:
            network: The network's description.
            functions: The functions that programs have.

        Raises:
            ConfigError: naming what does not exist and what would do, or what contradicts what.
        """
        zones = {host.zone for host in network.hosts.values() if host.zone}
        known = frozenset(functions)
        nodes = frozenset(network.nodes)
        _require("nodes", "node", self.nodes, nodes)
        _require("functions", "function", self.functions, known)
        for name, wanted in self.functions.items():
            at = f"functions.{name}"
            _require(f"{at}.nodes", "node", wanted.nodes or (), nodes)
            _require(f"{at}.pinned", "node", wanted.pinned.values(), nodes)
            _require(f"{at}.apart_from", "function", wanted.apart_from, known)
            _require(f"{at}.between", "zone of a host", wanted.between or (), zones)
            if wanted.nodes is not None:
                _require(
                    f"{at}.pinned", "node that may have it", wanted.pinned.values(), wanted.nodes
                )
        self._check_apart()

    def _check_apart(self) -> None:
        """Raise ``ConfigError`` if functions that are to be apart are pinned to one node."""
        for name, wanted in self.functions.items():
            for other in wanted.apart_from:
                both = {*wanted.pinned.values()} & {*self.function(other).pinned.values()}
                if both:
                    raise ConfigError(
                        f"policy: functions.{name}.apart_from: {other} and {name} are both pinned "
                        f"to {', '.join(sorted(both))}"
                    )

    def function(self, name: str) -> FunctionPolicy:
        """Return what is wanted of a function."""
        return self.functions.get(name, _NOTHING)

    def thresholds(self, node: str) -> Thresholds:
        """Return the thresholds of a node."""
        own = self.nodes.get(node)
        return self.defaults if own is None else own.over(self.defaults)

    def with_limits(self, node: str | None, limits: Mapping[str, float]) -> Policy:
        """Return the policy as if limits were written into it, whether they fit together or not.

        Args:
            node: The node whose own they are to be; None: the defaults.
            limits: ``high_pps``, ``low_pps``, ``capacity_pps``; what is not given stays.
        """
        if node is None:
            return replace(self, defaults=replace(self.defaults, **limits))
        own = self.nodes.get(node) or self.defaults.without_limits()
        nodes = {**self.nodes, node: replace(own, **limits)}
        return replace(self, nodes=MappingProxyType(nodes))

    def contradiction(self) -> tuple[str | None, str] | None:
        """Return a node whose limits contradict each other, and how; the node None: defaults."""
        for node in (None, *self.nodes):
            thresholds = self.defaults if node is None else self.thresholds(node)
            if problem := thresholds.problem():
                return node, problem
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "functions": {name: f.to_dict() for name, f in self.functions.items()},
            "nodes": {name: self.thresholds(name).to_dict() for name in self.nodes},
            "defaults": self.defaults.to_dict(),
            "checkpoint_interval_s": self.checkpoint_interval_s,
        }


_NOTHING = FunctionPolicy()


def _require(at: str, what: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            would_do = ", ".join(sorted(known)) or "none; there is none"
            raise ConfigError(f"policy: {at}: {name} is no {what}; these would do: {would_do}")


def _functions(section: Section) -> Iterator[tuple[str, FunctionPolicy]]:
    for name in section.take_names():
        one = section.take_section(name)
        zones = one.take_list("between", str, [])
        if len(zones) not in (0, 2):
            raise one.error("between", f"must name two zones, not {len(zones)}")
        nodes = one.take_list("nodes", str) if "nodes" in one else None
        if nodes == []:
            raise one.error("nodes", "must name a node; leave it out, and all that can may have it")
        apart = frozenset(one.take_list("apart_from", str, []))
        if name in apart:
            raise one.error("apart_from", f"{name} cannot be kept apart from itself")
        on_failure = one.take_choice("on_failure", ("closed", "open"), "closed")
        pinned = dict(_pinned(one.take_section("pinned")))
        one.end()
        yield (
            name,
            FunctionPolicy(
                (zones[0], zones[1]) if zones else None,
                "open" if on_failure == "open" else "closed",
                None if nodes is None else frozenset(nodes),
                MappingProxyType(pinned),
                apart,
            ),
        )


def _pinned(section: Section) -> Iterator[tuple[int, str]]:
    seen: set[int] = set()
    for key in section.take_keys():
        try:
            slots = parse_slots(key)
        except ValueError as exc:
            raise section.error(key, str(exc)) from exc
        node = section.take(key, str)
        if slots & seen:
            raise section.error(key, f"slots {format_slots(slots & seen)} are pinned already")
        seen |= slots
        for slot in slots:
            yield slot, node


def _limits(section: Section, unlimited: Thresholds, defaults: Thresholds) -> Thresholds:
    thresholds = replace(
        unlimited,
        high_pps=section.take_decimal("high_pps", None),
        low_pps=section.take_decimal("low_pps", None),
        capacity_pps=section.take_decimal("capacity_pps", None),
    )
    section.end()
    problem = thresholds.over(defaults).problem()
    if problem:
        raise ConfigError(f"{section.file}: {section.path}: {problem}")
    return thresholds
