"""Where a management entity is reached: a Unix socket, or a TCP port behind TLS.

Written as a path, or as ``tls:HOST:PORT``. TLS needs three files on the operator's side: a
certificate and its key, by which the management entity knows the operator, and the certificate of
the authority that signed the management entity's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.addresses import host_and_port
from controller.config.rpc_address import VARIABLE, default_socket
from controller.errors import RequestError

VARIABLES = {
    "certificate": "HITLESS_TLS_CERTIFICATE",
    "key": "HITLESS_TLS_KEY",
    "authority": "HITLESS_TLS_CA",
}


@dataclass(frozen=True)
class TlsAddress:
    """A TCP port behind TLS, and the files to show there."""

    host: str
    port: int
    certificate: Path
    key: Path
    authority: Path

    def __str__(self) -> str:
        return f"tls:{self.host}:{self.port}"


Address = Path | TlsAddress


def default_address(environment: Mapping[str, str] = os.environ) -> str:
    """Return where to look if nobody says where: $HITLESS_RPC, else this user's socket."""
    named = environment.get(VARIABLE, "")
    return named if named.startswith("tls:") else str(default_socket(environment))


def parse_address(
    text: str,
    files: Mapping[str, Path | None],
    environment: Mapping[str, str] = os.environ,
) -> Address:
    """Read an address.

    Args:
        text: A path, or ``tls:HOST:PORT``.
        files: ``certificate``, ``key`` and ``authority``; None: as the environment says.
        environment: Where the names of files may stand.

    Raises:
        RequestError: it is neither, or a file is missing.
    """
    if not text.startswith("tls:"):
        return Path(text).absolute()
    place = host_and_port(text.removeprefix("tls:"))
    if place is None or not place[1]:
        raise RequestError(f"{text!r} must be tls:HOST:PORT, for example tls:me.example.org:6650")
    found: dict[str, Path] = {}
    for name, variable in VARIABLES.items():
        path = files.get(name) or environment.get(variable)
        if not path:
            option = {"authority": "--ca"}.get(name, f"--{name}")
            raise RequestError(f"{text} needs {option} FILE (or ${variable})")
        if not Path(path).is_file():
            raise RequestError(f"there is no file {path}, which {text} needs")
        found[name] = Path(path).absolute()
    host, port = place
    return TlsAddress(host, port, **found)
