"""Operators' commands over TCP: only over TLS, and only to those with a good certificate."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from me_files import free_ports
from me_process import MeProcess, hitless

from controller.config.rpc_options import TlsOptions
from controller.errors import ConfigError, NotRunning
from controller.operator.address import TlsAddress
from controller.operator.client import RpcClient

APP = """
import sys
from pathlib import Path
from os_ken.base.app_manager import OSKenApp
from controller import hub
from controller.operator.server import RpcServer
from controller.config.rpc_options import TlsOptions

def execute(name, arguments):
    if name == "parts":
        return ({"x": ["y" * 1000] * 100} for _ in range(arguments["count"]))
    return {"method": name, "arguments": dict(arguments)}

class Server(OSKenApp):
    def start(self):
        super().start()
        here = Path.cwd()
        files = [here / name for name in ("me.pem", "me.key", "ca.pem")]
        tls = TlsOptions("127.0.0.1", int((here / "port").read_text()), *files)
        self.server = RpcServer(here / "rpc.sock", execute, "7", tls)
        self.server.start()
        self.ticks = hub.periodic(0.01, self.tick, name="ticks")

    def tick(self):
        self.server.publish({"event": "tick", "filler": "x" * 5_000})

    def close(self):
        self.ticks.stop()
        self.server.close()
"""


class Files:
    """An authority, the management entity's certificate, and operators' ones."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca = trustme.CA()
        self.ca.cert_pem.write_to_path(str(directory / "ca.pem"))
        self._issue(self.ca, "me", "127.0.0.1")
        self._issue(self.ca, "ann", "ann@example.org")
        self._issue(trustme.CA(), "mallory", "mallory@example.org")

    def _issue(self, authority: trustme.CA, name: str, identity: str) -> None:
        cert = authority.issue_cert(identity)
        cert.private_key_pem.write_to_path(str(self.directory / f"{name}.key"))
        chain = b"".join(pem.bytes() for pem in cert.cert_chain_pems)
        (self.directory / f"{name}.pem").write_bytes(chain)

    def address(self, port: int, who: str = "ann", ca: str = "ca.pem") -> TlsAddress:
        here = self.directory
        return TlsAddress("127.0.0.1", port, here / f"{who}.pem", here / f"{who}.key", here / ca)


@pytest.fixture(scope="module", params=["native", "eventlet"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[MeProcess, Files, int]]:
    directory = tmp_path_factory.mktemp("tls")
    files = Files(directory)
    (port,) = free_ports(1)
    (directory / "port").write_text(str(port))
    (directory / "rpc_tls_app.py").write_text(APP)
    with MeProcess(directory, ["rpc_tls_app.py"], request.param) as process:
        process.wait_serving()
        yield process, files, port
        assert process.stop() == 0
        assert "Traceback" not in process.log


def test_an_operator_with_a_certificate_is_answered(served: tuple[MeProcess, Files, int]) -> None:
    process, files, port = served
    with RpcClient(files.address(port)) as client:
        assert client.call("x", {"a": 1}) == {"method": "x", "arguments": {"a": 1}}
        assert len(client.fetch("parts", {"count": 100})["x"]) == 10_000
    assert "connected from 127.0.0.1" in process.log


def test_requests_and_events_pass_at_the_same_time(served: tuple[MeProcess, Files, int]) -> None:
    _, files, port = served

    def ask() -> None:
        with RpcClient(files.address(port)) as client:
            client.subscribe()
            for i in range(100):
                assert client.call("x", {"a": "z" * 3000, "i": i})["arguments"]["i"] == i
            answered.append(client.next_event(20.0)["event"])

    answered: list[str] = []
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answered == ["tick"] * 4


def test_a_certificate_of_somebody_elses_authority_is_turned_away(
    served: tuple[MeProcess, Files, int],
) -> None:
    process, files, port = served
    with pytest.raises(NotRunning, match="does not let us in"):
        RpcClient(files.address(port, who="mallory")).call("x")
    process.wait_for(lambda: "is turned away" in process.log, "it is logged")


def test_no_certificate_and_no_tls_are_turned_away(served: tuple[MeProcess, Files, int]) -> None:
    _, files, port = served
    context = ssl.create_default_context(cafile=str(files.directory / "ca.pem"))
    with socket.create_connection(("127.0.0.1", port), 20.0) as plain:
        sock = context.wrap_socket(plain, server_hostname="127.0.0.1")
        with pytest.raises(OSError, match=r"(?i)certificate|reset"):
            sock.recv(100)
    with socket.create_connection(("127.0.0.1", port), 20.0) as plain:
        plain.sendall(b"\x94\x00\x00\xa4ping\x90")
        with contextlib.suppress(ConnectionResetError):
            assert plain.recv(100)[:1] in (b"", b"\x15"), "nothing, or a TLS alert"
    with RpcClient(files.address(port)) as client:
        assert client.call("x")["method"] == "x"


def test_a_management_entity_that_cannot_prove_itself_is_told_nothing(
    served: tuple[MeProcess, Files, int],
) -> None:
    _, files, port = served
    with pytest.raises(NotRunning, match="is not who it should be"):
        RpcClient(files.address(port, ca="mallory.pem"))


def test_the_command_line_reaches_it_by_address_and_files(
    served: tuple[MeProcess, Files, int],
) -> None:
    _, files, port = served
    address = files.address(port)
    place = ("--rpc", f"tls:127.0.0.1:{port}")
    done = hitless(*place, "status")
    assert (done.returncode, "needs --certificate" in done.stderr) == (2, True)
    shown = ("--certificate", str(address.certificate), "--key", str(address.key))
    done = hitless(*place, *shown, "--ca", str(address.authority), "links", "--json")
    assert (done.returncode, '"method": "links"' in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("listen", "files", "text"),
    [
        ("0.0.0.0:6650", {"certificate": None, "key": None, "client_ca": None}, "only over TLS"),
        ("6650", {"certificate": Path("a"), "key": Path("b"), "client_ca": Path("c")}, "HOST:PORT"),
        (None, {"certificate": Path("a"), "key": None, "client_ca": None}, "no use without listen"),
    ],
)
def test_there_is_no_tcp_without_tls(
    listen: str | None, files: dict[str, Path | None], text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        TlsOptions.of(listen, files)
