"""Where operators' commands come in besides the Unix socket: options and their checks."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oslo_config import cfg

from controller.addresses import host_and_port
from controller.errors import ConfigError
from controller.pem import load_authority, load_certificate

RPC_OPTIONS = [
    cfg.StrOpt(
        "listen",
        help="HOST:PORT on which commands are answered over TLS as well. Who connects must show a "
        "certificate that client_ca signed; there is no TCP without. Default: none.",
    ),
    cfg.StrOpt(
        "certificate",
        help="PEM file with the management entity's certificate, and those between it and its "
        "authority. Relative to the file that sets it, as the next two.",
    ),
    cfg.StrOpt("key", help="PEM file with the certificate's key."),
    cfg.StrOpt(
        "client_ca",
        help="PEM file with the authorities whose certificates operators may show.",
    ),
]


@dataclass(frozen=True)
class TlsOptions:
    """A TCP port behind TLS with certificates on both sides."""

    host: str
    port: int
    certificate: Path
    key: Path
    client_ca: Path

    @classmethod
    def of(cls, listen: str | None, files: Mapping[str, Path | None]) -> TlsOptions | None:
        """Check the options; None if none is set.

        Args:
            listen: ``HOST:PORT``.
            files: ``certificate``, ``key`` and ``client_ca``.

        Raises:
            ConfigError: some are set and others not, or the port is none.
        """
        if not listen:
            if given := [name for name, path in files.items() if path]:
                raise ConfigError(f"[rpc] {given[0]} has no use without listen = HOST:PORT")
            return None
        found = {name: path for name, path in files.items() if path is not None}
        if missing := [name for name in files if name not in found]:
            raise ConfigError(
                f"[rpc] listen = {listen} needs {', '.join(missing)} as well: commands over TCP are"
                " answered only over TLS, to operators who show a certificate"
            )
        place = host_and_port(listen)
        if place is None or not place[1]:
            raise ConfigError(f"[rpc] listen: {listen!r} must be HOST:PORT, such as 0.0.0.0:6650")
        host, port = place
        return cls(host, port, **found)

    def context(self) -> ssl.SSLContext:
        """Return what serves by these files; raises ``ConfigError`` if one cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        load_certificate(context, "rpc", self.certificate, self.key)
        load_authority(context, "[rpc] client_ca", self.client_ca)
        return context
