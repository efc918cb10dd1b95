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

from finsy.proto import p4i, p4t

from controller.errors import ProgramError
from controller.southbound.program_json import JsonObject, JsonProgram
from controller.southbound.program_references import check_references
from controller.southbound.schema import SchemaError, read_schema

_MATCH_TYPES = {
    p4i.MatchField.EXACT: {"exact", "valid"},
    p4i.MatchField.LPM: {"lpm"},
    p4i.MatchField.TERNARY: {"ternary"},
    p4i.MatchField.RANGE: {"range"},
    p4i.MatchField.OPTIONAL: {"ternary"},  # how p4c writes it for BMv2
}


def check_program(name: str, json_bytes: bytes, p4info: p4i.P4Info) -> None:
    """Raise ``ProgramError`` unless the JSON is one that a node can run under this P4Info."""
    program = JsonProgram.parse(name, json_bytes)
    check_references(program)
    _check_p4info(name, p4info)
    checks: Mapping[str, Callable[[JsonProgram, p4i.P4Info, Any], None]] = {
        "actions": _check_action,
        "tables": _check_table,
        "registers": _check_register,
        "counters": _check_counter,
        "direct_counters": _check_direct_counter,
        "meters": _check_meter,
        "direct_meters": _check_direct_meter,
        "action_profiles": _check_action_profile,
        "digests": _check_digest,
        "value_sets": _check_value_set,
        "controller_packet_metadata": _check_controller_header,
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


def _check_table(program: JsonProgram, p4info: p4i.P4Info, table: p4i.Table) -> None:
    found, what = _find(program, "tables", "table", table)
    fields, keys = table.match_fields, found.get("key") or []
    if len(fields) != len(keys):
        program.fail(
            what, f"the P4Info has {len(fields)} match fields, the JSON {len(keys)}", found
        )
    for field, key in zip(fields, keys, strict=True):
        _check_match_field(program, p4info, f"{what}, match field {field.name}", field, key)
    known = set(found.get("actions") or [])
    names = {action.preamble.id: action.preamble.name for action in p4info.actions}
    for ref in table.action_refs:
        if names[ref.id] not in known:
            program.fail(what, f"the JSON's table has no action {names[ref.id]}", found)
    if not found.get("entries"):  # p4c sizes a table with entries of its own to just hold them
        _check_room(program, what, found, "max_size", table.size)
    _check_const_default(program, what, found, names.get(table.const_default_action_id))
    timeout = table.idle_timeout_behavior == p4i.Table.NOTIFY_CONTROL
    if timeout and not found.get("support_timeout"):
        program.fail(what, "the JSON's table has no idle time-out", found)
    _check_implementation(program, p4info, table, found, what)


def _check_match_field(
    program: JsonProgram, p4info: p4i.P4Info, what: str, field: p4i.MatchField, key: JsonObject
) -> None:
    if key.get("name", field.name) != field.name:
        program.fail(what, f"the JSON has {key['name']} in its place", key)
    kinds = _MATCH_TYPES.get(field.match_type)
    if kinds is not None and key["match_type"] not in kinds:
        program.fail(what, f"the JSON matches it as {key['match_type']}", key)
    if key["match_type"] != "valid" and not _is_translated(p4info, field):
        _check_width(program, what, field.bitwidth, program.field_width(key["target"]), key)


def _is_translated(p4info: p4i.P4Info, member: p4i.MatchField | p4i.Action.Param) -> bool:
    """Tell whether the controller sees another type than the node (@p4runtime_translation)."""
    new_type = p4info.type_info.new_types.get(member.type_name.name)
    return new_type is not None and new_type.HasField("translated_type")


def _check_const_default(
    program: JsonProgram, what: str, found: JsonObject, wanted: str | None
) -> None:
    """Check that both agree on whether, and to what, the default action is fixed."""
    default = found.get("default_entry") or {}
    if wanted is None or not default:
        return
    name = program.actions[default["action_id"]]["name"]
    if not default.get("action_const") or name != wanted:
        program.fail(what, f"its fixed default action is {wanted}, in the JSON {name}", found)


def _check_implementation(
    program: JsonProgram, p4info: p4i.P4Info, table: p4i.Table, found: JsonObject, what: str
) -> None:
    profiles = {p.preamble.id: p.preamble.name for p in p4info.action_profiles}
    wanted = profiles.get(table.implementation_id)
    if found.get("action_profile") != wanted:
        program.fail(
            what,
            f"its action profile is {wanted}, in the JSON {found.get('action_profile')}",
            found,
        )


def _check_action(program: JsonProgram, p4info: p4i.P4Info, action: p4i.Action) -> None:
    what = f"action {action.preamble.name}"
    copies = program.actions_named(action.preamble.name)
    if not copies and _is_used(p4info, action.preamble.id):
        program.fail(what, "it is not in the JSON")
    for copy in copies:
        arguments = copy.get("runtime_data") or []
        if len(arguments) != len(action.params):
            counts = f"the P4Info has {len(action.params)} parameters, the JSON {len(arguments)}"
            program.fail(what, counts, copy)
        for param, argument in zip(action.params, arguments, strict=True):
            if not _is_translated(p4info, param):
                part = f"{what}, parameter {param.name}"
                _check_width(program, part, param.bitwidth, argument["bitwidth"], copy)


def _is_used(p4info: p4i.P4Info, ident: int) -> bool:
    """Tell whether a table refers to an action; p4c drops those that none does."""
    return any(ref.id == ident for table in p4info.tables for ref in table.action_refs)


def _check_register(program: JsonProgram, p4info: p4i.P4Info, register: p4i.Register) -> None:
    found, what = _find(program, "register_arrays", "register", register)
    _check_room(program, what, found, "size", register.size)
    spec = register.type_spec
    if spec.WhichOneof("type_spec") == "bitstring":
        _check_width(program, what, _bits(spec.bitstring), found.get("bitwidth"), found)


def _check_counter(program: JsonProgram, _: p4i.P4Info, counter: p4i.Counter) -> None:
    found, what = _find(program, "counter_arrays", "counter", counter)
    if found.get("is_direct"):
        program.fail(what, "the JSON has it as a direct counter", found)
    _check_room(program, what, found, "size", counter.size)


def _check_direct_counter(
    program: JsonProgram, p4info: p4i.P4Info, counter: p4i.DirectCounter
) -> None:
    found, what = _find(program, "counter_arrays", "direct counter", counter)
    table = _table_name(p4info, counter.direct_table_id)
    if found.get("binding") != table:
        program.fail(what, f"it counts {table}, in the JSON {found.get('binding')}", found)
    if not program.sections["tables"][table].get("with_counters"):
        program.fail(what, f"the JSON's table {table} has no counters", found)


def _check_meter(program: JsonProgram, _: p4i.P4Info, meter: p4i.Meter) -> None:
    found, what = _find(program, "meter_arrays", "meter", meter)
    _check_room(program, what, found, "size", meter.size)


def _check_direct_meter(program: JsonProgram, p4info: p4i.P4Info, meter: p4i.DirectMeter) -> None:
    found, what = _find(program, "meter_arrays", "direct meter", meter)
    table = _table_name(p4info, meter.direct_table_id)
    if program.sections["tables"][table].get("direct_meters") != meter.preamble.name:
        program.fail(what, f"the JSON's table {table} does not use it", found)


def _check_action_profile(program: JsonProgram, _: p4i.P4Info, profile: p4i.ActionProfile) -> None:
    found, what = _find(program, "action_profiles", "action profile", profile)
    if profile.with_selector and "selector" not in found:
        program.fail(what, "it selects by hash, in the JSON it does not", found)


def _check_digest(program: JsonProgram, _: p4i.P4Info, digest: p4i.Digest) -> None:
    _find(program, "learn_lists", "digest", digest)


def _check_value_set(program: JsonProgram, _: p4i.P4Info, value_set: p4i.ValueSet) -> None:
    found, what = _find(program, "parse_vsets", "value set", value_set)
    wanted = sum(field.bitwidth for field in value_set.match)
    _check_width(program, what, wanted, found.get("compressed_bitwidth"), found)


def _check_controller_header(
    program: JsonProgram, _: p4i.P4Info, header: p4i.ControllerPacketMetadata
) -> None:
    """Check the header that carries these fields; p4c drops one that is never used."""
    wanted = {field.name: field.bitwidth for field in header.metadata}
    named = [fields for fields in program.fields.values() if wanted.keys() <= fields.keys()]
    if named and not any(wanted.items() <= fields.items() for fields in named):
        program.fail(
            f"controller header {header.preamble.name}",
            "the JSON's header with its fields has other widths",
        )


def _find(program: JsonProgram, section: str, kind: str, member: Any) -> tuple[JsonObject, str]:
    """Return the JSON's object for one of the P4Info's, and what to call it in messages."""
    name = member.preamble.name
    found = program.sections[section].get(name)
    if found is None:
        program.fail(f"{kind} {name}", "it is not in the JSON")
    return found, f"{kind} {name}"


def _table_name(p4info: p4i.P4Info, ident: int) -> str:
    names = {table.preamble.id: table.preamble.name for table in p4info.tables}
    return names[ident]


def _check_room(
    program: JsonProgram, what: str, found: JsonObject, member: str, wanted: int
) -> None:
    if found.get(member, 0) < wanted:
        program.fail(
            what, f"the P4Info promises room for {wanted}, the JSON {found.get(member, 0)}", found
        )


def _check_width(
    program: JsonProgram, what: str, wanted: int, found: Any, where: JsonObject
) -> None:
    """Compare widths in bits; 0 in the P4Info stands for a type that is translated."""
    if wanted and found is not None and found != wanted:
        program.fail(what, f"it is {wanted} bits wide, in the JSON {found}", where)


def _bits(spec: p4t.P4BitstringLikeTypeSpec) -> int:
    return (spec.bit.bitwidth or spec.int.bitwidth) if not spec.HasField("varbit") else 0
