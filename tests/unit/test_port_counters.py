"""Which counters count what passes a node's ports: told by annotations."""

import pytest
from p4info_samples import P4InfoBuilder, add_gate, annotation, plain_program

from controller.errors import ProgramError
from controller.state.manifest_reader import read_manifests
from controller.state.port_counters import PortCounters, read_port_counters


def with_ports(*directions):
    builder = add_gate(P4InfoBuilder())
    for i, direction in enumerate(directions):
        builder.counter(f"in.ports_{i}", 512, annotation("hitless_ports", direction=direction))
    return builder.program("counted")


def test_counters_are_found_by_direction_whatever_they_are_called():
    program = with_ports("tx", "rx")
    assert read_port_counters(program.schema, "p") == PortCounters("in.ports_1", "in.ports_0")


def test_functions_have_nothing_to_do_with_them():
    manifests = read_manifests(with_ports("rx", "tx").schema, "p")
    assert manifests["gate"].load == ("in.gate.handled",)


def test_a_program_need_not_have_them():
    assert read_port_counters(plain_program().schema, "p") == PortCounters(None, None)


@pytest.mark.parametrize(
    ("directions", "told"),
    [
        (("rx", "rx"), "in.ports_1: @hitless_ports: in.ports_0 counts rx already"),
        (("up",), "direction='up' is unknown; these would do: rx, tx"),
    ],
)
def test_bad_annotations_are_told(directions, told):
    program = with_ports(*directions)
    with pytest.raises(ProgramError) as error:
        read_port_counters(program.schema, "p")
    assert told in str(error.value)
