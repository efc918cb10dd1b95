"""A data plane with two ports, in a network namespace of its own."""

import pytest

from switch.dataplane.client import DataPlane
from tests.switch.planes import CPU_PORT, Heard, program_of_two_ports
from tests.switch.wires import Wire, add_pair, own_namespace


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def plane(heard):
    """A data plane with a program and two ports, and the wires at their other ends."""
    with own_namespace():
        for port in (1, 2):
            add_pair(f"s1d{port}", f"s1h{port}")
        wires = {port: Wire(f"s1h{port}") for port in (1, 2)}
        with DataPlane(1, {1: "s1d1", 2: "s1d2"}, CPU_PORT, heard.listeners()) as started:
            started.save(program_of_two_ports())
            started.commit()
            started.wires = wires
            yield started
        for wire in wires.values():
            wire.close()
