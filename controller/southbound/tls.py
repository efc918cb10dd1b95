"""TLS towards nodes: by what they prove who they are, and this controller to them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from controller.errors import ConfigError
from controller.pem import load_authority, load_certificate


@dataclass(frozen=True)
class NodeTls:
    """The content of PEM files, as gRPC takes it; a node is known by its address's host."""

    ca: bytes = field(repr=False)
    "The authorities whose certificates nodes may show."
    certificate: bytes | None = field(default=None, repr=False)
    "This controller's own; None: nodes ask for none."
    key: bytes | None = field(default=None, repr=False)

    @classmethod
    def read(cls, files: Mapping[str, Path | None]) -> NodeTls | None:
        """Read ``ca``, ``certificate`` and ``key``; None if none is given.

        Raises:
            ConfigError: one is missing that another needs, or cannot be used.
        """
        ca, certificate, key = (files[name] for name in ("ca", "certificate", "key"))
        if ca is None:
            if given := [name for name, path in files.items() if path]:
                raise ConfigError(f"[node] {given[0]} has no use without ca = FILE")
            return None
        if (certificate is None) != (key is None):
            raise ConfigError("[node] certificate and key belong together")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        load_authority(context, "[node] ca", ca)
        if certificate is None or key is None:
            return cls(ca.read_bytes())
        load_certificate(context, "node", certificate, key)
        return cls(ca.read_bytes(), certificate.read_bytes(), key.read_bytes())

    def credentials(self) -> grpc.ChannelCredentials:
        """Return what a channel is opened with."""
        return grpc.ssl_channel_credentials(self.ca, self.key, self.certificate)
