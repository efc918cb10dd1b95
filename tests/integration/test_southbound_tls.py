"""P4Runtime over TLS: a session comes about only where both sides have proved who they are."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
import trustme
from p4runtime_peer import FakeNode
from southbound_tools import LIMIT_S, OPTIONS, Listener, eventually

from controller.errors import ConfigError, NodeUnreachable
from controller.southbound.driver import NodeAddress, NodeDriver, NodeState
from controller.southbound.factory import make_driver
from controller.southbound.tls import NodeTls

NAMES = ("ca", "certificate", "key")


def write(folder: Path, authority: trustme.CA) -> dict[str, Path | None]:
    """Write what a controller needs whose certificate an authority signed."""
    files = {name: folder / f"{name}.pem" for name in NAMES}
    issued = authority.issue_cert("controller")
    authority.cert_pem.write_to_path(files["ca"])
    issued.cert_chain_pems[0].write_to_path(files["certificate"])
    issued.private_key_pem.write_to_path(files["key"])
    return files


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def node(authority: trustme.CA) -> Iterator[FakeNode]:
    own = authority.issue_cert("127.0.0.1")
    pair = (own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes())
    node = FakeNode(grpc.ssl_server_credentials([pair], authority.cert_pem.bytes(), True))
    node.start()
    yield node
    node.stop()


def started(node: FakeNode, tls: NodeTls | None) -> tuple[NodeDriver, Listener]:
    options = replace(OPTIONS, tls=tls)
    driver = make_driver(NodeAddress("s1", 1, node.address, options=options))
    listener = Listener()
    driver.start(listener)
    return driver, listener


def test_a_node_and_a_controller_of_one_authority_come_together(
    node: FakeNode, authority: trustme.CA, tmp_path: Path
) -> None:
    driver, _ = started(node, NodeTls.read(write(tmp_path, authority)))
    driver.wait_ready(LIMIT_S)
    assert driver.state is NodeState.PRIMARY
    driver.stop()


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_others_do_not(node: FakeNode, tmp_path: Path, who: str) -> None:
    tls = NodeTls.read(write(tmp_path, trustme.CA())) if who == "stranger" else None
    driver, listener = started(node, tls)
    assert eventually(lambda: NodeState.DOWN in [state for state, _ in listener.states])
    with pytest.raises(NodeUnreachable, match="s1: ready within"):
        driver.wait_ready(0.1)
    driver.stop()


def test_files_that_will_not_do_are_named(authority: trustme.CA, tmp_path: Path) -> None:
    files = write(tmp_path, authority)
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    assert NodeTls.read(dict.fromkeys(NAMES)) is None
    for change, text in (
        ({"ca": None}, "certificate has no use without ca"),
        ({"key": None}, "certificate and key belong together"),
        ({"ca": broken}, r"\[node\] ca .*broken.pem: no usable PEM file"),
        ({"key": broken}, r"\[node\] certificate .*, key .*broken.pem: no usable PEM file"),
        ({"key": tmp_path / "gone"}, "gone: No such file"),
    ):
        with pytest.raises(ConfigError, match=text):
            NodeTls.read(files | change)
