"""The command osken-manager: what it loads, what it refuses, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from me_process import MeProcess

HUBS = ["native", "eventlet"]

APP = """
from os_ken.base.app_manager import OSKenApp
from controller import hub

class Plain(OSKenApp):
    def start(self):
        super().start()
        self.logger.warning("it runs")
"""
HANGING_APP = (
    APP
    + """
    def close(self):
        hub.Mailbox().get()
"""
)
ENDING_APP = (
    APP
    + """
        return hub.spawn(lambda: None, name="ends at once")
"""
)
FAILING_APP = (
    APP
    + """
        raise ValueError("something is wrong")
"""
)


@pytest.fixture(params=HUBS)
def hub(request: pytest.FixtureRequest) -> str:
    return request.param


def write(directory: Path, text: str, name: str = "an_app.py") -> str:
    (directory / name).write_text(text)
    return name


def run(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("osken-manager")), *arguments],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def running(tmp_path: Path, hub: str) -> Iterator[MeProcess]:
    with MeProcess(tmp_path, [write(tmp_path, APP)], hub) as process:
        process.wait_for(lambda: "it runs" in process.log, "the app runs")
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(running: MeProcess, number: int) -> None:
    assert running.stop(number) == 0
    assert f"stopping: received {signal.Signals(number).name}" in running.log
    assert "Traceback" not in running.log


def test_it_ends_when_its_apps_have_ended(tmp_path: Path, hub: str) -> None:
    done = run(tmp_path, write(tmp_path, ENDING_APP), OSKEN_HUB_TYPE=hub)
    assert done.returncode == 0
    assert "stopping: the apps have ended" in done.stderr


def test_an_app_that_does_not_stop_is_ended_hard_in_time(tmp_path: Path, hub: str) -> None:
    arguments = [write(tmp_path, HANGING_APP), "--shutdown-timeout-s", "1"]
    with MeProcess(tmp_path, arguments, hub) as process:
        process.wait_for(lambda: "it runs" in process.log, "the app runs")
        assert process.stop() == 1
        assert "not stopped after 1 s" in process.log


def test_a_second_signal_ends_it_at_once(tmp_path: Path, hub: str) -> None:
    with MeProcess(tmp_path, [write(tmp_path, HANGING_APP)], hub) as process:
        process.wait_for(lambda: "it runs" in process.log, "the app runs")
        process.process.send_signal(signal.SIGINT)
        process.wait_for(lambda: "stopping" in process.log, "it is stopping")
        assert process.stop(signal.SIGINT) == 128 + signal.SIGINT


def test_an_app_that_fails_to_start_ends_it_with_the_reason(tmp_path: Path, hub: str) -> None:
    done = run(tmp_path, write(tmp_path, FAILING_APP), OSKEN_HUB_TYPE=hub)
    assert done.returncode == 1
    assert "cannot start the apps: ValueError: something is wrong" in done.stderr
    assert "an_app.py" in done.stderr, "the traceback is missing"


def test_an_app_is_loaded_by_module_name_as_well(tmp_path: Path) -> None:
    done = run(tmp_path, "an_app", "--check", PYTHONPATH=write_module(tmp_path))
    assert done.returncode == 0, done.stderr


def write_module(directory: Path) -> str:
    write(directory, APP)
    return str(directory)


def test_several_apps_are_loaded_from_one_argument_with_commas(tmp_path: Path) -> None:
    first = write(tmp_path, APP)
    second = write(tmp_path, APP.replace("Plain", "Second"), "second.py")
    done = run(tmp_path, f"{first},{second}", "--check", "--verbose")
    assert done.returncode == 0
    assert "second.py" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        ([], 2, "no app is given"),
        (["nosuch.py"], 2, "no app nosuch.py: there is neither such a file nor such a module"),
        (["no.such.module"], 2, "no app no.such.module"),
        (["json"], 2, "json is no app: it defines no subclass of OSKenApp"),
        (["an_app.py", "--config-file", "gone.conf"], 2, "gone.conf"),
        (["an_app.py", "--no-such-option"], 2, "--no-such-option"),
        (["an_app.py", "--shutdown-timeout-s", "0"], 2, "shutdown_timeout_s"),
        (["an_app.py", "--config-file", "bad.conf"], 2, "bad.conf"),
        (["an_app.py", "--log-file", "/no/such/directory/log"], 2, "cannot set the log up"),
        (["damaged.py"], 1, "cannot load app damaged.py"),
        (["lost.py"], 1, "No module named 'nothing_like_this'"),
        (["an_app.py", "copy.py"], 1, "2 apps are called Plain"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_reason(
    tmp_path: Path, arguments: list[str], status: int, text: str
) -> None:
    write(tmp_path, APP)
    write(tmp_path, APP, "copy.py")
    write(tmp_path, "def broken(:", "damaged.py")
    write(tmp_path, "import nothing_like_this", "lost.py")
    write(tmp_path, "[DEFAULT\nx=1\n", "bad.conf")
    done = run(tmp_path, *arguments)
    assert done.returncode == status
    assert text in done.stderr


def test_a_hub_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "x", OSKEN_HUB_TYPE="twisted")
    assert (done.returncode, done.stdout) == (2, "")
    assert "OSKEN_HUB_TYPE is 'twisted': it can be native or eventlet" in done.stderr


def test_further_apps_of_a_module_are_warned_of(tmp_path: Path) -> None:
    done = run(tmp_path, write(tmp_path, APP + "\nclass Zweite(OSKenApp):\n    pass\n"), "--check")
    assert "Plain is started, Zweite not" in done.stderr


def test_the_log_can_go_to_a_file_and_says_more_when_asked(tmp_path: Path) -> None:
    app = write(tmp_path, ENDING_APP)
    run(tmp_path, app, "--log-file", "out.log", "--verbose")
    text = (tmp_path / "out.log").read_text()
    assert "WARNING it runs [Plain, MainThread]" in text
    assert "BRICK Plain" in text
