"""The management entity over two embedded switches: what operators see of nodes and migrations."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import me_files
import pytest
from holding import Hold, write_app
from line_network import LineNetwork
from me_process import HITLESS, STOP_TIMEOUT_S, MeProcess
from terminal import LIMIT_S, Terminal

from controller.operator.client import RpcClient

pytestmark = pytest.mark.system

HUBS = ["native", "eventlet"]


class Stage:
    """The switches, and one management entity at a time over them."""

    def __init__(self, network: LineNetwork, directory: Path) -> None:
        self.network = network
        self._directory = directory
        self._current: MeProcess | None = None
        self._key: tuple[str, ...] = ()
        self._count = 0

    def me(self, hub: str = "native", *apps: str) -> MeProcess:
        """Return a running management entity that has both nodes ready; maybe one used before."""
        key = (hub, *apps)
        if self._current is None or key != self._key or self._current.process.poll() is not None:
            self.clear()
            self._count += 1
            directory = self._directory / str(self._count)
            directory.mkdir()
            self._key, self._current = key, self.start(directory, hub, *apps)
        return self._current

    def clear(self) -> None:
        """End the present one."""
        if self._current is not None:
            self._current.kill()
            self._current = None

    def start(self, directory: Path, hub: str = "native", *apps: str) -> MeProcess:
        """Start another one in place of the present one; the caller ends it."""
        self.clear()
        arguments = me_files.write_files(directory, me_files.describe_line(self.network.grpc_ports))
        hold = write_app(directory)
        me = MeProcess(directory, [hold, *apps, *arguments], hub, self.network.command())
        me.wait_serving()
        me.wait_for(lambda: ready(me) == 2, "both nodes are ready")
        return me


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with LineNetwork(tmp_path_factory.mktemp("line")) as network:
        stage = Stage(network, tmp_path_factory.mktemp("me"))
        yield stage
        stage.clear()


@pytest.fixture
def network(stage: Stage) -> LineNetwork:
    return stage.network


@pytest.fixture(params=HUBS)
def any_hub(request: pytest.FixtureRequest, stage: Stage) -> Iterator[MeProcess]:
    me = stage.me(request.param)
    yield me
    assert "Traceback" not in me.log


@pytest.fixture
def me(stage: Stage) -> Iterator[MeProcess]:
    me = stage.me()
    yield me
    assert "Traceback" not in me.log


def ready(me: MeProcess) -> int:
    return me.ask("status")["nodes"]["ready"]


def under_way(me: MeProcess) -> int:
    """Return the id of the migration that is under way."""
    (migration_id,) = me.ask("status")["under_way"]
    return migration_id


def placement(me: MeProcess) -> dict[str, str]:
    return me.ask("placement")["functions"]["firewall"]["placement"]


def ends(me: MeProcess) -> tuple[str, str]:
    """Return who enforces the whole firewall, and the other node."""
    ((source, slots),) = placement(me).items()
    assert slots == "0-15"
    return source, "s2" if source == "s1" else "s1"


def migrate(me: MeProcess, *arguments: str) -> list[str]:
    source, destination = ends(me)
    return ["migrate", "firewall", "--from", source, "--to", destination, *arguments]


def begin(me: MeProcess, *arguments: str) -> int:
    return me.data(*migrate(me, "--no-wait", *arguments))["id"]


def record(me: MeProcess, migration_id: int) -> dict[str, Any]:
    return me.ask("migrations", id=migration_id)["migration"]


def steps(record: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["state"] for step in record["steps"]}


def test_nodes_are_set_up_and_traffic_passes(any_hub: MeProcess, network: LineNetwork) -> None:
    nodes = any_hub.ask("nodes")["nodes"]
    assert [(n["name"], n["state"], n["program"]) for n in nodes] == [
        ("s1", "ready", "guarded"),
        ("s2", "ready", "guarded"),
    ]
    assert network.on_host("hB", "ping", "-c1", "-W2", "10.0.0.1").returncode == 0


def test_a_migration_moves_the_placement_and_is_reported(any_hub: MeProcess) -> None:
    source, destination = ends(any_hub)
    done = any_hub.data(*migrate(any_hub))["migration"]
    assert (done["state"], done["from"], done["to"]) == ("finished", source, destination)
    assert set(steps(done).values()) == {"done"}
    assert placement(any_hub) == {destination: "0-15"}
    assert record(any_hub, done["id"]) == done
    assert any_hub.ask("migrations", last=1) == {"migrations": [done]}


def test_some_slots_move_alone(me: MeProcess) -> None:
    source, destination = ends(me)
    assert me.hitless(*migrate(me, "--slots", "0-3,8")).returncode == 0
    assert placement(me) == {source: "4-7,9-15", destination: "0-3,8"}
    back = ["migrate", "firewall", "--from", destination, "--to", source]
    assert me.hitless(*back).returncode == 0
    assert placement(me) == {source: "0-15"}


def test_a_dry_run_shows_the_plan_and_does_nothing(me: MeProcess) -> None:
    before = placement(me)
    plan = me.data(*migrate(me, "--dry-run"))["plan"]
    assert plan["cells"] == 65_536
    assert [step["name"] for step in plan["steps"]][-3:] == ["learn off", "verify", "release"]
    text = me.hitless(*migrate(me, "--dry-run")).stdout
    assert "nothing was done" in text
    assert "enforce off" in text
    assert me.ask("status")["under_way"] == []
    assert placement(me) == before


def test_the_result_is_a_table_for_people(me: MeProcess) -> None:
    done = me.hitless(*migrate(me))
    assert done.returncode == 0
    assert done.stderr == "", "progress is for terminals"
    assert re.search(r"^finished in [\d,]+\.\d ms, [\d,]+ cells moved$", done.stdout, re.MULTILINE)
    assert re.search(r"^copy +s\d +done +[\d,]+\.\d ms +rounds", done.stdout, re.MULTILINE)


def test_steps_are_shown_on_a_terminal_as_they_happen(me: MeProcess, tmp_path: Path) -> None:
    command = [HITLESS, "--rpc", str(me.socket), *migrate(me)]
    with Hold(me) as hold, Terminal(me.socket, tmp_path, command) as terminal:
        hold.wait_held()
        terminal.wait_for("copy")
        assert shown_steps(terminal) == ["prepare", "learn on"]
        hold.release()
        terminal.wait_for("cells moved")
    assert shown_steps(terminal)[-1] == "release"


def shown_steps(terminal: Terminal) -> list[str]:
    """Return the steps that a terminal shows as done."""
    lines = terminal.shown.replace("\r", "\n")
    return re.findall(r"^  (.+?) {2,}s\d +done +[\d,]+\.\d ms", lines, re.MULTILINE)


def test_ctrl_c_stops_waiting_and_not_the_migration(me: MeProcess, tmp_path: Path) -> None:
    command = [HITLESS, "--rpc", str(me.socket), *migrate(me)]
    with Hold(me), Terminal(me.socket, tmp_path, command) as terminal:
        terminal.wait_for("copy")
        migration = under_way(me)
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("hitless migrations")
        assert terminal.process.wait(LIMIT_S) == 130
    said = f"stopped waiting; migration {migration} goes on: hitless migrations"
    assert said in " ".join(terminal.shown.split())
    wait_ended(me, migration, "finished")


def wait_ended(me: MeProcess, migration_id: int, state: str) -> dict[str, Any]:
    me.wait_for(
        lambda: record(me, migration_id)["state"] == state, f"migration {migration_id} is {state}"
    )
    return record(me, migration_id)


def test_waiting_has_a_limit_that_does_not_stop_the_migration(me: MeProcess) -> None:
    with Hold(me):
        done = me.hitless(*migrate(me), "--timeout", "2")
    assert done.returncode == 4
    (said,) = re.findall(r"migration (\d+) .* goes on", done.stderr)
    wait_ended(me, int(said), "finished")


def test_slots_that_are_moving_are_not_moved_twice(me: MeProcess) -> None:
    source, destination = ends(me)
    again = ("migrate", "firewall", "--from", source, "--to", destination, "--slots", "3")
    with Hold(me):
        first = begin(me)
        done = me.hitless(*again)
    assert done.returncode == 1
    assert "slots 3, are being moved" in done.stderr
    wait_ended(me, first, "finished")
    assert placement(me) == {destination: "0-15"}


def test_many_operators_are_answered_while_a_migration_runs(any_hub: MeProcess) -> None:
    answers: list[list[int]] = []

    def ask() -> None:
        with RpcClient(any_hub.socket) as client:
            answers.extend(client.call("status")["under_way"] for _ in range(10))

    with Hold(any_hub) as hold:
        migration = begin(any_hub)
        hold.wait_held()
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_S)
        assert answers == [[migration]] * 80
    wait_ended(any_hub, migration, "finished")


def test_no_view_lacks_the_enforcer_while_slots_move_and_operators_ask(me: MeProcess) -> None:
    """There and back; two are shown only while two act."""
    done = threading.Event()
    asked: list[Any] = []

    def ask() -> None:
        with RpcClient(me.socket) as client:
            while not done.wait(0.002):
                asked.append(client.call("placement"))

    with RpcClient(me.socket) as client:
        client.subscribe(["placement_changed", "migration_step", "migration_ended"])
        asking = threading.Thread(target=ask)
        asking.start()
        told = [event for _ in range(2) for event in _events_of_a_move(me, client)]
        done.set()
        asking.join(LIMIT_S)
    views = [event["placement"] for event in told if "placement" in event]
    enforced = [view["functions"]["firewall"]["placement"] for view in (*views, *asked)]
    assert {"s1": "0-15"} in enforced
    assert {"s2": "0-15"} in enforced
    both = {"s1": "0-15", "s2": "0-15"}
    assert all(one in ({"s1": "0-15"}, {"s2": "0-15"}, both) for one in enforced)
    state = {}
    for event in told:
        if "migration" in event:
            state = steps(event["migration"])
        elif event["placement"]["functions"]["firewall"]["placement"] == both:
            assert state["enforce on"] != "pending"
            assert state["enforce off"] != "done"


def _events_of_a_move(me: MeProcess, client: RpcClient) -> Iterator[Any]:
    """Move the firewall to the other node; yield what is told until that has ended."""
    migration = begin(me)
    while (event := client.next_event(LIMIT_S))["event"] != "migration_ended":
        yield event
    assert event["migration"]["id"] == migration


def test_a_restart_disturbs_nothing_and_finds_what_is(stage: Stage, tmp_path: Path) -> None:
    with stage.start(tmp_path) as first:
        assert first.hitless(*migrate(first)).returncode == 0
        before = placement(first)
        assert first.stop() == 0
    assert stage.network.on_host("hB", "ping", "-c1", "-W2", "10.0.0.1").returncode == 0
    with stage.start(tmp_path) as second:
        assert placement(second) == before
        text = second.log.partition("stopping")[2]
        assert text.count("program was there") == 2
        assert "loaded" not in text


@pytest.mark.parametrize(
    ("step", "end"),
    [("copy", signal.SIGTERM), ("release", signal.SIGTERM), ("release", signal.SIGKILL)],
)
def test_a_migration_that_was_interrupted_is_seen_to_by_the_next(
    stage: Stage, tmp_path: Path, step: str, end: signal.Signals
) -> None:
    with stage.start(tmp_path) as first:
        source, destination = ends(first)
        with Hold(first) as hold, RpcClient(first.socket) as client:
            client.subscribe(["migration_step"])
            migration = begin(first)
            hold.wait_held()
            if step == "release":
                hold.release()
                wait_for_step(client, step)
            first.process.send_signal(end)
            if step == "copy":
                first.wait_for(lambda: "stopping" in first.log, "it is stopping")
        first.process.wait(STOP_TIMEOUT_S)
    with stage.start(tmp_path) as second:
        expected, place = ("undone", source) if step == "copy" else ("finished", destination)
        ended = wait_ended(second, migration, expected)
        assert ended["reason"] or expected == "finished"
        assert placement(second) == {place: "0-15"}
        assert second.ask("placement")["conflicts"] == []
        assert second.hitless(*migrate(second)).returncode == 0


def wait_for_step(client: RpcClient, name: str) -> None:
    """Wait until a step has begun, as is told to who has subscribed to steps before."""
    told = client.next_event(LIMIT_S)
    while told and steps(told["migration"])[name] == "pending":
        told = client.next_event(LIMIT_S)
    assert told, f"{name} was not told of"


@contextmanager
def pinging(network: LineNetwork) -> Iterator[None]:
    """Send something through the network all the while."""
    ping = ["ip", "netns", "exec", network.hosts["hB"], "ping", "-q", "-i0.02", "10.0.0.1"]
    with subprocess.Popen(ping, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def test_what_operators_said_holds_after_the_process_was_killed(
    stage: Stage, network: LineNetwork, tmp_path: Path
) -> None:
    with stage.start(tmp_path) as first, pinging(network):
        source, destination = ends(first)
        first.data("pause")
        first.data("thresholds", "set", source, "--high", "0.5")
        add = "node add s3 --grpc 127.0.0.1:1 --device-id 3 --program l2 --ports 1,2"
        first.data(*add.split())
        first.wait_for(
            lambda: first.ask("plan", kind="out", node=source)["plan"]["moves"], "load is known"
        )
        with RpcClient(first.socket) as client:
            client.subscribe(["migration_started"])
            (move,) = client.call("scale", {"kind": "out", "node": source})["plan"]["moves"]
            began = client.next_event(LIMIT_S)
        first.stop(signal.SIGKILL)
        assert began
        migration = began["migration"]["id"]
    with stage.start(tmp_path) as second:
        ends_well = ("undone", "finished")  # by how far it had come
        second.wait_for(
            lambda: record(second, migration)["state"] in ends_well, "what was under way has ended"
        )
        second.wait_for(lambda: destination in placement(second), "the plan is gone on with")
        assert placement(second)[destination] == move["slots"]
        assert second.ask("placement")["conflicts"] == []
        assert second.ask("scaling")["paused"]
        (own,) = second.data("thresholds", source)["thresholds"]
        assert (own["high_pps"], own["set"], own["file"]["high_pps"]) == (
            0.5,
            {"high_pps": 0.5},
            None,
        )
        assert second.ask("nodes", node="s3")["nodes"][0]["program"] is None
        assert second.data("node", "remove", "s3")["nodes"] == ["s1", "s2"]
        back = ["migrate", "firewall", "--from", destination, "--to", source]
        assert second.hitless(*back).returncode == 0


def test_a_node_that_dies_in_the_middle_undoes_the_move_and_is_set_up_again(
    me: MeProcess, network: LineNetwork
) -> None:
    source, destination = ends(me)
    command = [HITLESS, "--rpc", str(me.socket), *migrate(me), "--json"]
    with Hold(me) as hold, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        hold.wait_held()
        migration = under_way(me)
        network.kill(destination)
        hold.release()
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert json.loads(said)["migration"]["state"] in ("undone", "undo blocked")
    me.wait_for(lambda: state(me, destination) == "down", "the node is seen to be down")
    assert placement(me) == {source: "0-15"}
    network.start(destination)
    me.wait_for(lambda: ready(me) == 2, "both nodes are ready again")
    wait_ended(me, migration, "undone")
    assert placement(me) == {source: "0-15"}
    assert f"{destination}: " in me.log
    assert me.hitless(*migrate(me)).returncode == 0


def test_a_node_that_another_controller_takes_is_shown_and_taken_back(
    me: MeProcess, network: LineNetwork
) -> None:
    rival = f"""
import sys, time
from controller.southbound.driver import NodeAddress
from controller.southbound.factory import make_driver

class Listener:
    def on_state(self, *_): pass
    on_packet_in = on_digest = on_state

address = NodeAddress("s1", 1, "127.0.0.1:{network.grpc_ports["s1"]}", election_id=2**100)
driver = make_driver(address)
driver.start(Listener())
driver.wait_ready(30)
print("primary", flush=True)
sys.stdin.read()
driver.stop()
"""
    command = network.command(str(Path(HITLESS).with_name("python")), "-c", rival)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "primary\n"
        me.wait_for(lambda: state(me, "s1") == "backup", "s1 has another primary")
        process.stdin.close()
    me.wait_for(lambda: state(me, "s1") == "ready", "s1 is ours again")


def state(me: MeProcess, node: str) -> str:
    return next(n["state"] for n in me.ask("nodes")["nodes"] if n["name"] == node)
