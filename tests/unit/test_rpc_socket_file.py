"""The RPC server's socket: who may use it, and what happens to one that is there already."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.errors import SocketUnusable
from controller.operator.socket_file import SocketFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "rpc.sock"


@pytest.fixture
def served(path: Path) -> Iterator[SocketFile]:
    served = SocketFile(path)
    yield served
    served.close()


def test_only_the_owner_may_use_it(served: SocketFile, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_takes_connections(served: SocketFile, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        assert served.socket.accept()


def test_closing_removes_the_file_and_wakes_who_accepts(path: Path) -> None:
    served = SocketFile(path)
    ended = threading.Event()

    def accept() -> None:
        with pytest.raises(OSError, match=r".*"):
            served.socket.accept()
        ended.set()

    threading.Thread(target=accept, daemon=True).start()
    served.close()
    assert ended.wait(30.0)
    assert not path.exists()


def test_a_socket_left_by_a_dead_process_is_replaced(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    SocketFile(path).close()


def test_a_socket_that_is_served_is_refused_and_left_alone(served: SocketFile, path: Path) -> None:
    with pytest.raises(SocketUnusable, match="serves there already"):
        SocketFile(path)
    test_it_takes_connections(served, path)


def test_of_many_at_once_exactly_one_gets_a_stale_socket(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    won: list[SocketFile] = []
    refused: list[SocketUnusable] = []

    def claim() -> None:
        try:
            won.append(SocketFile(path))
        except SocketUnusable as exc:
            refused.append(exc)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert (len(won), len(refused)) == (1, 7)
    won[0].close()


def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_text("precious")
    with pytest.raises(SocketUnusable, match="not a socket"):
        SocketFile(path)
    assert path.read_text() == "precious"


def test_a_directory_that_others_can_write_to_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o777)
    with pytest.raises(SocketUnusable, match=r"chmod go-w"):
        SocketFile(path)


def test_a_shared_directory_in_which_files_are_safe_will_do(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o1777)
    SocketFile(path).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a directory away")
def test_a_directory_of_another_user_is_refused(path: Path) -> None:
    path.parent.mkdir()
    os.chown(path.parent, 12345, 12345)
    with pytest.raises(SocketUnusable, match="belongs to another user"):
        SocketFile(path)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(SocketUnusable, match=r"cannot serve at .*No such file"):
        SocketFile(tmp_path / "a" / "b" / "rpc.sock")


def test_a_path_that_no_address_holds_is_named(tmp_path: Path) -> None:
    with pytest.raises(SocketUnusable, match="107 bytes"):
        SocketFile(tmp_path / ("x" * 108))


def test_a_socket_that_replaced_ours_is_not_removed(path: Path) -> None:
    ours = SocketFile(path)
    path.unlink()
    theirs = SocketFile(path)
    ours.close()
    assert path.exists()
    theirs.close()
