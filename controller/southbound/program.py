"""A P4 program as it is pushed to a node: the compiler's JSON and the P4Info that describes it.

Choices: the bytes of the JSON are pushed exactly as they were read. The cookie is a hash of
both, so a node that shows it runs this program and no other. A program is checked once, when it
is read (``program_check``), because BMv2 accepts garbage and aborts at the first packet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from finsy.p4schema import P4Schema
from finsy.proto import p4i
from google.protobuf import text_format

from controller.errors import ProgramError
from controller.southbound.program_check import check_program
from controller.southbound.schema import read_schema


@dataclass(frozen=True)
class Program:
    """One P4 program, checked."""

    name: str
    "What the network description calls it."
    json: bytes = field(repr=False)
    "BMv2 JSON, the P4Runtime device config."
    p4info: p4i.P4Info = field(repr=False, compare=False)
    "Its P4Info; compared by ``cookie``."
    schema: P4Schema = field(repr=False, compare=False)
    "The P4Info indexed by name and id."
    cookie: int
    "First 64 bits of the SHA-256 of P4Info and JSON; what the node hands back."

    @classmethod
    def read(cls, name: str, json_path: Path | str, p4info_path: Path | str) -> Program:
        """Read a program from its two files and check that they describe the same program.

        Raises:
            ProgramError: naming the program, the file, and the object that is wrong.
        """
        json_bytes = _read_bytes(name, Path(json_path))
        p4info = _read_p4info(name, Path(p4info_path))
        try:
            return cls.make(name, json_bytes, p4info)
        except ProgramError as exc:
            raise ProgramError(f"{exc} ({json_path}, {p4info_path})") from exc

    @classmethod
    def make(cls, name: str, json_bytes: bytes, p4info: p4i.P4Info) -> Program:
        """Make a checked program from what is in memory already; raises ``ProgramError``."""
        check_program(name, json_bytes, p4info)
        schema = read_schema(p4info, json_bytes)
        return cls(name, json_bytes, p4info, schema, schema.p4cookie)


def _read_bytes(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise ProgramError(f"program {name}: cannot read {path}: {exc.strerror}") from exc


def _read_p4info(name: str, path: Path) -> p4i.P4Info:
    """Read P4Info in protobuf's text form, as p4c writes it."""
    data = _read_bytes(name, path)
    try:
        return text_format.Parse(data.decode("utf-8"), p4i.P4Info())
    except (UnicodeDecodeError, text_format.ParseError) as exc:
        raise ProgramError(f"program {name}: {path} is not P4Info text: {exc}") from exc
