"""What cannot be done is refused at once, with reason and remedy, and nothing is half done."""

import socket
import sys

import pytest
from traces import RUNS, shadowed, start, topo

pytestmark = pytest.mark.system

COMMANDS = {
    "topo": (sys.executable, "-m", "topo", "line", "--no-cli"),
    "demo": (sys.executable, "-m", "topo.demo", "--plot", "/dev/null"),
}


def refused(traced):
    """Wait for the end; return what was said, after the checks that hold for every refusal."""
    assert traced.process.wait(60) == 2, traced.text()
    assert "Traceback" not in traced.text()
    traced.assert_nothing_left()
    return traced.text()


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_without_root_it_says_so(tmp_path, command, without_root):
    said = refused(start(tmp_path, *without_root, *COMMANDS[command]))
    assert "need root rights: run the same command as root" in said


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_without_mininet_it_says_how_to_get_it(tmp_path, command):
    said = refused(start(tmp_path, *COMMANDS[command], environment=shadowed(tmp_path, "mininet")))
    assert "Mininet's Python API cannot be imported (there is no mininet here)" in said
    assert "scripts/setup" in said


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_without_bmv2_it_says_where_to_get_it(tmp_path, command):
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    said = refused(start(tmp_path, *COMMANDS[command], "--node", "bmv2", environment=path))
    assert "simple_switch_grpc is not on the PATH: BMv2 is neither in Debian nor on PyPI" in said


def test_a_program_that_is_missing_is_named_with_its_package(tmp_path):
    directory = tmp_path / "bin"
    directory.mkdir()
    said = refused(topo(tmp_path, "line", environment={"PATH": str(directory)}))
    assert "mnexec is not on the PATH: run scripts/setup as root, or apt-get install mini" in said


def test_a_busy_port_is_named_and_how_to_find_who_has_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        said = refused(topo(tmp_path, "line", "--no-cli", "--grpc-port", str(port)))
    assert f"TCP port {port}, on which s1 was to serve P4Runtime, is in use" in said
    assert f"sport = :{port}" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ring",), "invalid choice: 'ring'"),
        (("line", "--node", "tofino"), "invalid choice: 'tofino'"),
        (("line", "--program", "nat"), "no program nat in"),
        (("line", "--program", "s3=l2"), "no node s3 in line: there are s1, s2"),
        (("line", "--program", "s1="), "give PROGRAM or NODE=PROGRAM"),
        (("line", "--config-dir", "/proc/nowhere"), "cannot write the configuration"),
    ],
)
def test_a_wrong_argument_of_topo_is_named(tmp_path, arguments, message):
    assert message in refused(topo(tmp_path, *arguments, "--no-cli"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "teleport"), "invalid choice: 'teleport'"),
        (("--seconds", "0"), "--seconds 0: the scenario paper takes 3 to 600"),
        (("--json", "/nowhere/at/all.json"), "cannot write /nowhere/at/all.json"),
        (("--plot", "/"), "cannot write /: Is a directory"),
    ],
)
def test_a_wrong_argument_of_the_demo_is_named(tmp_path, arguments, message):
    assert message in refused(start(tmp_path, *COMMANDS["demo"], *arguments))


def test_a_configuration_of_somebody_elses_is_not_overwritten(tmp_path):
    mine = tmp_path / "me.conf"
    mine.write_text("mine")
    said = refused(topo(tmp_path, "line", "--no-cli", "--config-dir", str(tmp_path)))
    assert f"{mine} exists already" in said
    assert mine.read_text() == "mine"


def test_a_run_directory_that_cannot_be_made_is_named(tmp_path):
    """In a mount namespace of its own, /run is read-only."""
    read_only = (
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount -o ro -t tmpfs none /run && exec "$@"',
        "-",
    )
    said = refused(start(tmp_path, *read_only, *COMMANDS["topo"]))
    assert f"'{RUNS.parent}'" in said or f"'{RUNS}'" in said
