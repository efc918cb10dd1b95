"""The programs that there are: those described, and those added while the management entity runs.

Choices: what was added is copied into a folder beside the journal, since nodes run it after a
restart too, wherever the compiler's files have gone by then. A program is never replaced: its name
is in the journal, and a name that meant another program would load that into nodes.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.errors import HitlessError, ProgramError, RequestError
from controller.migration.catalog import Catalog
from controller.model.network import NetworkDescription
from controller.southbound.program import Program

LOG = logging.getLogger(__name__)

JSON, P4INFO = ".json", ".p4info.txtpb"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class ProgramLibrary(Mapping[str, Program]):
    """Name to program. Programs may come, at any time and from any thread; none goes."""

    def __init__(self, described: NetworkDescription, folder: Path) -> None:
        """Read the programs that are described, and those that were added before.

        Args:
            described: The network's description; of the same name its program counts.
            folder: Where those that are added are kept.

        Raises:
            ProgramError: one that is described is wrong.
            ConfigError: the description does not fit its programs.
        """
        self._described = described
        self._folder = folder
        self._lock = threading.Lock()
        self._programs = {
            name: Program.read(name, files.json, files.p4info)
            for name, files in described.programs.items()
        }
        Catalog(self._programs).check(described)
        for path in sorted(folder.glob(f"*{JSON}")):
            self._take_back(path.name.removesuffix(JSON))

    def __getitem__(self, name: str) -> Program:
        return self._programs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._programs)

    def __len__(self) -> int:
        return len(self._programs)

    def add(self, name: str, json: Path, p4info: Path, *, keep: bool = True) -> Program:
        """Read a program from two files, check it against all else, and have it from now on.

        Args:
            name: What it shall be called.
            json: The compiler's BMv2 JSON.
            p4info: The compiler's P4Info, as text.
            keep: False: only check.

        Raises:
            RequestError: the name will not do, or the program is there already.
            ProgramError: naming the file, and what is wrong with it.
            ConfigError: what the description says of tables does not fit it.
        """
        with self._lock:
            program = self._checked(name, json, p4info)
            if keep:
                self._keep(name, json, p4info, program)
                self._programs = {**self._programs, name: program}
        return program

    def _checked(self, name: str, json: Path, p4info: Path) -> Program:
        if not _NAME.fullmatch(name):
            raise RequestError(f"a program cannot be called {name!r}: letters, digits, _ . -")
        if name in self._programs:
            raise RequestError(f"there is a program {name} already: choose another name")
        program = Program.read(name, json, p4info)
        for other in self._programs.values():
            if other.cookie == program.cookie:
                raise RequestError(f"{json} is the program {other.name}, which is there already")
        Catalog({**self._programs, name: program}).check(self._described)
        return program

    def _keep(self, name: str, json: Path, p4info: Path, program: Program) -> None:
        """Copy the files; the JSON last, as only with it there is a program."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file, data in ((P4INFO, p4info.read_bytes()), (JSON, program.json)):
                unfinished = self._folder / f"{name}{file}.new"
                unfinished.write_bytes(data)
                os.replace(unfinished, self._folder / f"{name}{file}")
        except OSError as exc:
            raise ProgramError(
                f"program {name}: cannot be kept in {self._folder}: {exc.strerror}"
            ) from exc
        LOG.info("program %s added from %s", name, json)

    def _take_back(self, name: str) -> None:
        if name in self._programs:
            return  # somebody has described it since
        try:
            files = (self._folder / f"{name}{suffix}" for suffix in (JSON, P4INFO))
            self._programs[name] = self._checked(name, *files)
        except HitlessError as exc:
            LOG.error("a program that was added before is left out: %s", exc)
