"""Which tests cannot run here, and what lets some of them run side by side.

Without root, Mininet or BMv2 tests are skipped and say so.
"""

import ctypes
import os
import shutil
import signal
import subprocess
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

# Timings decide nothing here, and a busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

CLONE_NEWNET, CLONE_NEWNS = 0x40000000, 0x00020000  # linux/sched.h
PREPARATIONS = (
    "ip link set lo up",
    "mount --make-rprivate /",
    "mount -t sysfs sysfs /sys",  # it shows the interfaces of the namespace it was mounted in
    "mount -t tmpfs tmpfs /run",  # where networks that are up are noted
)


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
    """Give tests SIGINT and SIGHUP, and each of xdist's workers a network, /sys, /run of its own.

    The latter if that is permitted; so no worker takes a port that another one has found free and
    is about to listen on, nor the name or the number of another one's network.
    """
    # What a script starts in the background ignores SIGINT, what nohup starts SIGHUP, and so would
    # all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if not hasattr(config, "workerinput") or os.geteuid() != 0:
        return
    # os.unshare from Python 3.12 on
    if ctypes.CDLL(None).unshare(CLONE_NEWNET | CLONE_NEWNS) == 0:
        for command in PREPARATIONS:
            subprocess.run(command.split(), check=True)
