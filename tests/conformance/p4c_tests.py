"""The v1model tests in a checkout of p4c: found there, compiled elsewhere, nothing kept of them.

P4_14 tests need a p4c that was built with P4_14. Where it was not, the P4_16 programs that p4c once
made of the same P4_14 programs, and keeps as `p4_14_samples_outputs`, are compiled in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.cases import Case
from tests.conformance.compiler import (
    P4_14,
    CompilerError,
    compile_program,
    json_path,
    p4info_path,
    supports_p4_14,
)

_TESTDATA = Path("testdata")
_P4_16 = _TESTDATA / "p4_16_samples"
_P4_14_SOURCES = _TESTDATA / "p4_14_samples"
_P4_14_AS_P4_16 = _TESTDATA / "p4_14_samples_outputs"
_DUPLICATE_NAME = "conflicting control plane name"
_ACTION_NAME = re.compile(r'@name\("\.(\w+)"\)(\s+action\s+\1\b)')


@dataclass(frozen=True)
class Source:
    """A test as the checkout has it."""

    name: str
    program: Path
    stf: Path
    options: Sequence[str] = ()


@dataclass(frozen=True)
class NotCompiled:
    """A test whose program p4c did not compile, and why."""

    test: str
    reason: str


def find_tests(checkout: Path) -> list[Source]:
    """All v1model tests, sorted by name. Raises `FileNotFoundError` if this is no checkout."""
    if not (checkout / _P4_16).is_dir():
        raise FileNotFoundError(f"{checkout} is no checkout of p4c: it has no {_P4_16}")
    return sorted([*_p4_16(checkout), *_p4_14(checkout)], key=lambda source: source.name)


def compile_tests(
    sources: Sequence[Source], folder: Path, jobs: int
) -> tuple[list[Case], list[NotCompiled]]:
    """Compile the programs of tests into `folder`."""
    with ThreadPoolExecutor(jobs) as executor:
        results = list(executor.map(lambda source: _compile(source, folder), sources))
    cases = [result for result in results if isinstance(result, Case)]
    return cases, [result for result in results if isinstance(result, NotCompiled)]


def _p4_16(checkout: Path) -> Iterator[Source]:
    for stf in (checkout / _P4_16).rglob("*.stf"):
        program = stf.with_suffix(".p4")
        if program.is_file() and "v1model.p4" in program.read_text(errors="replace"):
            name = str(program.relative_to(checkout / _TESTDATA).with_suffix(""))
            yield Source(name, program, stf)


def _p4_14(checkout: Path) -> Iterator[Source]:
    is_supported = supports_p4_14()
    for stf in (checkout / _P4_14_SOURCES).rglob("*.stf"):
        name = str(stf.relative_to(checkout / _TESTDATA).with_suffix(""))
        original = stf.with_suffix(".p4")
        translated = checkout / _P4_14_AS_P4_16 / original.name
        if is_supported and original.is_file():
            yield Source(name, original, stf, P4_14)
        elif translated.is_file():
            yield Source(name, translated, stf)


def _compile(source: Source, folder: Path) -> Case | NotCompiled:
    name = source.name.replace("/", "--")
    try:
        _compile_translated(source, folder, name)
    except CompilerError as error:
        return NotCompiled(source.name, str(error))
    return Case(source.name, json_path(folder, name), p4info_path(folder, name), source.stf)


def _compile_translated(source: Source, folder: Path, name: str) -> None:
    """Compile; where a translation gives two actions one global name, by their own names."""
    try:
        compile_program(source.program, folder, name, source.options)
    except CompilerError as error:
        if _DUPLICATE_NAME not in str(error):
            raise
        renamed = folder / f"{name}.p4"
        renamed.write_text(_ACTION_NAME.sub(r"\2", source.program.read_text()))
        compile_program(renamed, folder, name, source.options)
