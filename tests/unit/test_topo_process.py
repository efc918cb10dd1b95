"""Processes that a topology starts: watched, quoted when they fail, stopped with all children."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from topo.errors import ProcessFailed
from topo.process import ManagedProcess


def managed(tmp_path, code, **options):
    return ManagedProcess("trial", [sys.executable, "-c", code], tmp_path / "log", **options)


def wait_for(condition, timeout_s=30.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_process_that_ends_early_is_reported_with_the_end_of_its_log(tmp_path):
    process = managed(tmp_path, "print('what went wrong'); raise SystemExit(3)")
    process.start()
    with pytest.raises(ProcessFailed, match=r"(?s)trial ended with status 3.*what went wrong"):
        process.wait_until(lambda: False, "became ready", 30)


def test_a_process_that_does_not_become_ready_is_reported(tmp_path):
    process = managed(tmp_path, "import time; time.sleep(60)")
    process.start()
    try:
        with pytest.raises(ProcessFailed, match="trial became ready not within 0 s"):
            process.wait_until(lambda: False, "became ready", 0.1)
    finally:
        process.stop()


def test_stopping_ends_what_the_process_has_started_too(tmp_path):
    process = managed(
        tmp_path,
        "import subprocess, time; p = subprocess.Popen(['sleep', '60']); "
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid) + '\\n'); time.sleep(60)",
    )
    process.start()
    pid_file = tmp_path / "pid"
    wait_for(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    child = int(pid_file.read_text())
    assert is_running(child)
    process.stop()
    wait_for(lambda: not is_running(child))
    assert not process.alive


def test_a_process_is_told_to_end_once_however_often_it_is_asked(tmp_path):
    told, ready = tmp_path / "told", tmp_path / "ready"
    process = managed(
        tmp_path,
        "import signal, sys, time\n"
        "def told(*_):\n"
        f"    open({str(told)!r}, 'a').write('told\\n'); time.sleep(0.3); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, told)\n"
        f"open({str(ready)!r}, 'w').close(); time.sleep(60)",
    )
    process.start()
    wait_for(ready.exists)
    process.terminate()
    wait_for(told.exists)
    process.terminate()
    process.stop()
    assert told.read_text() == "told\n"


def test_a_process_that_ignores_sigterm_is_killed(tmp_path):
    ready = tmp_path / "ready"
    process = managed(
        tmp_path,
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"open({str(ready)!r}, 'w').close(); time.sleep(60)",
    )
    process.start()
    wait_for(ready.exists)
    process.stop(timeout_s=0.2)
    with pytest.raises(ProcessFailed, match="killed by signal 9"):
        process.check()


def test_finishing_accepts_only_status_0(tmp_path):
    process = managed(tmp_path, "import time; time.sleep(60)")
    process.start()
    with pytest.raises(ProcessFailed, match="killed by signal 15"):
        process.finish(signal.SIGTERM, 10)


def test_a_process_dies_with_the_one_that_started_it(tmp_path):
    pid_file = tmp_path / "pid"
    starter = (
        "from pathlib import Path; import time; from topo.process import ManagedProcess\n"
        f"p = ManagedProcess('inner', ['sleep', '60'], Path({str(tmp_path / 'inner.log')!r}))\n"
        f"p.start(); Path({str(pid_file)!r}).write_text(f'{{p.pid}}\\n')\n"
        "time.sleep(60)"
    )
    process = managed(tmp_path, starter)
    process.start()
    wait_for(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    inner = int(pid_file.read_text())
    wait_for(lambda: Path(f"/proc/{inner}/comm").read_text() == "sleep\n")  # no longer setpriv
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: not is_running(inner))
    process.stop()


def test_a_restart_keeps_the_log(tmp_path):
    process = managed(tmp_path, "print('once')")
    for _ in range(2):
        process.start()
        wait_for(lambda: not process.alive)
    assert process.log.read_text() == "once\nonce\n"
