"""The forwarding pipeline config: all actions of setting it, and getting it back."""

import json

import pytest
from finsy.proto import p4i, p4r
from google.protobuf import text_format
from p4rt import (
    EVERYTHING_JSON,
    EVERYTHING_P4INFO,
    Set,
    action,
    changed_p4info,
    everything_config,
    exact,
    failure,
    insert,
    modify,
    p4_id,
    table_entry,
)

from switch.dataplane.errors import DataPlaneError
from switch.dataplane.messages import Config
from switch.p4runtime.device_config import program_json
from switch.p4runtime.status import StatusError

DMAC = "EverythingIngress.dmac"
Get = p4r.GetForwardingPipelineConfigRequest


def dmac(port=b"\x01"):
    return table_entry("dmac", [exact(1, b"\x0a")], action("forward", port))


def changed_json(change):
    program = json.loads(EVERYTHING_JSON)
    change(program)
    config = everything_config()
    config.p4_device_config = json.dumps(program).encode()
    return config


def table_of(p4info, alias):
    return next(table for table in p4info.tables if table.preamble.alias == alias)


def action_of(p4info, alias):
    return next(act for act in p4info.actions if act.preamble.alias == alias)


# -- set


def test_verify_changes_nothing(rig, fresh):
    fresh.set_config(Set.VERIFY, everything_config())
    assert rig.plane.configs == {}
    assert not fresh.get_config().HasField("config")


def test_verify_and_commit_runs_the_program(rig, fresh):
    fresh.set_config(Set.VERIFY_AND_COMMIT, everything_config())
    assert list(rig.plane.configs) == [Config.RUNNING]
    fresh.write(insert(table_entry=dmac()))


def test_verify_and_commit_starts_with_empty_tables(rig, primary):
    primary.write(insert(table_entry=dmac()))
    primary.set_config(Set.VERIFY_AND_COMMIT, everything_config())
    assert primary.read(p4r.Entity(table_entry=dmac())) == []


def test_save_then_commit_runs_the_program_with_what_was_written_meanwhile(rig, primary):
    primary.write(insert(table_entry=dmac(port=b"\x01")))
    primary.set_config(Set.VERIFY_AND_SAVE, everything_config(cookie=5))
    assert rig.plane[Config.RUNNING].entries[DMAC, (10,), 0].args == (1,)
    primary.write(insert(table_entry=dmac(port=b"\x02")))
    totals = p4r.RegisterEntry(register_id=p4_id("totals"), index=p4r.Index(index=3))
    totals.data.bitstring = b"\x07"
    primary.write(modify(register_entry=totals))
    assert rig.plane[Config.RUNNING].registers["EverythingIngress.totals"][3] == 0
    primary.set_config(Set.COMMIT)
    assert rig.plane[Config.RUNNING].entries[DMAC, (10,), 0].args == (2,)
    assert primary.read(p4r.Entity(register_entry=totals)) == [p4r.Entity(register_entry=totals)]


def test_a_second_save_replaces_the_first(rig, primary):
    primary.set_config(Set.VERIFY_AND_SAVE, everything_config(cookie=1))
    primary.write(insert(table_entry=dmac()))
    primary.set_config(Set.VERIFY_AND_SAVE, everything_config(cookie=2))
    assert primary.read(p4r.Entity(table_entry=dmac())) == []
    primary.set_config(Set.COMMIT)
    assert primary.get_config().config.cookie.cookie == 2


def test_a_commit_takes_the_saved_config_away(primary):
    primary.set_config(Set.VERIFY_AND_SAVE, everything_config())
    primary.set_config(Set.VERIFY_AND_COMMIT, everything_config(cookie=3))
    assert failure(primary.set_config, Set.COMMIT).code.name == "NOT_FOUND"
    assert primary.get_config().config.cookie.cookie == 3


def test_a_commit_with_nothing_saved_is_not_found_and_one_with_a_config_is_refused(rig, primary):
    assert failure(primary.set_config, Set.COMMIT).code.name == "NOT_FOUND"
    primary.set_config(Set.VERIFY_AND_SAVE, everything_config())
    refused = failure(primary.set_config, Set.COMMIT, everything_config())
    assert refused.code.name == "INVALID_ARGUMENT"
    assert Config.SAVED in rig.plane.configs


@pytest.mark.parametrize(
    "verb", [Set.VERIFY, Set.VERIFY_AND_SAVE, Set.VERIFY_AND_COMMIT, Set.RECONCILE_AND_COMMIT]
)
def test_an_action_without_its_config_is_refused(shared_primary, verb):
    assert failure(shared_primary.set_config, verb).code.name == "INVALID_ARGUMENT"


@pytest.mark.parametrize("verb", [Set.UNSPECIFIED, 6, 77])
def test_an_unknown_action_is_refused(shared_primary, verb):
    assert (
        failure(shared_primary.set_config, verb, everything_config()).code.name
        == "INVALID_ARGUMENT"
    )


def test_another_device_is_not_found_before_anything_else_is_looked_at(fresh):
    refused = failure(lambda: fresh.set_config(Set.COMMIT, device_id=8))
    assert refused.code.name == "NOT_FOUND"
    assert failure(lambda: fresh.get_config(device_id=8)).code.name == "NOT_FOUND"


def test_before_a_config_is_set_writes_and_reads_fail_with_words_that_clients_look_for(fresh):
    for call in (
        lambda: fresh.write(insert(table_entry=dmac())),
        lambda: fresh.read(p4r.Entity(table_entry=dmac())),
    ):
        failed = failure(call)
        assert failed.code.name == "FAILED_PRECONDITION"
        assert "no forwarding pipeline config" in failed.message


# -- what is not a config


@pytest.mark.parametrize("verb", [Set.VERIFY, Set.VERIFY_AND_SAVE, Set.VERIFY_AND_COMMIT])
@pytest.mark.parametrize(
    "config",
    [
        p4r.ForwardingPipelineConfig(),
        p4r.ForwardingPipelineConfig(p4info=EVERYTHING_P4INFO),
        p4r.ForwardingPipelineConfig(p4_device_config=EVERYTHING_JSON),
        p4r.ForwardingPipelineConfig(p4info=EVERYTHING_P4INFO, p4_device_config=b"{"),
        p4r.ForwardingPipelineConfig(p4info=EVERYTHING_P4INFO, p4_device_config=b"[]"),
        p4r.ForwardingPipelineConfig(p4info=EVERYTHING_P4INFO, p4_device_config=b"{}"),
        p4r.ForwardingPipelineConfig(p4info=EVERYTHING_P4INFO, p4_device_config=b"\x00\xff"),
    ],
)
def test_garbage_is_refused_and_leaves_everything_as_it_was(rig, primary, verb, config):
    primary.write(insert(table_entry=dmac()))
    assert failure(primary.set_config, verb, config).code.name == "INVALID_ARGUMENT"
    assert list(rig.plane.configs) == [Config.RUNNING]
    assert primary.read(p4r.Entity(table_entry=dmac())) == [p4r.Entity(table_entry=dmac())]
    primary.set_config(Set.VERIFY_AND_COMMIT, everything_config(cookie=4))
    assert primary.get_config().config.cookie.cookie == 4


def test_a_program_that_the_data_plane_refuses_is_refused_with_its_reason(rig, primary):
    rig.plane.refuse_program = "uses quantum registers"
    for verb in (Set.VERIFY_AND_SAVE, Set.VERIFY_AND_COMMIT, Set.RECONCILE_AND_COMMIT):
        refused = failure(primary.set_config, verb, everything_config())
        assert refused.code.name == "INVALID_ARGUMENT"
        assert "uses quantum registers" in refused.message
    assert list(rig.plane.configs) == [Config.RUNNING]


def test_a_save_that_fails_in_the_data_plane_leaves_nothing_saved(rig, primary, monkeypatch):
    primary.set_config(Set.VERIFY_AND_SAVE, everything_config(cookie=1))

    def fail(program):
        rig.plane.discard_saved()
        raise DataPlaneError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(rig.plane, "save", fail)
        refused = failure(primary.set_config, Set.VERIFY_AND_SAVE, everything_config(cookie=2))
    assert refused.code.name == "INTERNAL"
    assert primary.get_config().config.cookie.cookie == 99
    primary.write(insert(table_entry=dmac()))
    primary.set_config(Set.VERIFY_AND_COMMIT, everything_config(cookie=3))
    assert primary.get_config().config.cookie.cookie == 3


def test_verify_runs_the_compiler(fresh):
    def unheard_of(program):
        for act in program["actions"]:
            for primitive in act["primitives"]:
                if primitive["op"] == "mark_to_drop":
                    primitive["op"] = "frobnicate"

    refused = failure(fresh.set_config, Set.VERIFY, changed_json(unheard_of))
    assert refused.code.name == "INVALID_ARGUMENT"
    assert "frobnicate" in refused.message


def rename(kind, alias):
    def change(p4info):
        for info in getattr(p4info, kind):
            if info.preamble.alias == alias:
                info.preamble.name += "_x"

    return change


def drop_json_table(program):
    for pipeline in program["pipelines"]:
        for table in pipeline["tables"]:
            if table["name"] == DMAC:
                table["name"] = "EverythingIngress.other"
        if pipeline["init_table"] == DMAC:
            pipeline["init_table"] = "EverythingIngress.other"


def test_a_table_without_a_key_that_the_compiler_left_out_of_the_json_is_passed_over(rig):
    client = rig.primary(config=False)
    client.set_config(Set.VERIFY_AND_COMMIT, changed_p4info(rename("tables", "keyless")))
    entry = table_entry("keyless", [], action("set_hop", b"\x01"), is_default_action=True)
    assert client.refused(modify(table_entry=entry)) == ["INVALID_ARGUMENT"]
    assert len(client.read(p4r.Entity(table_entry=p4r.TableEntry()))) == 4


MISMATCHES = {
    "table": rename("tables", "smac"),
    "action": rename("actions", "learn"),
    "register": rename("registers", "totals"),
    "counter": rename("counters", "port_counter"),
    "meter": rename("meters", "port_meter"),
    "digest": rename("digests", "learn_t"),
    "value set": rename("value_sets", "special_types"),
    "action profile": rename("action_profiles", "ways"),
    "match width": lambda p: setattr(table_of(p, "dmac").match_fields[0], "bitwidth", 32),
    "match kind": lambda p: setattr(
        table_of(p, "dmac").match_fields[0], "match_type", p4i.MatchField.LPM
    ),
    "match count": lambda p: table_of(p, "dmac").match_fields.add(
        id=2, bitwidth=8, match_type=p4i.MatchField.EXACT
    ),
    "direct counter": lambda p: table_of(p, "smac").direct_resource_ids.append(
        p.direct_counters[0].preamble.id
    ),
    "direct meter": lambda p: table_of(p, "smac").direct_resource_ids.append(
        p.direct_meters[0].preamble.id
    ),
    "implementation": lambda p: setattr(table_of(p, "profiled"), "implementation_id", 0),
    "unknown implementation": lambda p: setattr(table_of(p, "profiled"), "implementation_id", 9),
    "no selector": lambda p: setattr(p.action_profiles[1], "with_selector", False),
    "unknown action": lambda p: table_of(p, "dmac").action_refs.add(id=0x01FFFFFF),
    "foreign action": lambda p: table_of(p, "dmac").action_refs.add(id=p4_id("learn")),
    "parameter width": lambda p: setattr(action_of(p, "forward").params[0], "bitwidth", 10),
    "parameter count": lambda p: action_of(p, "forward").params.add(id=2, bitwidth=8),
    "register size": lambda p: setattr(p.registers[0], "size", 17),
    "register width": lambda p: setattr(p.registers[0].type_spec.bitstring.bit, "bitwidth", 31),
    "register type": lambda p: p.registers[0].type_spec.ClearField("bitstring"),
    "counter size": lambda p: setattr(p.counters[0], "size", 1),
    "digest type": lambda p: p.type_info.ClearField("structs"),
    "id of another kind": lambda p: setattr(p.tables[0].preamble, "id", 0x01000001),
    "id twice": lambda p: setattr(p.tables[1].preamble, "id", p.tables[0].preamble.id),
    "id zero": lambda p: setattr(p.counters[0].preamble, "id", 0),
    "value set width": lambda p: setattr(p.value_sets[0].match[0], "bitwidth", 8),
}


@pytest.mark.parametrize("what", MISMATCHES)
def test_a_p4info_that_does_not_fit_the_json_is_refused(shared_rig, shared_primary, what):
    config = changed_p4info(MISMATCHES[what])
    refused = failure(shared_primary.set_config, Set.VERIFY_AND_COMMIT, config)
    assert refused.code.name == "INVALID_ARGUMENT"
    assert "P4Info" in refused.message or "type" in refused.message
    assert shared_primary.get_config().config.cookie.cookie == 99


def test_a_json_without_a_table_of_the_p4info_is_refused_by_its_name(shared_primary):
    refused = failure(
        shared_primary.set_config, Set.VERIFY_AND_COMMIT, changed_json(drop_json_table)
    )
    assert refused.code.name == "INVALID_ARGUMENT"
    assert DMAC in refused.message


def test_bmv2s_older_framing_of_the_json_is_accepted_and_handed_back_as_it_came(rig, fresh):
    length = len(EVERYTHING_JSON)
    varint = bytes([length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14])
    framed = b"\x08\x01\x1a" + varint + EVERYTHING_JSON
    config = everything_config()
    config.p4_device_config = framed
    fresh.set_config(Set.VERIFY_AND_COMMIT, config)
    assert fresh.get_config().config == config


def test_a_framing_without_a_program_is_refused():
    with pytest.raises(StatusError, match="device_data is empty"):
        program_json(b"\x08\x01")


# -- get


@pytest.mark.parametrize(
    ("response_type", "fields"),
    [
        (Get.ALL, {"p4info", "p4_device_config", "cookie"}),
        (Get.COOKIE_ONLY, {"cookie"}),
        (Get.P4INFO_AND_COOKIE, {"p4info", "cookie"}),
        (Get.DEVICE_CONFIG_AND_COOKIE, {"p4_device_config", "cookie"}),
    ],
)
def test_each_response_type_hands_back_its_parts(shared_primary, response_type, fields):
    config = shared_primary.get_config(response_type).config
    assert {field.name for field, _ in config.ListFields()} == fields
    for field in fields:
        assert getattr(config, field) == getattr(everything_config(), field)


def test_an_unknown_response_type_is_refused(shared_primary):
    assert failure(shared_primary.get_config, 9).code.name == "INVALID_ARGUMENT"


def test_a_config_without_a_cookie_comes_back_without_one(fresh):
    config = everything_config()
    config.ClearField("cookie")
    fresh.set_config(Set.VERIFY_AND_COMMIT, config)
    assert fresh.get_config() == p4r.GetForwardingPipelineConfigResponse(config=config)
    assert fresh.get_config(Get.COOKIE_ONLY).HasField("config")


def test_after_a_save_the_saved_config_is_handed_back_as_by_pi(primary):
    primary.set_config(Set.VERIFY_AND_SAVE, everything_config(cookie=5))
    assert primary.get_config(Get.COOKIE_ONLY).config.cookie.cookie == 5


def translated(width):
    def change(p4info):
        field = table_of(p4info, "dmac").match_fields[0]
        field.type_name.name, field.bitwidth = "address_t", width

    return change


def test_a_field_translated_to_another_width_takes_what_the_program_can_hold(fresh):
    fresh.set_config(Set.VERIFY_AND_COMMIT, changed_p4info(translated(64)))
    fresh.write(insert(table_entry=dmac()))
    wide = table_entry("dmac", [exact(1, b"\x01" + bytes(6))], action("drop"))
    assert fresh.refused(insert(table_entry=wide)) == ["INVALID_ARGUMENT"]


def test_a_field_translated_to_strings_is_refused(fresh):
    refused = failure(fresh.set_config, Set.VERIFY, changed_p4info(translated(0)))
    assert refused.code.name == "INVALID_ARGUMENT"
    assert "strings" in refused.message


def test_an_empty_p4info_is_a_role_based_subset_of_any_program(fresh):
    config = everything_config()
    config.p4info.CopyFrom(text_format.Parse('pkg_info { arch: "v1model" }', p4i.P4Info()))
    fresh.set_config(Set.VERIFY_AND_COMMIT, config)
    assert fresh.read(p4r.Entity(table_entry=p4r.TableEntry())) == []
