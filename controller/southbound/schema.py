"""Indexing a P4Info with finsy, whose reader trusts its input: every failure as one exception."""

from __future__ import annotations

from finsy.p4schema import P4Schema
from finsy.proto import p4i


class SchemaError(ValueError):
    """A P4Info refers to what it does not have, or has a name or an id twice."""


def read_schema(p4info: p4i.P4Info, blob: bytes | None = None) -> P4Schema:
    """Return the index of a P4Info; raises ``SchemaError`` if it does not make sense in itself."""
    try:
        return P4Schema(p4info, blob)
    except (ValueError, AssertionError, LookupError, TypeError) as exc:
        raise SchemaError(f"the P4Info cannot be indexed: {_reason(exc)}") from exc


def _reason(exc: Exception) -> str:
    if "name already exists" in str(exc):  # finsy also knows a match field by its last name
        return "two fields of a table end in the same name: tell them apart by @name"
    return str(exc) or type(exc).__name__
