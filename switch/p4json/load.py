"""`load_program`: from the bytes of a BMv2 JSON file to a `Program`."""

from __future__ import annotations

from switch.p4json.program import Program


def load_program(json_bytes: bytes) -> Program:
    """Read the JSON of one program.

    Raises `ProgramError` naming the object, and its P4 source line where the JSON tells, if the
    JSON is malformed, refers to what is not there or contains a construct that is not supported.
    """
