"""Fixtures of the system tests: every one of them brings up real networks."""

import subprocess

import pytest
from traces import STARTED

from topo.requirements import NODE_PROGRAMS


@pytest.fixture(autouse=True)
def ended():
    """End what a failing test has left running."""
    yield
    while STARTED:
        STARTED.pop().make_sure_it_ended()


@pytest.fixture
def without_root():
    """Words to put before a command, which then runs as a user without rights."""
    # Not by another user's id: the checkout may lie where only root can read it.
    words = ("unshare", "--user")
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("user namespaces are not permitted here")
    return words


@pytest.fixture(
    params=[
        pytest.param(kind, marks=[pytest.mark.bmv2] if kind == "bmv2" else [])
        for kind in sorted(NODE_PROGRAMS, reverse=True)
    ]
)
def node_kind(request):
    """Each kind of node in turn."""
    return request.param
