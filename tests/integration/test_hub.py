"""The hub keeps its promises on native threads and on eventlet (see hub_trials)."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import hub_trials
import pytest

TRIALS = [
    name
    for name, function in inspect.getmembers(hub_trials, inspect.isfunction)
    if function.__module__ == "hub_trials" and name not in ("start", "in_thread")
]


@pytest.mark.parametrize("kind", ["native", "eventlet"])
@pytest.mark.parametrize("trial", TRIALS)
def test_the_hub_keeps_its_promise(trial: str, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, str(Path(hub_trials.__file__)), trial],
        env={**os.environ, "OSKEN_HUB_TYPE": kind},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
