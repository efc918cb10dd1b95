"""The hitless-switch command as a process: start, stop, and what can go wrong."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from finsy.proto import p4r
from p4rt import DEVICE_ID, PROGRAMS, Client, Set, everything_config, failure, insert, wait_for
from switch_process import SwitchProcess, is_alive, links, refused, running_switch

JSON = str(PROGRAMS / "everything.json")
P4INFO = str(PROGRAMS / "everything.p4info.txtpb")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_switch_and_its_worker_with_status_0(number):
    with running_switch("--thrift", "127.0.0.1:0") as switch:
        worker = switch.worker_id()
        client = switch.primary()
        status, errors = switch.end(number)
        assert status == 0, errors
        assert "since start: no packets" in errors
        assert not is_alive(worker)
        assert client.primary_stream.wait_end() is not None


def test_signals_to_the_whole_group_stop_it_in_order():
    group = subprocess.Popen(
        [sys.executable, "-m", "switch", "--grpc", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert "is ready" in group.stdout.readline()
    os.killpg(group.pid, signal.SIGTERM)
    _, errors = group.communicate(timeout=30)
    assert group.returncode == 0, errors


def test_a_worker_that_dies_ends_the_switch_with_status_3_and_the_reason():
    with running_switch() as switch:
        os.kill(switch.worker_id(), signal.SIGKILL)
        status, errors = switch.wait_end()
        assert status == 3
        assert "data plane has died: killed by signal 9" in errors


def test_a_control_process_that_is_killed_takes_its_worker_along():
    with running_switch() as switch:
        worker = switch.worker_id()
        switch.process.kill()
        wait_for(lambda: not is_alive(worker))


def test_the_ready_line_names_the_device_the_addresses_and_the_ports():
    switch = SwitchProcess("--grpc", "127.0.0.1:0", "--thrift", "127.0.0.1:0")
    try:
        line = switch.wait_ready()
    finally:
        switch.kill()
    assert line.startswith(f"hitless-switch: device {DEVICE_ID} is ready: P4Runtime at 127.0.0.1:")
    assert line.endswith("no ports\n")


@pytest.mark.parametrize("option", ["--grpc", "--thrift"])
def test_a_port_that_is_taken_is_told_with_its_option(option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        errors = refused("--grpc", "127.0.0.1:0", option, address)
    assert address in errors
    assert option in errors


def test_two_switches_cannot_share_a_grpc_port():
    with running_switch() as switch:
        assert switch.grpc in refused("--grpc", switch.grpc)


def test_an_interface_that_is_missing_is_told_by_its_name():
    errors = refused("--grpc", "127.0.0.1:0", "-i", "1@nobodys0")
    assert "nobodys0" in errors


def test_a_program_that_cannot_be_read_or_run_is_told(tmp_path):
    options = ["--grpc", "127.0.0.1:0", "--program"]
    assert "missing.json" in refused(*options, "missing.json", "--p4info", P4INFO)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\xff\xfe{")
    assert str(garbage) in refused(*options, str(garbage), "--p4info", P4INFO)
    assert "not P4Info as text" in refused(*options, JSON, "--p4info", str(garbage))


def test_a_program_given_at_the_start_runs_and_has_no_cookie():
    with running_switch("--program", JSON, "--p4info", P4INFO) as switch:
        config = switch.primary().get_config().config
        assert config.p4info == everything_config().p4info
        assert not config.HasField("cookie")


def test_a_program_pushed_before_any_port_exists_takes_entries():
    with running_switch() as switch:
        client = switch.primary()
        client.set_config(Set.VERIFY, everything_config())
        assert not client.get_config().HasField("config")
        client.set_config(Set.VERIFY_AND_COMMIT, everything_config())
        assert len(client.read(p4r.Entity(table_entry=p4r.TableEntry()))) == 4


def test_bmv2s_thrift_port_and_p4runtime_see_the_same_registers():
    with running_switch("--thrift", "127.0.0.1:0", "--program", JSON, "--p4info", P4INFO) as switch:
        assert switch.thrift is not None
        entity = p4r.Entity(register_entry=p4r.RegisterEntry())
        assert len(switch.primary().read(entity)) == 18


@pytest.mark.system
def test_without_root_rights_an_interface_is_refused_with_what_to_do():
    # Not by another user's id: the checkout may lie where only root can read it.
    as_nobody = ("unshare", "--user")
    if subprocess.run([*as_nobody, "true"], capture_output=True).returncode != 0:
        pytest.skip("user namespaces are not permitted here")
    command = (sys.executable, "-m", "switch", "--grpc", "127.0.0.1:0")
    with links(1) as made:
        interface, _ = made[1]
        done = subprocess.run(
            [*as_nobody, *command, "-i", f"1@{interface}"],
            capture_output=True,
            text=True,
            timeout=60,
            cwd="/",
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), "HOME": "/tmp"},
        )
    assert done.returncode == 1, done.stderr
    assert interface in done.stderr
    assert "root" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.bmv2
def test_bmv2s_own_command_line_works_on_the_real_switch():
    options = ("--thrift", "127.0.0.1:0", "--program", JSON, "--p4info", P4INFO)
    with running_switch(*options) as switch:
        done = subprocess.run(
            ["simple_switch_CLI", "--thrift-port", switch.thrift.rpartition(":")[2]],
            input="register_write totals 3 77\nregister_read totals\nget_time_elapsed\n",
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "totals= 0, 0, 0, 77, 0" in done.stdout, done.stdout + done.stderr


def test_a_client_of_a_stopped_switch_is_told_unavailable():
    with running_switch() as switch:
        client = Client(switch.grpc)
        switch.end()
        failed = failure(client.write, insert(table_entry=p4r.TableEntry()))
        assert failed.code.name == "UNAVAILABLE"
        client.close()
