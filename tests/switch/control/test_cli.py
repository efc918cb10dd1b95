"""The command line of hitless-switch: what it takes, and what it says of what it does not take."""

import pytest

from switch.addresses import AddressError, split_address
from switch.arguments import parse


def test_the_defaults_are_loopback_and_no_thrift():
    arguments = parse([])
    assert arguments.grpc == "127.0.0.1:9559"
    assert arguments.thrift is None
    assert arguments.device_id == 1
    assert arguments.cpu_port == 510
    assert arguments.interfaces == {}


def test_interfaces_are_ports_and_names():
    arguments = parse(["--interface", "1@s1-eth1", "-i", "0@veth@odd", "--cpu-port", "none"])
    assert arguments.interfaces == {1: "s1-eth1", 0: "veth@odd"}
    assert arguments.cpu_port is None


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["-i", "s1-eth1"], "is not PORT@NAME"),
        (["-i", "1@"], "is not PORT@NAME"),
        (["-i", "x@eth0"], "is not a port from 0 to 510"),
        (["-i", "511@eth0"], "is not a port from 0 to 510"),
        (["-i=-1@eth0"], "is not a port"),
        (["-i", "1@a", "-i", "1@b"], "given twice"),
        (["-i", "1@a", "-i", "2@a"], "given twice"),
        (["-i", "1@a", "--cpu-port", "1"], "is an interface as well"),
        (["--cpu-port", "900"], "is not a port"),
        (["--grpc", "localhost"], "is not HOST:PORT"),
        (["--grpc", ":9559"], "is not HOST:PORT"),
        (["--thrift", "127.0.0.1:70000"], "is not HOST:PORT"),
        (["--device-id", "-1"], "--device-id"),
        (["--device-id", "x"], "--device-id"),
        (["--program", "x.json"], "belong together"),
        (["--log-level", "loud"], "--log-level"),
    ],
)
def test_a_wrong_command_line_is_told_and_has_status_2(argv, told, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_the_help_says_how_to_start_and_what_the_exit_statuses_are(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "-i 1@s1-eth1" in text
    assert "3 when its data plane has died" in text


def test_addresses_are_hosts_and_ports():
    assert split_address("127.0.0.1:80") == ("127.0.0.1", 80)
    assert split_address("[::1]:0") == ("::1", 0)


def test_an_address_error_names_service_address_cause_and_option():
    error = AddressError("P4Runtime", "1.2.3.4:5", "--grpc", "it is taken")
    assert str(error) == (
        "cannot serve P4Runtime at 1.2.3.4:5: it is taken; choose another address with --grpc"
    )
