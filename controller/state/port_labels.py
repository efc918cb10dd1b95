"""What the network file says of nodes' ports to each function: the *labels* of ports.

A function's node-scope table may be keyed by a port (``@hitless_table[..., port=...]``): a
firewall's says which ports face inside. The label of a port is everything that such tables of one
function have for it. Labels are compared and shown, and nothing here knows what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from finsy.p4entity import P4TableAction
from finsy.p4schema import P4Schema

from controller.model.network import NetworkDescription
from controller.model.parts import Port
from controller.state.entries import described
from controller.state.manifest import FunctionManifest

Label = frozenset[tuple[str, str]]
"Table and what it does with packets of the port, as text; empty: no table has an entry for it."

Labels = Mapping[Port, Label]

_NOTHING: Label = frozenset()


@dataclass(frozen=True)
class Labelling:
    """The labels of all ports for one function. Ports that have none are left out."""

    tables: frozenset[str]
    labels: Labels

    def at(self, port: Port) -> Label:
        """Return the label of a port; empty: it has none."""
        return self.labels.get(port, _NOTHING)

    def say(self, label: Label) -> str:
        """Return a label for people."""
        return ", ".join(sorted(what for _, what in label)) or "nothing"


def port_labels(
    network: NetworkDescription,
    programs: Iterable[tuple[P4Schema, Mapping[str, FunctionManifest]]],
) -> dict[str, Labelling]:
    """Return the labels of ports by function; functions without tables of ports are left out.

    Args:
        network: Its entries count, also those of tables that a node's program does not have now.
        programs: All programs, each with its functions.
    """
    tables: dict[str, set[str]] = {}
    labels: dict[str, dict[Port, Label]] = {}
    for schema, functions in programs:
        for function, manifest in functions.items():
            if not manifest.port_keys:
                continue
            tables.setdefault(function, set()).update(manifest.port_keys)
            found = labels.setdefault(function, {})
            for port, what in _said(network, schema, manifest.port_keys):
                found[port] = found.get(port, _NOTHING) | {what}
    return {f: Labelling(frozenset(names), labels[f]) for f, names in tables.items()}


def _said(
    network: NetworkDescription, schema: P4Schema, keys: Mapping[str, str]
) -> Iterator[tuple[Port, tuple[str, str]]]:
    """Yield what entries say of ports. A table's default action is about ports without an entry."""
    for node, entries in network.entries.items():
        mine = [e for e in entries if (t := schema.tables.get(e.table)) and t.name in keys]
        for table, key in keys.items():
            known: list[tuple[Mapping[str, Any], P4TableAction]] = [
                (e.match or {}, e.action)
                for e in described(mine, schema)
                if e.table_id == table and isinstance(e.action, P4TableAction)
            ]
            named = [(match[key], match, action) for match, action in known if match]
            rest = set(network.nodes[node].ports) - {number for number, _, _ in named}
            named += [(n, match, action) for match, action in known if not match for n in rest]
            for number, match, action in named:
                yield Port(node, number), (table, _text(action, match, key))


def _text(action: P4TableAction, match: Mapping[str, Any], key: str) -> str:
    """Return what an entry does, and for which packets of the port."""
    given = {**action.args, **{k: v for k, v in match.items() if k != key}}
    name = action.name.rpartition(".")[2]
    details = ", ".join(f"{name}={value}" for name, value in sorted(given.items()))
    return f"{name}({details})" if details else name
