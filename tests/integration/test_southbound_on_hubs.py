"""Drivers work in a process on either hub, and hold up neither."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from bmv2_peer import FakeBmv2

TRIAL = Path(__file__).with_name("southbound_trial.py")
STALL_S = 1.0


@pytest.mark.parametrize("hub", ["native", "eventlet"])
def test_a_driver_works_on_the_hub_and_its_waiting_holds_nobody_up(hub):
    switch = FakeBmv2()
    switch.start()
    switch.thrift.standard.stalled.clear()
    threading.Timer(STALL_S + 1, switch.thrift.standard.stalled.set).start()
    try:
        trial = subprocess.run(
            [sys.executable, TRIAL, switch.node.address, switch.thrift.address],
            env={**os.environ, "OSKEN_HUB_TYPE": hub},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        switch.stop()
    assert trial.returncode == 0, trial.stdout + trial.stderr
    assert f"{hub}: " in trial.stdout
