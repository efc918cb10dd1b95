"""The RPC server under load and abuse, on both hubs, in a process that runs an app of the tests."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from me_process import MeProcess
from southbound_tools import LIMIT_S, eventually

from controller.errors import NoAnswer, NotRunning
from controller.operator import server
from controller.operator.client import RpcClient
from controller.operator.faults import RequestFailed

APP = """
import time
from pathlib import Path
from os_ken.base.app_manager import OSKenApp
from controller import hub
from controller.errors import ConflictError
from controller.operator.server import RpcServer

def execute(name, arguments):
    if name == "wait":
        Path(arguments["waits"]).touch()
        while not Path(arguments["for"]).exists():
            time.sleep(0.01)
    if name == "defect":
        raise KeyError("a defect")
    if name == "conflict":
        raise ConflictError("something is under way")
    if name == "unspeakable":
        return {"x": object()}
    if name == "large":
        return {"x": "y" * arguments["bytes"]}
    if name == "parts":
        return ({"x": ["y" * 1000] * 100} for _ in range(arguments["count"]))
    if name == "subscribe":
        return dict(arguments)
    return {"command": name, "arguments": dict(arguments)}

class Server(OSKenApp):
    def start(self):
        super().start()
        self.server = RpcServer(Path("rpc.sock").absolute(), execute, "7")
        self.server.start()
        self.count = 0
        self.ticks = hub.periodic(0.01, self.tick, name="ticks")

    def tick(self):
        for _ in range(10):
            self.count += 1
            self.server.publish({"event": "tick", "count": self.count, "filler": "x" * 5_000})
        self.server.publish({"event": "ten", "count": self.count})

    def close(self):
        self.ticks.stop()
        self.server.close()
"""


@pytest.fixture(scope="module", params=["native", "eventlet"])
def process(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MeProcess]:
    directory = tmp_path_factory.mktemp("rpc")
    (directory / "rpc_server_app.py").write_text(APP)
    with MeProcess(directory, ["rpc_server_app.py"], request.param) as process:
        process.wait_serving()
        yield process
        assert process.stop() == 0
        assert "ended by an error" not in process.log


@pytest.fixture
def client(process: MeProcess) -> Iterator[RpcClient]:
    with RpcClient(process.socket) as client:
        yield client


def start_waiting(client: RpcClient, directory: Path, name: str = "waits") -> threading.Thread:
    """Have a command under way that ends when there is a file "go" in a directory."""
    arguments = {"waits": str(directory / name), "for": str(directory / "go")}
    thread = threading.Thread(target=client.call, args=("wait", arguments))
    thread.start()
    assert eventually((directory / name).exists)
    return thread


def test_a_command_is_answered_with_its_data(client: RpcClient) -> None:
    assert client.call("x", {"a": [1, None]}) == {"command": "x", "arguments": {"a": [1, None]}}
    assert client.call("y") == {"command": "y", "arguments": {}}


def test_a_long_command_delays_no_other_even_on_the_same_connection(
    process: MeProcess, client: RpcClient, tmp_path: Path
) -> None:
    with RpcClient(process.socket) as other:
        slow = start_waiting(client, tmp_path)
        other.call("quick")
        assert slow.is_alive()
        (tmp_path / "go").touch()
        slow.join(LIMIT_S)
        assert not slow.is_alive()


def test_a_busy_server_is_told_from_one_that_hangs(client: RpcClient, tmp_path: Path) -> None:
    arguments = {"waits": str(tmp_path / "waits"), "for": str(tmp_path / "go")}
    with pytest.raises(NoAnswer, match="alive and busy") as caught:
        client.call("wait", arguments, timeout_s=0.2)
    assert caught.value.alive
    (tmp_path / "go").touch()


def test_one_request_too_many_is_refused_and_the_next_is_not(
    process: MeProcess, tmp_path: Path
) -> None:
    clients = [RpcClient(process.socket) for _ in range(server.REQUEST_LIMIT)]
    waiting = [start_waiting(client, tmp_path, f"{n}") for n, client in enumerate(clients)]
    with RpcClient(process.socket) as late:
        with pytest.raises(RequestFailed, match="16 requests are being answered") as caught:
            late.call("quick")
        assert caught.value.kind == "busy"
        assert late.call("ping")["version"] == "7"
        (tmp_path / "go").touch()
        for thread in waiting:
            thread.join(LIMIT_S)
        assert late.call("quick")["command"] == "quick"
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("command", "kind", "text"),
    [
        ("defect", "internal", "KeyError: 'a defect'"),
        ("unspeakable", "internal", "can not serialize"),
        ("conflict", "conflict", "something is under way"),
    ],
)
def test_errors_come_back_with_their_kind(
    client: RpcClient, command: str, kind: str, text: str
) -> None:
    with pytest.raises(RequestFailed, match=text) as caught:
        client.call(command)
    assert caught.value.kind == kind
    assert client.call("quick")["command"] == "quick"


def test_parameters_that_are_no_map_are_refused(process: MeProcess) -> None:
    from controller.operator.wire import Wire

    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(LIMIT_S)
        sock.connect(str(process.socket))
        wire = Wire(sock, 10_000)
        wire.request("x", [1, 2])
        assert "must be one map" in wire.receive().error["message"]


def test_a_large_answer_arrives_whole(client: RpcClient) -> None:
    assert len(client.call("large", {"bytes": 5_000_000})["x"]) == 5_000_000


def test_a_long_answer_comes_in_parts_to_those_who_want_it_so(client: RpcClient) -> None:
    parts = list(client.stream("parts", {"count": 200}))
    assert [len(part["x"]) for part in parts] == [100] * 200
    assert len(client.fetch("parts", {"count": 3})["x"]) == 300
    assert len(client.call("parts", {"count": 3})["x"]) == 300
    assert list(client.stream("y")) == [{"command": "y", "arguments": {}}]


def test_a_stream_that_is_not_read_is_held_up_and_delays_no_other(
    process: MeProcess, client: RpcClient
) -> None:
    stream = client.stream("parts", {"count": 5000})  # half a gigabyte
    next(stream)
    with RpcClient(process.socket) as other:
        assert other.call("quick")["command"] == "quick"
    assert client.call("quick")["command"] == "quick"
    assert _resident_kib(process) < 300_000


def _resident_kib(process: MeProcess) -> int:
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def test_an_error_in_the_middle_of_a_stream_ends_it(client: RpcClient) -> None:
    with pytest.raises(RequestFailed, match="KeyError"):
        list(client.stream("parts", {}))
    assert client.call("quick")["command"] == "quick"


def test_an_answer_that_nobody_waits_for_disturbs_nobody(process: MeProcess) -> None:
    for _ in range(10):
        for _ in range(5):
            with RpcClient(process.socket) as client, pytest.raises(NoAnswer):
                client.call("large", {"bytes": 5_000_000}, timeout_s=0.001)
        with RpcClient(process.socket) as client:
            assert client.call("quick")["command"] == "quick"


def test_events_come_in_order_to_those_who_subscribed_only(
    process: MeProcess, client: RpcClient
) -> None:
    client.subscribe(["tick"])
    counts = [client.next_event(LIMIT_S)["count"] for _ in range(20)]
    assert counts == list(range(counts[0], counts[0] + 20))
    with RpcClient(process.socket) as other:
        other.call("quick")
        assert other.next_event(0.1) is None


def test_a_subscriber_that_does_not_read_is_cut_off(
    process: MeProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RpcClient(process.socket) as lazy:
        lazy.subscribe()
        process.wait_for(lambda: "it does not read" in process.log, "it is cut off", timeout_s=120)
        with pytest.raises(NotRunning):
            while lazy.next_event(LIMIT_S) is not None:
                pass


def test_connections_are_limited_and_given_back(process: MeProcess) -> None:
    # Connections of before may not have been given back yet: not all, but never too many.
    counts = [_answered(process, server.CONNECTION_LIMIT + 5)]
    while counts[-1] < server.CONNECTION_LIMIT and len(counts) < 50:
        time.sleep(0.1)
        counts.append(_answered(process, server.CONNECTION_LIMIT + 5))
    assert max(counts) == counts[-1] == server.CONNECTION_LIMIT
    assert any(_answered(process, 1) or time.sleep(0.1) for _ in range(50))


def _answered(process: MeProcess, count: int) -> int:
    """Return how many of some clients get an answer, all of them connected at once."""
    clients = [RpcClient(process.socket) for _ in range(count)]
    answered = [_answers(client) for client in clients]
    for client in clients:
        client.close()
    return answered.count(True)


def _answers(client: RpcClient) -> bool:
    try:
        return client.call("quick")["command"] == "quick"
    except NotRunning:
        return False


def test_clients_are_let_in_again_when_the_process_has_descriptors_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "rpc.sock"
    serving = server.RpcServer(path, lambda _name, _arguments: {}, "7")
    serving.start()
    first, second = (socket.socket(socket.AF_UNIX) for _ in range(2))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
        for client in (first, second):  # one descriptor is taken before a client is waited for
            client.connect(str(path))
        assert eventually(lambda: "no client is let in" in caplog.text)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    with RpcClient(path) as third:
        assert third.call("ping")["version"] == "7"
    for client in (first, second):
        client.close()
    serving.close()
