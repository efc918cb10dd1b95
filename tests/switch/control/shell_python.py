"""A Python with p4runtime-shell, which cannot share one with this project.

It asks for protobuf below 3.21, of years ago; this project's protobuf is a current one. So it has
a virtual environment of its own inside the project's. `scripts/test` makes it, by running this
file; otherwise the first use does, which cannot where tests run side by side: they have no network.
"""

import fcntl
import subprocess
import sys
from pathlib import Path

REQUIREMENT = "p4runtime-shell==0.0.6"
FOLDER = Path(__file__).resolve().parents[3] / ".venv" / "p4runtime-shell"
_PYTHON = FOLDER / "bin" / "python"
_DONE = FOLDER / "is-complete"


def shell_python() -> Path:
    """That Python; raises `CalledProcessError` if it cannot be made (it needs a package index)."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _DONE.exists() or _DONE.read_text() != REQUIREMENT:
            _run(sys.executable, "-m", "venv", "--clear", str(FOLDER / "."))
            _run(str(_PYTHON), "-m", "pip", "install", "--quiet", REQUIREMENT)
            _DONE.write_text(REQUIREMENT)
    return _PYTHON


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=110, capture_output=True, text=True)


if __name__ == "__main__":
    shell_python()
