"""The references in docs/ say what the definitions say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_references_of_commands_and_options_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "make_reference"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
