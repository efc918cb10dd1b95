"""A management entity whose nodes are not there, and what operators are told: over real sockets."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import me_files
import pytest
from me_process import ME_APP, OSKEN_MANAGER, MeProcess, hitless
from os_ken.lib import rpc

from controller.config.settings import Settings
from controller.errors import HitlessError
from controller.management import ManagementEntity

HUBS = ["native", "eventlet"]
LIMIT_S = 60.0
"Long enough for a process to start and to answer, however busy the machine."


def line() -> dict[str, Any]:
    ports = me_files.free_ports(2)
    return me_files.describe_line({"s1": ports[0], "s2": ports[1]})


@pytest.fixture(scope="module", params=HUBS)
def me(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MeProcess]:
    directory = tmp_path_factory.mktemp("me")
    with MeProcess(directory, me_files.write_files(directory, line()), request.param) as process:
        process.wait_serving()
        yield process
        assert process.stop() == 0
        assert "Traceback" not in process.log
        assert not process.socket.exists()


def test_status_tells_how_it_runs(me: MeProcess) -> None:
    status = me.data("status")
    assert status["nodes"] == {"ready": 0, "total": 2}
    assert status["pid"] == me.process.pid
    assert status["hub"] in HUBS
    assert status["under_way"] == []


def test_nodes_that_are_not_there_are_down_with_the_reason(me: MeProcess) -> None:
    nodes = me.data("nodes")["nodes"]
    assert [(node["name"], node["state"]) for node in nodes] == [("s1", "down"), ("s2", "down")]
    assert all("refused" in node["reason"] for node in nodes)


def test_the_placement_does_not_guess(me: MeProcess) -> None:
    (conflict,) = me.data("placement")["conflicts"]
    assert "enforced by no node that answers" in conflict


def test_functions_are_known_from_the_programs(me: MeProcess) -> None:
    (firewall,) = me.data("functions")["functions"]
    assert firewall["name"] == "firewall"
    assert firewall["programs"] == ["guarded", "l2_firewall"]
    assert (firewall["slots"], firewall["cells"]) == (16, 65_536)


def test_tables_for_people_hold_the_same(me: MeProcess) -> None:
    text = me.hitless("nodes").stdout
    assert re.search(r"^s1 +down .*127\.0\.0\.1:\d+", text, re.MULTILINE)
    assert me.hitless("placement").stdout.startswith("FUNCTION")
    assert "65536" in me.hitless("functions").stdout


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["migrate", "firewall", "--from", "s9", "--to", "s2"], 2, "--from: .*would do: s1, s2"),
        (["migrate", "router", "--from", "s1", "--to", "s2"], 2, "FUNCTION: .*would do: firewall"),
        (["migrate", "firewall", "--from", "s1", "--to", "s2"], 1, "s1 does not answer"),
        (["tables", "s1"], 1, "s1: read of its tables: there is no session with it"),
        (["migrate", "firewall", "--to", "s2"], 2, "required: --from"),
        (["migrate", "firewall", "--from", "s1", "--to", "s2", "--slots", "7-x"], 2, "--slots: "),
        (["migrate", "firewall", "--from", "s1", "--to", "s2", "--mode", "x"], 2, "hitless, paper"),
        (["migrations", "3"], 2, "no migration 3"),
        (["migrations", "0"], 2, "at least 1"),
        (["nodez"], 2, "close to it: node, nodes"),
        (["migr"], 2, "ambiguous: migrate, migrations"),
        (["--nodes"], 2, "no option --nodes"),
        (["events", "--kinds", "node_down,x"], 2, "no kind 'x'; these would do: node_up"),
        ([], 2, "COMMAND"),
        (["nodes", "--timeout", "0"], 2, "--timeout"),
    ],
)
def test_a_wrong_request_names_what_is_wrong_and_what_would_do(
    me: MeProcess, arguments: list[str], status: int, text: str
) -> None:
    done = me.hitless(*arguments)
    assert done.returncode == status
    assert re.search(text, done.stderr), done.stderr
    assert done.stdout == ""


def test_nothing_is_under_way_after_wrong_requests(me: MeProcess) -> None:
    assert me.data("migrations") == {"migrations": []}


def test_clients_that_nobody_here_wrote_can_talk_to_it(me: MeProcess) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(me.socket))
        client = rpc.Client(sock)
        assert client.call("status", [])["pid"] == me.process.pid
        with pytest.raises(rpc.RPCError) as caught:
            client.call("migrate", [{"function": "firewall", "source": "s9", "destination": "s2"}])
        fault = caught.value.get_value()
        assert (fault["kind"], fault["argument"]) == ("bad_request", "--from")
        assert fault["values"] == ["s1", "s2"]


def test_a_client_that_talks_nonsense_is_cut_off_and_nobody_else(me: MeProcess) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(LIMIT_S)
        sock.connect(str(me.socket))
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sock.recv(100) == b""
    assert me.hitless("status").returncode == 0


def test_a_second_one_on_the_same_socket_is_turned_away(me: MeProcess) -> None:
    done = subprocess.run(
        [OSKEN_MANAGER, ME_APP, "--config-file", me.log_file.with_name("me.conf")],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 1
    assert "serves there already" in done.stderr
    assert me.hitless("status").returncode == 0


def test_one_that_hangs_is_told_from_one_that_is_busy(me: MeProcess) -> None:
    me.process.send_signal(signal.SIGSTOP)
    try:
        done = me.hitless("nodes", "--timeout", "0.5")
    finally:
        me.process.send_signal(signal.SIGCONT)
    assert done.returncode == 3
    assert "it hangs" in done.stderr


def test_the_command_loads_nothing_that_makes_it_slow_to_start() -> None:
    program = "import sys, controller.operator.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    heavy = {
        "grpc",
        "google.protobuf",
        "finsy",
        "networkx",
        "os_ken.base",
        "oslo_config",
        "thriftpy2",
    }
    assert loaded.returncode == 0
    assert heavy.isdisjoint(loaded.stdout.split())


def test_without_one_the_command_says_how_to_start_it(tmp_path: Path) -> None:
    done = hitless("--rpc", str(tmp_path / "rpc.sock"), "nodes")
    assert done.returncode == 3
    assert "no management entity runs at" in done.stderr
    assert "osken-manager apps/me_app.py" in done.stderr


@pytest.mark.parametrize("hub", HUBS)
def test_one_that_was_killed_is_replaced_by_the_next(tmp_path: Path, hub: str) -> None:
    arguments = me_files.write_files(tmp_path, line())
    with MeProcess(tmp_path, arguments, hub) as first:
        first.wait_serving()
        first.process.kill()
        first.process.wait()
        assert first.socket.exists()
        assert first.hitless("nodes").returncode == 3
    with MeProcess(tmp_path, arguments, hub) as second:
        second.wait_serving()
        assert second.data("status")["pid"] == second.process.pid
        assert second.stop() == 0


def test_the_journal_of_a_live_one_is_not_shared(tmp_path: Path) -> None:
    network = line()
    journal = tmp_path / "journal.sqlite"
    directories = [tmp_path / "a", tmp_path / "b"]
    for directory in directories:
        directory.mkdir()
    first, second = (
        MeProcess(directory, me_files.write_files(directory, network, journal_file=journal))
        for directory in directories
    )
    with first, second:
        statuses = []
        deadline = time.monotonic() + LIMIT_S
        while not statuses and time.monotonic() < deadline:
            statuses = [p for p in (first, second) if p.process.poll() is not None]
            time.sleep(0.05)
        (refused,) = statuses
        assert refused.process.returncode == 1
        assert "another ME has it open" in refused.log
        assert not refused.socket.exists()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"nodes": {}}, "there must be at least one node"),
        ({"functions": {"router": {"s1": "0-15"}}}, "no program has this function.*firewall"),
        ({"functions": {"firewall": {"s1": "0-99"}}}, "slots 0-15"),
        ({"colour": "red"}, "colour"),
        ({"programs": {"guarded": {"json": "gone.json", "p4info": "gone"}}}, "gone"),
    ],
)
def test_a_network_file_that_cannot_be_is_refused(
    tmp_path: Path, change: dict[str, Any], text: str
) -> None:
    me_files.write_files(tmp_path, line() | change)
    files = {name: tmp_path / name for name in ("journal_file", "rpc_socket")}
    with pytest.raises(HitlessError, match=text):
        ManagementEntity(Settings(network_file=tmp_path / "network.yaml", **files))
    assert not files["journal_file"].exists()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"colour": "red"}, r"network\.yaml.*colour"),
        (
            {"programs": {"guarded": {"json": "gone.json", "p4info": "gone"}}},
            r"guarded.*gone\.json",
        ),
    ],
)
def test_a_wrong_configuration_ends_the_command_with_the_reason(
    tmp_path: Path, change: dict[str, Any], text: str
) -> None:
    arguments = me_files.write_files(tmp_path, line() | change)
    done = subprocess.run(
        [OSKEN_MANAGER, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 2
    assert re.fullmatch(rf"osken-manager: .*{text}.*\n", done.stderr)


def test_a_configuration_is_checked_beside_a_running_one(me: MeProcess) -> None:
    done = subprocess.run(
        [OSKEN_MANAGER, ME_APP, "--check", "--config-file", me.log_file.with_name("me.conf")],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
