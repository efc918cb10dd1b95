"""P4Runtime over TLS: who gets in, and what is said of files that do not fit."""

from pathlib import Path

import grpc
import pytest
from certificates import authority
from finsy.proto import p4r, p4r_grpc
from switch_process import refused, running_switch


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("tls"))


def version_seen_by(address, *pem):
    """What Capabilities answers a client with these files: authority, certificate, key."""
    data = [Path(name).read_bytes() for name in pem]
    ca, certificate, key = [*data, None, None, None][:3] if pem else (None, None, None)
    credentials = grpc.ssl_channel_credentials(ca, key, certificate) if pem else None
    channel = grpc.secure_channel(address, credentials) if pem else grpc.insecure_channel(address)
    with channel:
        stub = p4r_grpc.P4RuntimeStub(channel)
        return stub.Capabilities(p4r.CapabilitiesRequest(), timeout=30).p4runtime_api_version


def is_shut_out(address, *pem):
    with pytest.raises(grpc.RpcError) as failed:
        version_seen_by(address, *pem)
    return failed.value.code() is grpc.StatusCode.UNAVAILABLE


def test_clients_that_know_the_authority_get_in_others_do_not(files, tmp_path):
    stranger = authority(tmp_path)
    with running_switch(*files.of_server(clients_too=False)) as switch:
        assert version_seen_by(switch.grpc, files.ca) == "1.4.0"
        assert is_shut_out(switch.grpc)
        assert is_shut_out(switch.grpc, stranger.ca)


def test_clients_need_a_certificate_if_the_switch_asks_for_one(files, tmp_path):
    stranger = authority(tmp_path)
    with running_switch(*files.of_server()) as switch:
        assert version_seen_by(switch.grpc, *files.of_client()) == "1.4.0"
        assert is_shut_out(switch.grpc, files.ca)
        assert is_shut_out(switch.grpc, files.ca, *stranger.client)


def test_files_that_are_missing_or_of_another_kind_or_do_not_fit_are_named(files, tmp_path):
    garbage = tmp_path / "garbage.pem"
    garbage.write_bytes(b"no certificate")
    key = str(files.server[1])
    address = ("--grpc", "127.0.0.1:0", "--tls-key")
    assert "missing.pem" in refused(*address, key, "--tls-cert", "missing.pem")
    assert f"{garbage} is not in PEM format" in refused(*address, key, "--tls-cert", str(garbage))
    others = str(files.client[1])
    errors = refused(*address, others, "--tls-cert", str(files.server[0]))
    assert "do not belong together" in errors
