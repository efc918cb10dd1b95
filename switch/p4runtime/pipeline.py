"""A forwarding pipeline config, ready to serve: P4Info and JSON checked and indexed by id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from finsy.proto import p4r

from switch.p4json.load import load_program
from switch.p4json.program import Program
from switch.p4json.source import ProgramError
from switch.p4runtime.build_arrays import ArrayBuilder
from switch.p4runtime.build_tables import TableBuilder
from switch.p4runtime.device_config import program_json
from switch.p4runtime.initial_entries import correct_initial_entries
from switch.p4runtime.packet_io import PacketIO
from switch.p4runtime.state import Array, DigestList, Profile, Register, Table, ValueSet
from switch.p4runtime.status import invalid_argument
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.wire_pattern import Columns, Pattern

BulkWrite: TypeAlias = Callable[[Transaction, Columns, int], None]
"""Does so many updates of one pattern, or raises `StatusError` and does nothing."""


@dataclass
class Pipeline:
    """One config, and the state that controllers have written into it."""

    config: p4r.ForwardingPipelineConfig
    """As it was set; GetForwardingPipelineConfig hands it back."""
    program: Program
    packet_io: PacketIO
    tables: dict[int, Table] = field(default_factory=dict)
    profiles: dict[int, Profile] = field(default_factory=dict)
    counters: dict[int, Array] = field(default_factory=dict)
    meters: dict[int, Array] = field(default_factory=dict)
    registers: dict[int, Register] = field(default_factory=dict)
    digests: dict[int, DigestList] = field(default_factory=dict)
    value_sets: dict[int, ValueSet] = field(default_factory=dict)
    table_names: dict[str, int] = field(default_factory=dict)
    digest_names: dict[str, int] = field(default_factory=dict)
    bulk_writes: dict[Pattern, BulkWrite | None] = field(default_factory=dict)
    """What does the updates of a pattern; None: handlers, one by one."""


def make_pipeline(config: p4r.ForwardingPipelineConfig) -> Pipeline:
    """Check a config and index it; raises INVALID_ARGUMENT saying what is wrong with it."""
    if not config.HasField("p4info"):
        raise invalid_argument("the config has no p4info")
    json_bytes = program_json(config.p4_device_config)
    try:
        program = load_program(json_bytes)
    except ProgramError as error:
        raise invalid_argument(f"p4_device_config: {error}") from error
    program = correct_initial_entries(program, config.p4info)
    table_builder = TableBuilder(config.p4info, program)
    tables = table_builder.tables()
    arrays = ArrayBuilder(config.p4info, program)
    digests = arrays.digests()
    kept = p4r.ForwardingPipelineConfig()
    kept.CopyFrom(config)
    return Pipeline(
        config=kept,
        program=program,
        packet_io=PacketIO(config.p4info),
        tables=tables,
        profiles=table_builder.profiles,
        counters=arrays.counters(),
        meters=arrays.meters(),
        registers=arrays.registers(),
        digests=digests,
        value_sets=arrays.value_sets(),
        table_names={table.name: table.table_id for table in tables.values()},
        digest_names={digest.name: digest.digest_id for digest in digests.values()},
    )
