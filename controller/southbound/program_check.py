"""Whether a BMv2 JSON and a P4Info describe the same program.

Choices:
- Every object of the P4Info must be in the JSON under its name, with the same widths, kinds of
  match and order, and with room for at least as much. The other way round the JSON may have more:
  what the compiler made for itself is not in the P4Info.
- Ids are not compared: those in the JSON are numbers of its own, and BMv2 goes by names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from finsy.proto import p4i

from controller.errors import ProgramError
from controller.southbound import program_arrays, program_tables
from controller.southbound.program_json import JsonProgram
from controller.southbound.program_references import check_references
from controller.southbound.schema import SchemaError, read_schema


def check_program(name: str, json_bytes: bytes, p4info: p4i.P4Info) -> None:
    """Raise ``ProgramError`` unless the JSON is one that a node can run under this P4Info."""
    program = JsonProgram.parse(name, json_bytes)
    check_references(program)
    _check_p4info(name, p4info)
    checks: Mapping[str, Callable[[JsonProgram, p4i.P4Info, Any], None]] = {
        "actions": program_tables.check_action,
        "tables": program_tables.check_table,
        "registers": program_arrays.check_register,
        "counters": program_arrays.check_counter,
        "direct_counters": program_arrays.check_direct_counter,
        "meters": program_arrays.check_meter,
        "direct_meters": program_arrays.check_direct_meter,
        "action_profiles": program_arrays.check_action_profile,
        "digests": program_arrays.check_digest,
        "value_sets": program_arrays.check_value_set,
        "controller_packet_metadata": program_arrays.check_controller_header,
    }
    for kind, check in checks.items():
        for member in getattr(p4info, kind):
            with program.naming(f"{kind.removesuffix('s')} {member.preamble.name}"):
                check(program, p4info, member)


def _check_p4info(name: str, p4info: p4i.P4Info) -> None:
    """Check that the P4Info makes sense in itself: ids are unique, references resolve."""
    try:
        schema = read_schema(p4info)
    except SchemaError as exc:
        raise ProgramError(f"program {name}: {exc}") from exc
    if not p4info.HasField("pkg_info") and not schema.tables and not schema.actions:
        raise ProgramError(f"program {name}: the P4Info is empty")
