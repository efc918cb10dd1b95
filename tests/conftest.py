"""Which tests cannot run here: without root, Mininet or BMv2 they are skipped and say so."""

import os
import shutil
from importlib.util import find_spec

import pytest


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
