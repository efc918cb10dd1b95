"""Claims on run numbers, ports, and the clean-up after runs that were killed."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from topo.endpoints import allocate
from topo.errors import PortBusy, Refused
from topo.runs import Run, clean_stale

CLAIM_AND_WAIT = (
    "import sys, time; from pathlib import Path; from topo.runs import Run\n"
    "run = Run.claim([], Path(sys.argv[1])); run.note_process(int(sys.argv[2]))\n"
    "print(run.number, flush=True); time.sleep(60)"
)


@pytest.fixture
def base(tmp_path):
    return tmp_path / "hitless" / "topo"


@pytest.fixture
def claimant(base):
    """Start other processes that claim runs, and end them."""
    started = []

    def start(pid_to_note):
        process = subprocess.Popen(
            [sys.executable, "-c", CLAIM_AND_WAIT, base, str(pid_to_note)],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process, int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_runs_side_by_side_have_different_numbers_and_names(base, claimant):
    _, first = claimant(os.getpid())
    run = Run.claim(["unit1-eth1"], base)
    assert (first, run.number) == (0, 1)
    assert run.interface("unit1-eth1") == "r1-unit1-eth1"
    run.close()


def test_a_closed_run_leaves_no_file(base):
    run = Run.claim(["unit1-eth1"], base)
    assert run.interface("unit1-eth1") == "unit1-eth1"
    (run.directory / "s1.log").touch()
    run.close()
    run.close()
    assert not base.parent.exists()


def test_a_number_whose_interface_names_are_taken_is_passed_over(base):
    run = Run.claim(["lo"], base)
    assert run.number == 1
    run.close()


def test_what_a_killed_run_left_is_removed_by_the_next(base, claimant):
    with subprocess.Popen(["sleep", "60"]) as left_over:
        process, number = claimant(left_over.pid)
        process.kill()
        process.wait()
        assert clean_stale(base) == [number]
        assert left_over.wait(30) == -15
    assert not (base).exists()


def test_a_run_that_is_alive_is_not_cleaned(base, claimant):
    with subprocess.Popen(["sleep", "60"]) as other:
        claimant(other.pid)
        assert clean_stale(base) == []
        assert other.poll() is None
        other.kill()


def test_a_process_that_has_the_number_of_an_ended_one_is_left_alone(base):
    with subprocess.Popen(["sleep", "60"]) as stranger:
        directory = base / "0"
        directory.mkdir(parents=True)
        record = {"interfaces": ["lo"], "processes": [[stranger.pid, 1]]}
        (directory / "record.json").write_text(json.dumps(record))
        assert clean_stale(base) == [0]
        assert stranger.poll() is None
        stranger.kill()
    assert Path("/sys/class/net/lo").exists()


def test_an_interface_name_that_linux_would_not_take_is_refused(base):
    run = Run.claim([], base)
    with pytest.raises(Refused, match="longer than Linux allows"):
        run.interface("a-node-with-a-long-name-eth1")
    run.close()


def test_runs_get_different_ports():
    first, second = (allocate(["s1", "s2"], run) for run in (0, 1))
    ports = [port for e in (*first.values(), *second.values()) for port in (e.grpc, e.thrift)]
    assert len(set(ports)) == 8


def test_a_busy_port_is_passed_over_unless_it_was_asked_for():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(PortBusy, match=f"TCP port {port}, on which s1 .* is in use"):
            allocate(["s1", "s2"], 0, grpc_port=port)


def test_ports_past_the_last_are_refused():
    with pytest.raises(Refused, match="65535 is not a TCP port that 2 nodes can count up from"):
        allocate(["s1", "s2"], 0, grpc_port=65535)
