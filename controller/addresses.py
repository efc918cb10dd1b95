"""Where something is served: ``HOST:PORT``, an IPv6 address in brackets."""

from __future__ import annotations

import re

_HOST_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+):(\d{1,5})")


def host_and_port(text: str) -> tuple[str, int] | None:
    """Return host, without brackets, and TCP port; None if the text is no such place."""
    match = _HOST_PORT.fullmatch(text)
    if match is None or int(match[2]) > 65_535:
        return None
    return match[1].strip("[]"), int(match[2])


def problem_of_address(text: str) -> str | None:
    """Say why a node cannot be reached at a text: it is no ``HOST:PORT``, or port 0; else None."""
    place = host_and_port(text)
    if place is None or not place[1]:
        return f"{text!r} must be host:port, for example 127.0.0.1:50051"
    return None
