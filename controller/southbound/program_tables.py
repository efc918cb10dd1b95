"""Whether the tables and actions of a BMv2 JSON are those of a P4Info."""

from __future__ import annotations

from finsy.proto import p4i

from controller.southbound.program_json import JsonObject, JsonProgram

_MATCH_TYPES = {
    p4i.MatchField.EXACT: {"exact", "valid"},
    p4i.MatchField.LPM: {"lpm"},
    p4i.MatchField.TERNARY: {"ternary"},
    p4i.MatchField.RANGE: {"range"},
    p4i.MatchField.OPTIONAL: {"ternary"},  # how p4c writes it for BMv2
}


def check_table(program: JsonProgram, p4info: p4i.P4Info, table: p4i.Table) -> None:
    """Raise ``ProgramError`` unless the JSON has this table, as the P4Info describes it."""
    what = f"table {table.preamble.name}"
    found = program.find("tables", what, table.preamble.name)
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
        program.check_room(what, found, "max_size", table.size)
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
        program.check_width(what, field.bitwidth, program.field_width(key["target"]), key)


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


def check_action(program: JsonProgram, p4info: p4i.P4Info, action: p4i.Action) -> None:
    """Raise ``ProgramError`` unless all of the JSON's copies of this action have its parameters."""
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
                program.check_width(part, param.bitwidth, argument["bitwidth"], copy)


def _is_used(p4info: p4i.P4Info, ident: int) -> bool:
    """Tell whether a table refers to an action; p4c drops those that none does."""
    return any(ref.id == ident for table in p4info.tables for ref in table.action_refs)
