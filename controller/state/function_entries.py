"""Copies of a function's own entries that outlive their node: the other half of a checkpoint.

Rows of function-scope tables may be written at run time, by an operator or an app; nobody but the
node has them then. They are one set for all slots that a node has of a function, so they are kept
by node, and a slot's checkpoint tells of which node.

Choice: a copy carries the P4Info that it was read by, so that it can be read whatever programs
there are later; under full names its rows fit every program with the same tables.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass

from finsy.p4entity import P4TableEntry
from finsy.p4schema import P4Schema
from finsy.proto import p4i, p4r
from google.protobuf.message import DecodeError

from controller.southbound.driver import NodeDriver
from controller.southbound.schema import read_schema
from controller.southbound.wire import with_full_names
from controller.state.entries import changes
from controller.state.manifest import FunctionManifest


@dataclass(frozen=True)
class FunctionEntries:
    """The entries of a function's tables at one node."""

    function: str
    node: str
    entries: tuple[P4TableEntry, ...]
    "Entries and changed default actions, under full names."
    p4info: p4i.P4Info
    "Of the program that the node ran."

    def same(self, other: FunctionEntries) -> bool:
        """Tell whether another copy holds the same rows."""
        return not changes(self.entries, other.entries, exact=True)

    def to_bytes(self) -> bytes:
        """Return a form for the disk."""
        schema = P4Schema(self.p4info)
        rows = p4r.ReadResponse(entities=[entry.encode(schema) for entry in self.entries])
        body = [
            base64.b64encode(message.SerializeToString()).decode("ascii")
            for message in (self.p4info, rows)
        ]
        return zlib.compress(json.dumps(body).encode("ascii"), level=1)

    @classmethod
    def from_bytes(cls, function: str, node: str, data: bytes) -> FunctionEntries:
        """Read what ``to_bytes`` made. Raises ``ValueError`` or ``KeyError`` if it is damaged."""
        try:
            packed = [base64.b64decode(part) for part in json.loads(zlib.decompress(data))]
            p4info = p4i.P4Info.FromString(packed[0])
            rows = p4r.ReadResponse.FromString(packed[1])
        except (zlib.error, IndexError, DecodeError) as exc:
            raise ValueError(str(exc)) from exc
        schema = read_schema(p4info)
        decoded = (P4TableEntry.decode(entity, schema) for entity in rows.entities)
        entries = tuple(with_full_names(entry, schema) for entry in decoded)
        return cls(function, node, entries, p4info)


def read_function_entries(driver: NodeDriver, manifest: FunctionManifest) -> FunctionEntries:
    """Read a function's entries at a node, whose lock is held.

    Raises:
        NodeError: the node refused something or cannot be reached.
    """
    entries = driver.table_entries(manifest.function_tables)
    return FunctionEntries(manifest.name, driver.name, tuple(entries), driver.schema.p4info)
