"""TLS on the gRPC port: which files, and the credentials made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc


class TlsError(Exception):
    """A certificate or key cannot be read; the message names the file."""


@dataclass(frozen=True)
class TlsFiles:
    """PEM files of the server."""

    certificate: Path
    """Its certificate, and behind it the chain up to what clients trust."""
    key: Path
    """The private key of the certificate."""
    client_ca: Path | None = None
    """Who signs clients' certificates; None: clients need none."""

    def credentials(self) -> grpc.ServerCredentials:
        """What gRPC wants of them; raises `TlsError`."""
        pairs = [(_pem(self.key), _pem(self.certificate))]
        if self.client_ca is None:
            return grpc.ssl_server_credentials(pairs)
        ca = _pem(self.client_ca)
        return grpc.ssl_server_credentials(pairs, ca, require_client_auth=True)


def _pem(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TlsError(f"cannot read {path}: {error.strerror}") from error
    if b"-----BEGIN " not in data:  # gRPC itself would fail without a word on the file
        raise TlsError(f"{path} is not in PEM format")
    return data
