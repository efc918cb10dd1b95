"""Certificates and keys in PEM files, tried before anybody is served or called with them.

Choices: a key behind a pass phrase is refused, for nobody is there to type it.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from controller.errors import ConfigError


def load_certificate(context: ssl.SSLContext, group: str, certificate: Path, key: Path) -> None:
    """Load the files of [group] certificate and key; raises ``ConfigError`` naming them."""
    try:
        context.load_cert_chain(certificate, key, password=b"")
    except OSError as exc:
        text = f"[{group}] certificate {certificate}, key {key}: {_reason(exc)}"
        raise ConfigError(text) from exc


def load_authority(context: ssl.SSLContext, option: str, path: Path) -> None:
    """Load the file of an option such as ``[rpc] client_ca``; raises ``ConfigError`` naming it."""
    try:
        context.load_verify_locations(path)
    except OSError as exc:
        raise ConfigError(f"{option} {path}: {_reason(exc)}") from exc


def _reason(exc: OSError) -> str:
    if isinstance(exc, ssl.SSLError):
        return f"no usable PEM file ({exc.reason or exc})"
    return exc.strerror or str(exc)
