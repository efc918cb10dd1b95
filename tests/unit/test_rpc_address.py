"""Where the RPC socket is when nobody says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.rpc_address import default_socket
from controller.operator.connect import may_serve


def test_the_environment_names_the_socket_first(tmp_path: Path) -> None:
    environment = {"HITLESS_RPC": "/a/b.sock", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert default_socket(environment, uid=7) == Path("/a/b.sock")


def test_a_login_session_has_a_directory_of_its_own(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert default_socket(environment, uid=7) == tmp_path / "hitless" / "rpc.sock"


def test_without_a_login_session_root_and_others_are_kept_apart(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path / "gone")}
    assert default_socket(environment, uid=0) == Path("/run/hitless/rpc.sock")
    assert default_socket(environment, uid=7) == Path("/tmp/hitless-7/rpc.sock")


@pytest.mark.parametrize(
    ("owner", "user", "may"),
    [(1000, 1000, True), (0, 1000, True), (1001, 1000, False), (1001, 0, True)],
)
def test_only_root_and_oneself_are_believed_and_root_believes_all(
    owner: int, user: int, may: bool
) -> None:
    assert may_serve(owner, user) is may
