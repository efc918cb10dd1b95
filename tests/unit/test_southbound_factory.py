"""Which driver a node gets, and which addresses are refused before anything is tried."""

import inspect
from dataclasses import replace

import pytest

from controller.errors import ConfigError
from controller.southbound.bmv2 import Bmv2Driver
from controller.southbound.driver import NodeAddress, NodeDriver
from controller.southbound.factory import make_driver
from controller.southbound.p4runtime import P4RuntimeDriver

PLAIN = NodeAddress("s1", 1, "127.0.0.1:50051")
BMV2 = replace(PLAIN, driver="bmv2", thrift="127.0.0.1:9090")


@pytest.mark.parametrize(
    "address",
    [
        PLAIN,
        replace(PLAIN, grpc="switch-1.example.org:50051"),
        replace(PLAIN, grpc="[::1]:50051", election_id=(1 << 128) - 1),
    ],
)
def test_a_plain_node_gets_the_p4runtime_driver(address):
    assert type(make_driver(address)) is P4RuntimeDriver


def test_a_bmv2_node_gets_its_own_driver():
    assert type(make_driver(BMV2)) is Bmv2Driver


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (replace(PLAIN, driver="tofino"), "no driver 'tofino': choose one of p4runtime, bmv2"),
        (replace(PLAIN, grpc="127.0.0.1"), "P4Runtime address '127.0.0.1' is not HOST:PORT"),
        (replace(PLAIN, grpc=":50051"), "is not HOST:PORT"),
        (replace(BMV2, thrift=None), "a bmv2 node needs its Thrift address"),
        (replace(BMV2, thrift="127.0.0.1:x"), "Thrift address '127.0.0.1:x' is not HOST:PORT"),
        (replace(PLAIN, election_id=0), r"election id 0 is not in 1 to 2\^128-1"),
        (replace(PLAIN, election_id=1 << 128), "election id"),
    ],
)
def test_an_address_that_cannot_work_is_refused_with_the_nodes_name(address, message):
    with pytest.raises(ConfigError, match=f"s1: .*{message}"):
        make_driver(address)


@pytest.mark.parametrize("driver", [P4RuntimeDriver, Bmv2Driver])
@pytest.mark.parametrize("member", [name for name in vars(NodeDriver) if not name.startswith("_")])
def test_every_driver_has_the_whole_interface_with_the_same_parameters(driver, member):
    wanted, found = getattr(NodeDriver, member), getattr(driver, member)
    assert isinstance(found, property) == isinstance(wanted, property)
    if not isinstance(wanted, property):
        assert list(inspect.signature(found).parameters.values()) == list(
            inspect.signature(wanted).parameters.values()
        )
