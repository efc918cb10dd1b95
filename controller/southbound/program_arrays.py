"""Whether what a BMv2 JSON has besides tables is as a P4Info says: arrays, digests, headers."""

from __future__ import annotations

from finsy.proto import p4i, p4t

from controller.southbound.program_json import JsonProgram


def check_register(program: JsonProgram, p4info: p4i.P4Info, register: p4i.Register) -> None:
    """Raise ``ProgramError`` unless the JSON has this register array."""
    what = f"register {register.preamble.name}"
    found = program.find("register_arrays", what, register.preamble.name)
    program.check_room(what, found, "size", register.size)
    spec = register.type_spec
    if spec.WhichOneof("type_spec") == "bitstring":
        program.check_width(what, _bits(spec.bitstring), found.get("bitwidth"), found)


def check_counter(program: JsonProgram, _: p4i.P4Info, counter: p4i.Counter) -> None:
    """Raise ``ProgramError`` unless the JSON has this counter array."""
    what = f"counter {counter.preamble.name}"
    found = program.find("counter_arrays", what, counter.preamble.name)
    if found.get("is_direct"):
        program.fail(what, "the JSON has it as a direct counter", found)
    program.check_room(what, found, "size", counter.size)


def check_direct_counter(
    program: JsonProgram, p4info: p4i.P4Info, counter: p4i.DirectCounter
) -> None:
    """Raise ``ProgramError`` unless the JSON has this direct counter, on its table."""
    what = f"direct counter {counter.preamble.name}"
    found = program.find("counter_arrays", what, counter.preamble.name)
    table = _table_name(p4info, counter.direct_table_id)
    if found.get("binding") != table:
        program.fail(what, f"it counts {table}, in the JSON {found.get('binding')}", found)
    if not program.sections["tables"][table].get("with_counters"):
        program.fail(what, f"the JSON's table {table} has no counters", found)


def check_meter(program: JsonProgram, _: p4i.P4Info, meter: p4i.Meter) -> None:
    """Raise ``ProgramError`` unless the JSON has this meter array."""
    what = f"meter {meter.preamble.name}"
    found = program.find("meter_arrays", what, meter.preamble.name)
    program.check_room(what, found, "size", meter.size)


def check_direct_meter(program: JsonProgram, p4info: p4i.P4Info, meter: p4i.DirectMeter) -> None:
    """Raise ``ProgramError`` unless the JSON has this direct meter, on its table."""
    what = f"direct meter {meter.preamble.name}"
    found = program.find("meter_arrays", what, meter.preamble.name)
    table = _table_name(p4info, meter.direct_table_id)
    if program.sections["tables"][table].get("direct_meters") != meter.preamble.name:
        program.fail(what, f"the JSON's table {table} does not use it", found)


def check_action_profile(program: JsonProgram, _: p4i.P4Info, profile: p4i.ActionProfile) -> None:
    """Raise ``ProgramError`` unless the JSON has this action profile."""
    what = f"action profile {profile.preamble.name}"
    found = program.find("action_profiles", what, profile.preamble.name)
    if profile.with_selector and "selector" not in found:
        program.fail(what, "it selects by hash, in the JSON it does not", found)


def check_digest(program: JsonProgram, _: p4i.P4Info, digest: p4i.Digest) -> None:
    """Raise ``ProgramError`` unless the JSON has this digest."""
    name = digest.preamble.name
    program.find("learn_lists", f"digest {name}", name)


def check_value_set(program: JsonProgram, _: p4i.P4Info, value_set: p4i.ValueSet) -> None:
    """Raise ``ProgramError`` unless the JSON has this parser value set."""
    what = f"value set {value_set.preamble.name}"
    found = program.find("parse_vsets", what, value_set.preamble.name)
    wanted = sum(field.bitwidth for field in value_set.match)
    program.check_width(what, wanted, found.get("compressed_bitwidth"), found)


def check_controller_header(
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


def _table_name(p4info: p4i.P4Info, ident: int) -> str:
    names = {table.preamble.id: table.preamble.name for table in p4info.tables}
    return names[ident]


def _bits(spec: p4t.P4BitstringLikeTypeSpec) -> int:
    return (spec.bit.bitwidth or spec.int.bitwidth) if not spec.HasField("varbit") else 0
