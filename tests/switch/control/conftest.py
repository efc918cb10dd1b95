"""Fixtures of the tests of the control process."""

import pytest
from memory_plane import MemoryPlane
from p4rt import serve
from thrift_clients import thrift_of


@pytest.fixture
def rig():
    """A switch over a data plane in memory."""
    with serve(MemoryPlane()) as rig:
        yield rig


@pytest.fixture
def primary(rig):
    """A controller that is primary, with the config of everything.p4 set."""
    return rig.primary()


@pytest.fixture
def fresh(rig):
    """A controller that is primary on a switch without a config."""
    return rig.primary(config=False)


@pytest.fixture
def thrift(primary, rig):
    """A client of the Thrift calls of that switch."""
    with thrift_of(rig.device) as thrift:
        yield thrift


@pytest.fixture(scope="module")
def shared_rig():
    """A switch for the tests of a module that change nothing."""
    with serve(MemoryPlane()) as rig:
        yield rig


@pytest.fixture(scope="module")
def shared_primary(shared_rig):
    """The primary controller of that switch, with the config of everything.p4 set."""
    return shared_rig.primary()
