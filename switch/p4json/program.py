"""`Program`: everything the JSON of one P4 program says, as typed objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from switch.p4json.actions import Action
from switch.p4json.arrays import FieldList
from switch.p4json.checksums import Calculation, Checksum
from switch.p4json.expressions import FieldRef
from switch.p4json.headers import Layout
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
from switch.p4json.parsers import Deparser, Parser
from switch.p4json.pipelines import Pipeline


@dataclass(frozen=True)
class Body:
    """What a program does: read by the code generator, of no interest to a control plane."""

    layout: Layout
    errors: Mapping[str, int]
    """Value of each parser error, by name."""
    parser: Parser
    deparser: Deparser
    pipelines: Mapping[str, Pipeline]
    """`ingress` and `egress`."""
    actions: Mapping[int, Action]
    calculations: Mapping[str, Calculation]
    checksums: tuple[Checksum, ...]
    field_lists: Mapping[int, FieldList]
    learn_lists: Mapping[int, FieldList]
    meter_targets: Mapping[str, FieldRef]
    """The field that takes the colour of each direct meter."""


@dataclass(frozen=True)
class Program:
    """A loaded program: what the control plane sees, by fully qualified name.

    `switch.p4json.load.load_program` makes it. `body` is what the code generator reads.
    """

    source_file: str
    """The P4 file that was compiled, as the JSON tells; empty if it does not."""
    tables: Mapping[str, Table]
    """Including those that the compiler made (`tbl_act`), which are not in P4Info."""
    actions: Mapping[str, ActionSignature]
    registers: Mapping[str, RegisterArray]
    counters: Mapping[str, CounterArray]
    """Direct ones too."""
    meters: Mapping[str, MeterArray]
    """Direct ones too."""
    action_profiles: Mapping[str, ActionProfile]
    digests: Mapping[str, DigestList]
    value_sets: Mapping[str, ValueSet]
    body: Body = field(repr=False)
