"""The shell against a server in this process: by a pipe, by keys, and in a terminal."""

from __future__ import annotations

import _thread
import io
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from me_process import HITLESS
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from terminal import LIMIT_S, Terminal

from controller.operator.client import RpcClient
from controller.operator.commands import answer
from controller.operator.completion import hints_at
from controller.operator.console import Console
from controller.operator.server import RpcServer
from controller.operator.shell.interpreter import Interpreter
from controller.operator.shell.live import FRESH_S, LiveValues
from controller.operator.shell.prompt import NetworkCompleter, make_session
from controller.operator.shell.run import converse, run_lines
from controller.operator.tables import PLAIN


class Report:
    """What a management entity says of a node."""

    def __init__(self, name: str, state: str) -> None:
        self.name, self.state = name, state

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state,
            "program": "guarded",
            "functions": {},
            "address": "127.0.0.1:1",
            "reason": "",
        }


class Network:
    """Stands for the management entity: names, and what it says of its nodes."""

    def __init__(self) -> None:
        self.states = {"leaf1": "ready", "leaf2": "ready", "spine1": "down"}
        self.asked = 0

    def node_names(self) -> list[str]:
        self.asked += 1
        return list(self.states)

    def function_names(self) -> list[str]:
        return ["firewall"]

    def nodes(self) -> list[Report]:
        return [Report(name, state) for name, state in self.states.items()]


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def server(network: Network, tmp_path: Path) -> Iterator[RpcServer]:
    server = RpcServer(tmp_path / "rpc.sock", partial(answer, network), "7")
    server.start()
    yield server
    server.close()


@pytest.fixture
def socket(server: RpcServer, tmp_path: Path) -> Path:
    return tmp_path / "rpc.sock"


@pytest.fixture
def shell(socket: Path) -> tuple[Interpreter, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Interpreter(socket, Console(out, err)), out, err


Shell = tuple[Interpreter, io.StringIO, io.StringIO]


def test_lines_are_run_up_to_the_first_that_fails(shell: Shell) -> None:
    interpreter, out, err = shell
    lines = ["# a comment\n", "\n", "nodes leaf1  # one node\n", "nodes leaf9\n", "nodes leaf2\n"]
    assert run_lines(interpreter, lines) == 2
    assert re.search(r"^leaf1 +ready", out.getvalue(), re.MULTILINE)
    assert "leaf2 " not in out.getvalue()
    assert "there is no node 'leaf9'; these would do: leaf1, leaf2, spine1" in err.getvalue()


def test_exit_ends_and_help_helps(shell: Shell) -> None:
    interpreter, out, _ = shell
    assert run_lines(interpreter, ["help\n", "help migr from\n"]) == 2
    assert run_lines(interpreter, ["help migrate\n", "qui\n", "nodes leaf9\n"]) == 0
    assert "usage: migrate FUNCTION --from NODE" in out.getvalue()
    assert "events as they happen" in out.getvalue()


def test_data_is_printed_for_scripts_where_they_want_it(shell: Shell) -> None:
    interpreter, out, _ = shell
    assert interpreter.run("nodes leaf1 --json") == 0
    assert '"state": "ready"' in out.getvalue()


def test_what_a_node_says_steers_no_terminal(shell: Shell, network: Network) -> None:
    interpreter, out, err = shell
    network.states["spine1"] = "down\x1b[2J\nleaf2"
    assert interpreter.run("nodes spine1") == 0
    assert r"down\x1b[2J\nleaf2" in out.getvalue()
    network.states["le\x1b[2Jaf"] = "ready"
    assert interpreter.run("nodes leaf9") == 2
    assert r"le\x1b[2Jaf" in err.getvalue()
    assert "\x1b" not in out.getvalue() + err.getvalue()


@pytest.mark.parametrize("line", ["nodes 'leaf1", "nodez", "migr", "migrate --from leaf1"])
def test_what_is_no_command_line_is_said_and_the_shell_goes_on(shell: Shell, line: str) -> None:
    interpreter, out, err = shell
    assert interpreter.run(line) == 2
    assert err.getvalue().startswith("hitless: ")
    assert interpreter.run("nodes") == 0
    assert "leaf1" in out.getvalue()


def test_a_management_entity_that_ends_is_said_and_found_again(
    shell: Shell, socket: Path, network: Network
) -> None:
    interpreter, out, err = shell
    socket.rename(socket.with_name("away.sock"))
    assert interpreter.run("nodes") == 3
    assert "no management entity runs at" in err.getvalue()
    socket.with_name("away.sock").rename(socket)
    assert interpreter.run("nodes") == 0
    assert "leaf1" in out.getvalue()


def test_ctrl_c_before_the_answer_to_a_migration_says_that_it_may_go_on(tmp_path: Path) -> None:
    over = threading.Event()

    def begin(method: str, _arguments: Any) -> dict[str, Any]:
        if method == "migrate":
            _thread.interrupt_main()
            over.wait(LIMIT_S)
        return {}

    server = RpcServer(tmp_path / "rpc.sock", begin, "7")
    server.start()
    err = io.StringIO()
    interpreter = Interpreter(tmp_path / "rpc.sock", Console(io.StringIO(), err))
    assert interpreter.run("migrate firewall --from leaf1 --to leaf2") == 128 + signal.SIGINT
    over.set()
    server.close()
    assert "what was begun goes on: hitless migrations" in err.getvalue()


def completions(socket: Path, text: str) -> list[str]:
    completer = NetworkCompleter(LiveValues(socket).ask)
    return [c.text for c in completer.get_completions(Document(text), CompleteEvent())]


def test_commands_and_names_of_the_live_network_are_completed(
    socket: Path, network: Network
) -> None:
    assert completions(socket, "plac") == ["placement "]
    assert completions(socket, "migrate firewall --from leaf") == ["leaf1", "leaf2"]
    network.states["leaf3"] = "ready"
    assert completions(socket, "migrate firewall --from leaf") == ["leaf1", "leaf2", "leaf3"]
    assert completions(socket, "help migr") == ["migrate", "migrations"]


def test_keys_in_quick_succession_ask_the_network_once(socket: Path, network: Network) -> None:
    now_s = 0.0
    values = LiveValues(socket, lambda: now_s)
    for text in ("nodes l", "nodes le", "nodes lea"):
        assert hints_at(text, values.ask, {})[1]
    assert network.asked == 1
    now_s = FRESH_S + 1.0
    assert hints_at("nodes leaf", values.ask, {})[1]
    assert network.asked == 2


def test_without_an_answer_there_are_no_names_and_no_error(tmp_path: Path) -> None:
    assert completions(tmp_path / "nobody.sock", "nodes l") == []
    assert completions(tmp_path / "nobody.sock", "migrate firewall --method p") == ["pm", "pr"]


def test_keys_complete_run_and_recall_lines(
    shell: Shell, socket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    interpreter, out, _ = shell
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        session = make_session(LiveValues(socket).ask, PLAIN)
        keys.send_text("nodes spi\t\r")

        def go_on() -> None:
            line = session.default_buffer
            while "spine1" not in out.getvalue() or line.text:  # until the next prompt
                time.sleep(0.02)
            while not line.text:  # the prompt loads its history beside
                keys.send_text("\x1b[A")
                time.sleep(0.1)
            keys.send_text("\r")  # the line before, once more
            keys.send_text("half a line\x03")  # given up
            keys.send_text("\x04")

        threading.Thread(target=go_on, daemon=True).start()
        assert converse(interpreter, session) == 0
    assert out.getvalue().count("spine1  down") == 2
    assert "+nodes spine1" in (tmp_path / "hitless" / "history").read_text()


def test_a_question_mark_shows_what_could_come_next(socket: Path) -> None:
    partial_word, hints = hints_at("migrate firewall --", LiveValues(socket).ask, {})
    assert partial_word == "--"
    assert {"--from", "--to", "--slots"} <= {hint.text for hint in hints}
    assert all(hint.help for hint in hints)


@pytest.mark.parametrize(
    ("environment", "state"),
    [({"NO_COLOR": ""}, "\x1b[31mdown"), ({"NO_COLOR": "1"}, "spine1  down")],
)
def test_at_a_terminal_there_is_a_prompt_with_help_and_colours_as_wanted(
    socket: Path, tmp_path: Path, environment: dict[str, str], state: str
) -> None:
    with Terminal(socket, tmp_path, **environment) as terminal:
        terminal.wait_for("? shows what can be written")
        terminal.wait_for("1mhitless>")
        terminal.type("nodes ?")
        terminal.wait_for("spine1")
        terminal.type("\r")
        terminal.wait_for(state)
        terminal.type("exit\r")
        assert terminal.process.wait(LIMIT_S) == 0


def test_commands_are_piped_in_and_the_status_tells(socket: Path) -> None:
    done = subprocess.run(
        [HITLESS, "--rpc", str(socket), "shell"],
        input="nodes leaf1\nnodes leaf9\nnodes leaf2\n",
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 2
    assert "leaf1" in done.stdout
    assert "leaf2 " not in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_one_shot_commands_do_not_load_the_prompt() -> None:
    program = "import sys, controller.operator.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "controller.operator.cli" in loaded.stdout
    assert "prompt_toolkit" not in loaded.stdout.split()


def test_events_are_watched_without_what_comes_all_the_time(
    server: RpcServer, socket: Path
) -> None:
    words = [HITLESS, "--rpc", str(socket), "watch"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        while not select.select([watch.stdout], [], [], 0.05)[0]:
            server.publish({"event": "load", "nodes": {}, "at": 0.0})
            server.publish({"event": "node_down", "node": "leaf1", "reason": "gone", "at": 0.0})
        assert re.search(r"node_down +leaf1: gone", watch.stdout.readline())
        watch.send_signal(signal.SIGINT)
        rest = watch.communicate(timeout=LIMIT_S)[0]
    assert watch.returncode == 130
    assert "load" not in rest


def test_ctrl_c_just_before_a_wait_begins_is_not_seen_only_when_it_ends(
    server: RpcServer, socket: Path
) -> None:
    with RpcClient(socket) as client:
        # As from a signal of which the interpreter knows and the system call does not.
        threading.Timer(0.3, _thread.interrupt_main).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            client.next_event(2 * LIMIT_S)
    assert time.monotonic() - began < LIMIT_S


def test_ctrl_c_while_the_command_is_loaded_ends_it_silently() -> None:
    press = """
import signal, sys
class Press:
    def find_spec(name, path, target=None):
        if name == "controller.operator.client":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Press)
from controller.operator.start import main
sys.exit(main())"""
    done = subprocess.run([sys.executable, "-c", press], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_mininets_prompt_has_the_same_commands(
    socket: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mininet.cli", reason="Mininet is not installed")
    from topo.prompt import Prompt

    script = tmp_path / "script"
    script.write_text("me nodes leaf1\nme nodes leaf9\nme 'half\n")
    with script.open() as lines:
        Prompt({}, socket, script=str(script), stdin=lines)
    said = capfd.readouterr()
    assert re.search(r"^leaf1 +ready", said.out, re.MULTILINE)
    assert "there is no node 'leaf9'" in said.err
    assert "me: No closing quotation" in said.out


def test_tab_completes_behind_me_at_mininets_prompt(socket: Path, tmp_path: Path) -> None:
    pytest.importorskip("mininet.cli", reason="Mininet is not installed")
    program = f"from topo.prompt import Prompt; Prompt({{}}, {str(socket)!r})"
    python = [sys.executable, "-c", program]
    with Terminal(socket, tmp_path, python, HOME=str(tmp_path), INPUTRC="/dev/null") as prompt:
        prompt.wait_for("mininet>")
        prompt.type("me migrate fir\t--fr\t")
        prompt.wait_for("me migrate firewall --from ")
        prompt.type("spi\t")
        prompt.wait_for("--from spine1 ")
        prompt.type("\x15me nodes spi\t\r")
        prompt.wait_for("127.0.0.1:1")


def test_other_shells_ask_what_could_be_completed(socket: Path) -> None:
    done = subprocess.run(
        [HITLESS, "--rpc", str(socket), "complete", "nodes le"], capture_output=True, text=True
    )
    assert done.stdout.split() == ["leaf1", "leaf2"]


def test_the_client_in_the_documentation_works(socket: Path, tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "rpc.md"
    (program,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program, str(socket)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "leaf1 ready\nleaf2 ready\nspine1 down\n"
