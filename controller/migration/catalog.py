"""The programs that there are, and which functions each has: what a reload chooses from.

Everything that a description says about programs is checked here, at start, so that a wrong entry
or function name is reported before any node is touched. Programs may be added meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping

from finsy.p4entity import P4TableEntry

from controller.errors import ConfigError
from controller.model.network import NetworkDescription
from controller.model.parts import Entry
from controller.model.slots import format_slots
from controller.southbound.program import Program
from controller.state.entries import described
from controller.state.manifest import FunctionManifest
from controller.state.manifest_reader import read_manifests
from controller.state.port_labels import Labelling, port_labels


class Catalog:
    """All described programs with their functions."""

    def __init__(self, programs: Mapping[str, Program]) -> None:
        """Read the functions of all programs. Raises ``ProgramError`` for bad annotations."""
        self.programs = programs
        self._manifests = _manifests(programs)
        self._labels: tuple[object, object, object, Mapping[str, Labelling]] = (None,) * 3 + ({},)

    @property
    def manifests(self) -> Mapping[str, Mapping[str, FunctionManifest]]:
        """Program to function to what is known of it."""
        if len(self._manifests) != len(self.programs):
            self._manifests = _manifests(self.programs)
        return self._manifests

    def functions(self) -> dict[str, int]:
        """Return all functions of all programs and how many slots each has."""
        return {
            name: manifest.slots
            for found in self.manifests.values()
            for name, manifest in found.items()
        }

    def same(self, one: str, other: str) -> bool:
        """Tell whether two names mean the same program."""
        return self.programs[one].cookie == self.programs[other].cookie

    def port_labels(self, network: NetworkDescription) -> Mapping[str, Labelling]:
        """Return what nodes' entries say of their ports, by function: see ``port_labels``.

        Kept until entries, ports or programs are others: those do not change when links fail.
        """
        nodes, entries, of, labels = self._labels
        manifests = self.manifests
        if nodes is not network.nodes or entries is not network.entries or of is not manifests:
            programs = ((self.programs[name].schema, one) for name, one in manifests.items())
            labels = port_labels(network, programs)
            self._labels = network.nodes, network.entries, manifests, labels
        return labels

    def with_functions(self, wanted: frozenset[str], *preferred: str) -> str | None:
        """Return a program that has exactly these functions; None if there is none.

        Args:
            wanted: The functions.
            preferred: Programs to be chosen before others, best first.
        """
        for name in (*preferred, *self.manifests):
            if frozenset(self.manifests.get(name, {"": None})) == wanted:
                return name
        return None

    def describe(self) -> str:
        """Return all programs with their functions, for error texts."""
        return "; ".join(
            f"{name} has {', '.join(found) or 'no function'}"
            for name, found in self.manifests.items()
        )

    def check(self, network: NetworkDescription) -> None:
        """Check what a description says of tables and functions.

        Raises:
            ConfigError: naming the place in the file and what would do.
        """
        known = self.functions()
        for function, placed in network.functions.items():
            if function not in known:
                raise ConfigError(
                    f"functions.{function}: no program has this function; "
                    f"these would do: {', '.join(known) or 'none'}"
                )
            for node, slots in placed.items():
                wrong = slots - frozenset(range(known[function]))
                if wrong:
                    raise ConfigError(
                        f"functions.{function}.{node}: there is no slot {format_slots(wrong)}; "
                        f"{function} has slots 0-{known[function] - 1}"
                    )
        for entries in network.entries.values():
            for entry in entries:
                self._check_entry(entry)
        for name in self.programs:
            for node in network.nodes:
                self.entries(network, node, name)

    def _check_entry(self, entry: Entry) -> None:
        schemas = [program.schema for program in self.programs.values()]
        if not any(schema.tables.get(entry.table) for schema in schemas):
            names = sorted({table.name for schema in schemas for table in schema.tables})
            raise ConfigError(
                f"{entry.at}: no program has a table {entry.table}; "
                f"these would do: {', '.join(names)}"
            )

    def entries(self, network: NetworkDescription, node: str, program: str) -> list[P4TableEntry]:
        """Return the entries that a node shall have in a program, as P4Runtime's.

        Those described for the node, and those of function-scope tables whichever node they are
        described for: they belong to the function, wherever it is.
        """
        schema = self.programs[program].schema
        moving = {
            table for found in self.manifests[program].values() for table in found.function_tables
        }
        wanted = list(network.entries.get(node, ()))
        for other, entries in network.entries.items():
            for entry in entries:
                table = schema.tables.get(entry.table)
                if other != node and table is not None and table.name in moving:
                    wanted.append(entry)
        return described(wanted, schema)


def _manifests(programs: Mapping[str, Program]) -> dict[str, Mapping[str, FunctionManifest]]:
    return {name: read_manifests(program.schema, name) for name, program in programs.items()}
