"""Which tests cannot run here, and what lets some of them run side by side.

Without root, Mininet or BMv2 tests are skipped and say so.
"""

import ctypes
import os
import shutil
import subprocess
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

# Timings decide nothing here, and a busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

CLONE_NEWNET = 0x40000000  # linux/sched.h


def _obstacle_to_networks() -> str | None:
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    if shutil.which("mnexec") is None or find_spec("mininet") is None:
        return "needs Mininet: run scripts/setup as root"
    return None


def _obstacle_to_bmv2() -> str | None:
    if shutil.which("simple_switch_grpc") is None:
        return "needs BMv2: simple_switch_grpc is not on the PATH"
    return None


OBSTACLES = {"system": _obstacle_to_networks(), "bmv2": _obstacle_to_bmv2()}


def pytest_collection_modifyitems(items):
    for item in items:
        for marker, reason in OBSTACLES.items():
            if reason is not None and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_configure(config):
    """Give each of xdist's workers a network of its own, if that is permitted.

    So no worker takes a port that another one has found free and is about to listen on.
    """
    if not hasattr(config, "workerinput") or os.geteuid() != 0:
        return
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0:  # os.unshare from Python 3.12 on
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
