"""p4c, as the runner and the corpus use it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

COMMAND = "p4c-bm2-ss"
COMPILE_LIMIT_S = 120.0
P4_14 = ("--std", "p4-14")


class CompilerError(Exception):
    """p4c refused a program; its own words, shortened."""


def is_installed() -> bool:
    """Whether p4c's back end for BMv2 is on the PATH."""
    return shutil.which(COMMAND) is not None


def supports_p4_14() -> bool:
    """Whether this p4c was built with P4_14, which newer ones leave out by default."""
    command = [COMMAND, *P4_14, "--version"]
    return subprocess.run(command, capture_output=True, timeout=COMPILE_LIMIT_S).returncode == 0


def json_path(folder: Path, name: str) -> Path:
    """Where a program's JSON is put."""
    return folder / f"{name}.json"


def p4info_path(folder: Path, name: str) -> Path:
    """Where a program's P4Info is put."""
    return folder / f"{name}.p4info.txtpb"


def compile_program(source: Path, folder: Path, name: str, options: Sequence[str] = ()) -> None:
    """Compile a program for v1model into `folder`. Raises `CompilerError`.

    The compiler runs in the source's own folder, so that the JSON names the source without one.
    """
    command = [COMMAND, *options, "--p4runtime-files", str(p4info_path(folder, name).resolve())]
    command += ["-o", str(json_path(folder, name).resolve()), source.name]
    try:
        ended = subprocess.run(
            command, cwd=source.parent, capture_output=True, text=True, timeout=COMPILE_LIMIT_S
        )
    except subprocess.TimeoutExpired:
        raise CompilerError(f"not compiled within {COMPILE_LIMIT_S:g} s") from None
    if ended.returncode != 0:
        raise CompilerError(_complaint(ended.stderr))


def _complaint(text: str) -> str:
    """The first line that speaks of an error."""
    lines = text.strip().splitlines() or ["no reason given"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])
