"""Drivers work in a process on either hub, and hold up neither."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bmv2_peer import FakeBmv2

TRIAL = Path(__file__).with_name("southbound_trial.py")
TICKED = "ticked during a call\n"


@pytest.mark.parametrize("hub", ["native", "eventlet"])
def test_a_driver_works_on_the_hub_and_its_waiting_holds_nobody_up(hub):
    switch = FakeBmv2()
    switch.start()
    switch.thrift.standard.stalled.clear()
    command = [sys.executable, TRIAL, switch.node.address, switch.thrift.address]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "OSKEN_HUB_TYPE": hub}
    try:
        with subprocess.Popen(command, env=environment, **pipes) as trial:
            said = trial.stdout.readline()  # nothing, if the call's time limit came before
            switch.thrift.standard.stalled.set()
            _, errors = trial.communicate(timeout=60)
    finally:
        switch.stop()
    assert (trial.returncode, said) == (0, TICKED), errors
