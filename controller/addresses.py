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
