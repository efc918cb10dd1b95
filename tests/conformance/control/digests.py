"""Digests: asking for them, and reading their values."""

from __future__ import annotations

from collections.abc import Sequence

from finsy.proto import p4i, p4r

from tests.conformance.control.bytestrings import decode
from tests.conformance.control.client import Client
from tests.conformance.program import Program, find


def request_digests(client: Client, program: Program) -> None:
    """Ask for every digest of the program at once, one a message."""
    for digest in program.p4info.digests:
        config = p4r.DigestEntry.Config(max_list_size=1, max_timeout_ns=0, ack_timeout_ns=0)
        entry = p4r.DigestEntry(digest_id=digest.preamble.id, config=config)
        client.insert(p4r.Entity(digest_entry=entry))


def received(program: Program, name: str, lists: Sequence[p4r.DigestList]) -> list[tuple[int, ...]]:
    """The values of all samples of one digest, in order."""
    digest: p4i.Digest = find("digest", name, program.p4info.digests)
    return [
        tuple(_numbers(sample))
        for answer in lists
        if answer.digest_id == digest.preamble.id
        for sample in answer.data
    ]


def _numbers(data: p4r.P4Data) -> list[int]:
    """The numbers in a value, members of structs and tuples in order."""
    match data.WhichOneof("data"):
        case "bitstring":
            return [decode(data.bitstring)]
        case "bool":
            return [int(data.bool)]
        case "struct":
            return [number for member in data.struct.members for number in _numbers(member)]
        case "tuple":
            return [number for member in data.tuple.members for number in _numbers(member)]
    raise ValueError(f"a digest holds a {data.WhichOneof('data')}, which tests cannot read")
