"""`Program`: everything the JSON of one P4 program says, as typed objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switch.p4json.objects import (
    ActionProfile,
    ActionSignature,
    CounterArray,
    DigestList,
    MeterArray,
    RegisterArray,
    Table,
    ValueSet,
)


@dataclass(frozen=True)
class Program:
    """A loaded program: what the control plane sees, by fully qualified name.

    `switch.p4json.load.load_program` makes it. `body` is what the code generator reads.
    """

    source_file: str
    """The P4 file that was compiled, as the JSON tells; empty if it does not."""
    tables: Mapping[str, Table]
    """Including hidden ones (`Table.is_hidden`)."""
    actions: Mapping[str, ActionSignature]
    registers: Mapping[str, RegisterArray]
    counters: Mapping[str, CounterArray]
    """Direct ones too."""
    meters: Mapping[str, MeterArray]
    """Direct ones too."""
    action_profiles: Mapping[str, ActionProfile]
    digests: Mapping[str, DigestList]
    value_sets: Mapping[str, ValueSet]
