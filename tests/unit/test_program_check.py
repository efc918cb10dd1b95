"""No program reaches a node whose JSON and P4Info do not fit together, or whose JSON is damaged."""

import copy
import json
from pathlib import Path

import pytest
from finsy.proto import p4i
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import ProgramError
from controller.southbound.program import Program

BUILD = Path(__file__).resolve().parents[2] / "p4" / "build"
PROGRAM = json.loads((BUILD / "guarded.json").read_bytes())
P4INFO = text_format.Parse((BUILD / "guarded.p4info.txtpb").read_text(), p4i.P4Info())


def make(root, p4info=P4INFO):
    return Program.make("fw", json.dumps(root).encode(), p4info)


def named(members, name):
    return next(member for member in members if member["name"] == name)


def table(root, name):
    return named(root["pipelines"][0]["tables"], f"NodeIngress.{name}")


def info(p4info, kind, alias):
    return next(member for member in getattr(p4info, kind) if member.preamble.alias == alias)


@pytest.mark.parametrize("name", ["guarded", "l2", "l2_firewall"])
def test_the_projects_own_programs_are_sound(name):
    program = Program.read(name, BUILD / f"{name}.json", BUILD / f"{name}.p4info.txtpb")
    assert program.json == (BUILD / f"{name}.json").read_bytes()
    assert program.schema.tables["dmac"].name == "NodeIngress.l2.dmac"


def test_the_cookie_tells_programs_apart_and_stays_the_same():
    other = copy.deepcopy(PROGRAM)
    other["program"] = "another name"
    assert make(PROGRAM).cookie == make(PROGRAM).cookie
    assert make(PROGRAM) == make(PROGRAM)
    assert make(PROGRAM).cookie != make(other).cookie
    assert 0 < make(PROGRAM).cookie < 1 << 64


def test_files_that_are_not_there_or_not_p4info_are_named(tmp_path):
    with pytest.raises(ProgramError, match=r"program x: cannot read .*none.json: No such file"):
        Program.read("x", tmp_path / "none.json", BUILD / "l2.p4info.txtpb")
    with pytest.raises(ProgramError, match=r"l2.json is not P4Info text"):
        Program.read("x", BUILD / "l2.json", BUILD / "l2.json")


def test_the_p4info_of_another_program_is_refused():
    l2 = (BUILD / "l2.json").read_bytes()
    with pytest.raises(ProgramError, match=r"NodeIngress.firewall.* is not in the JSON"):
        Program.make("x", l2, P4INFO)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be parsed"),
        (b"\xff\xfe", "cannot be parsed"),
        (b"[" * 100_000, "cannot be parsed"),
        (b"[]", "is not an object"),
        (b"{}", "has no header_types"),
        (b'{"header_types": 3}', "header_types is not a list of objects|has no headers"),
    ],
)
def test_what_is_no_program_at_all_is_refused(data, message):
    with pytest.raises(ProgramError, match=f"program x: .*({message})"):
        Program.make("x", data, P4INFO)


DAMAGES = {
    "no egress": (
        lambda r: r["pipelines"].pop(),
        "no pipelines ingress and egress",
    ),
    "header without its type": (
        lambda r: r["header_types"].pop(),
        "there is no header type",
    ),
    "two tables of one name": (
        lambda r: r["pipelines"][1]["tables"].append(table(r, "l2.dmac")),
        "tables has NodeIngress.l2.dmac twice",
    ),
    "parser goes nowhere": (
        lambda r: r["parsers"][0]["parse_states"][0]["transitions"][0].update(next_state="x"),
        "parser parser, state start: there is no state x",
    ),
    "parser begins nowhere": (
        lambda r: r["parsers"][0].update(init_state="x"),
        "parser parser: there is no state x",
    ),
    "parser extracts nothing known": (
        lambda r: r["parsers"][0]["parse_states"][1]["parser_ops"][0].update(
            parameters=[{"type": "regular", "value": "x"}]
        ),
        "state parse_packet_out: there is no header x",
    ),
    "deparser emits nothing known": (
        lambda r: r["deparsers"][0]["order"].append("x"),
        "deparser deparser .*: there is no header x",
    ),
    "action of an unknown field": (
        lambda r: named(r["actions"], "NodeIngress.l2.forward")["primitives"][0]["parameters"][
            0
        ].update(value=["standard_metadata", "x"]),
        r"action NodeIngress.l2.forward \(include/l2.p4:\d+\): header standard_metadata has no",
    ),
    "action of a parameter too many": (
        lambda r: named(r["actions"], "NodeIngress.l2.forward")["primitives"][0]["parameters"][
            1
        ].update(value=1),
        "it has no parameter 1",
    ),
    "action of an unknown register": (
        lambda r: r["register_arrays"].pop(0),
        "there is no register array NodeIngress.hosts.copies_paid",
    ),
    "calculation gone": (
        lambda r: r["calculations"].clear(),
        "there is no calculation calc",
    ),
    "table of an unknown action": (
        lambda r: table(r, "l2.dmac").update(action_ids=[9999, 3]),
        "table NodeIngress.l2.dmac .*: there is no action with id 9999",
    ),
    "table of mixed up actions": (
        lambda r: table(r, "l2.dmac")["actions"].reverse(),
        "action ids and action names do not belong together",
    ),
    "table goes nowhere": (
        lambda r: table(r, "l2.dmac")["next_tables"].update({"NodeIngress.l2.flood": "x"}),
        "pipeline ingress has no node x to go on with",
    ),
    "table forgets an action": (
        lambda r: table(r, "l2.dmac")["next_tables"].pop("NodeIngress.l2.flood"),
        "does not say how to go on after action NodeIngress.l2.flood",
    ),
    "table knows an action too many": (
        lambda r: table(r, "l2.dmac")["next_tables"].update(x=None),
        "it goes on after x, which is none of its actions",
    ),
    "default action short of an argument": (
        lambda r: table(r, "l2.dmac")["default_entry"].update(action_data=[]),
        "action NodeIngress.l2.flood needs 1 arguments",
    ),
    "key of an unknown field": (
        lambda r: table(r, "l2.dmac")["key"][0].update(target=["ethernet", "x"]),
        "header ethernet has no field x",
    ),
    "key of an unknown kind": (
        lambda r: table(r, "l2.dmac")["key"][0].update(match_type="x"),
        "unknown kind of match x",
    ),
    "condition goes nowhere": (
        lambda r: r["pipelines"][0]["conditionals"][0].update(true_next="x"),
        r"condition node_\d+ .*has no node x",
    ),
    "states of another shape": (
        lambda r: r["parsers"][0].update(parse_states=["x"]),
        "parser parser: it is malformed",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda name: name.replace(" ", "-"))
def test_a_damaged_json_is_refused_by_what_is_wrong_in_it(damage):
    root = copy.deepcopy(PROGRAM)
    change, message = DAMAGES[damage]
    change(root)
    with pytest.raises(ProgramError, match=message):
        make(root)


MISFITS = {
    "table renamed": (
        lambda r, p: setattr(info(p, "tables", "dmac").preamble, "name", "x"),
        "table x: it is not in the JSON",
    ),
    "match field too many": (
        lambda r, p: info(p, "tables", "dmac").match_fields.add(id=2, name="x", match_type=2),
        "the P4Info has 2 match fields, the JSON 1",
    ),
    "match field of another width": (
        lambda r, p: setattr(info(p, "tables", "dmac").match_fields[0], "bitwidth", 32),
        "match field dst_addr: it is 32 bits wide, in the JSON 48",
    ),
    "match field of another kind": (
        lambda r, p: setattr(info(p, "tables", "dmac").match_fields[0], "match_type", 4),
        "match field dst_addr: the JSON matches it as exact",
    ),
    "match fields in another order": (
        lambda r, p: table(r, "firewall.acl")["key"].reverse(),
        "match field src_addr: the JSON has ingress_port in its place",
    ),
    "table too small": (
        lambda r, p: table(r, "l2.dmac").update(max_size=10),
        "room for 4096, the JSON 10",
    ),
    "fixed default action": (
        lambda r, p: table(r, "l2.punt")["default_entry"].update(action_const=False),
        "its fixed default action is NoAction",
    ),
    "idle time-out": (
        lambda r, p: setattr(info(p, "tables", "dmac"), "idle_timeout_behavior", 1),
        "the JSON's table has no idle time-out",
    ),
    "action gone": (
        lambda r, p: info(p, "tables", "zone").action_refs.add(
            id=info(p, "actions", "forward").preamble.id
        ),
        "the JSON's table has no action NodeIngress.l2.forward",
    ),
    "parameter of another width": (
        lambda r, p: setattr(info(p, "actions", "forward").params[0], "bitwidth", 32),
        "parameter port: it is 32 bits wide, in the JSON 9",
    ),
    "parameter too many": (
        lambda r, p: info(p, "actions", "forward").params.add(id=2, name="x", bitwidth=8),
        "the P4Info has 2 parameters, the JSON 1",
    ),
    "register too small": (
        lambda r, p: named(r["register_arrays"], "NodeIngress.firewall.connections_3").update(
            size=16
        ),
        "register NodeIngress.firewall.connections_3.*: .*room for 4096, the JSON 16",
    ),
    "register of another width": (
        lambda r, p: named(r["register_arrays"], "NodeIngress.firewall.learn").update(bitwidth=8),
        "register NodeIngress.firewall.learn.*: it is 16 bits wide, in the JSON 8",
    ),
    "counter gone direct": (
        lambda r, p: named(r["counter_arrays"], "NodeIngress.firewall.handled").update(
            is_direct=True
        ),
        "the JSON has it as a direct counter",
    ),
    "direct counter of another table": (
        lambda r, p: named(r["counter_arrays"], "NodeIngress.firewall.acl_counter").update(
            binding="NodeIngress.l2.dmac"
        ),
        "it counts NodeIngress.firewall.acl, in the JSON NodeIngress.l2.dmac",
    ),
    "table without counters": (
        lambda r, p: table(r, "firewall.acl").update(with_counters=False),
        "the JSON's table NodeIngress.firewall.acl has no counters",
    ),
    "meter gone": (
        lambda r, p: p.meters.add(preamble={"id": 0x15000001, "name": "x", "alias": "x"}),
        "meter x: it is not in the JSON",
    ),
    "digest gone": (
        lambda r, p: p.digests.add(
            preamble={"id": 0x17000001, "name": "x", "alias": "x"},
            type_spec={"bitstring": {"bit": {"bitwidth": 8}}},
        ),
        "digest x: it is not in the JSON",
    ),
    "controller header of another width": (
        lambda r, p: setattr(p.controller_packet_metadata[0].metadata[1], "bitwidth", 32),
        "controller header packet_in: the JSON's header with its fields has other widths",
    ),
    "two tables of one id": (
        lambda r, p: setattr(
            info(p, "tables", "dmac").preamble, "id", info(p, "tables", "punt").preamble.id
        ),
        "the P4Info cannot be indexed: id already exists",
    ),
    "reference to nothing": (
        lambda r, p: info(p, "tables", "dmac").action_refs.add(id=0x01000001),
        "the P4Info cannot be indexed",
    ),
}


@pytest.mark.parametrize("misfit", MISFITS, ids=lambda name: name.replace(" ", "-"))
def test_a_json_and_a_p4info_that_differ_are_refused_by_where_they_do(misfit):
    root, p4info = copy.deepcopy(PROGRAM), p4i.P4Info()
    p4info.CopyFrom(P4INFO)
    change, message = MISFITS[misfit]
    change(root, p4info)
    with pytest.raises(ProgramError, match=message):
        make(root, p4info)


def test_what_only_the_compiler_knows_may_be_in_the_json_alone():
    root = copy.deepcopy(PROGRAM)
    root["register_arrays"].append({"name": "spare", "id": 99, "size": 1, "bitwidth": 8})
    assert make(root).json != make(PROGRAM).json


def test_an_action_that_no_table_uses_may_be_missing_from_the_json():
    p4info = p4i.P4Info()
    p4info.CopyFrom(P4INFO)
    p4info.actions.add(preamble={"id": 0x01000001, "name": "unused", "alias": "unused"})
    assert make(PROGRAM, p4info).schema.actions["unused"].id == 0x01000001


def paths(value, path=()):
    """Return the way to every part of a JSON."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in members:
        yield (*path, key)
        if isinstance(member, dict | list):
            yield from paths(member, (*path, key))


PATHS = [path for path in paths(PROGRAM) if "source_info" not in path]


@settings(max_examples=100)
@given(st.sampled_from(PATHS), st.sampled_from([None, 0, -1, "x", [], {}, [[]], True]))
def test_whatever_is_wrong_in_a_json_is_a_program_error_or_does_not_matter(path, value):
    root = copy.deepcopy(PROGRAM)
    parent = root
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    try:
        make(root)
    except ProgramError as exc:
        assert str(exc).startswith("program fw: ")
