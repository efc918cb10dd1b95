"""Reading BMv2 JSON: what is found in it, and what is refused, by name and source line."""

import json
from pathlib import Path

import pytest

from switch.codegen.generate import generate
from switch.p4json.load import load_program
from switch.p4json.objects import (
    MAX_PRIORITY,
    ActionCall,
    LpmMatch,
    MatchKind,
    RangeMatch,
    TernaryMatch,
)
from switch.p4json.source import ProgramError
from tests.switch.draft import Draft, assign, call, const, extract, field, forward, goto, named

PROGRAMS = sorted((Path(__file__).parents[2] / "p4" / "build").glob("*.json"))


def _draft_with_table(kind: str = "exact", **more) -> Draft:
    draft = Draft([["a", 16], ["b", 16]])
    draft.add_action("hit", [forward(2)], [("port", 9)])
    draft.add_table("t", [(kind, field("meta", "a"))], {"hit": None}, **more)
    return draft


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_our_own_programs_load(path):
    program = load_program(path.read_bytes())
    assert "NodeIngress.l2.dmac" in program.tables
    assert program.actions["NodeIngress.l2.forward"].parameters[0].width == 9


def test_a_const_entrys_priority_is_turned_round():
    entries = [
        {
            "match_key": [{"match_type": "ternary", "key": "0x12", "mask": "0xf0"}],
            "action_entry": {"action_id": 0, "action_data": ["0x3"]},
            "priority": 7,
        }
    ]
    table = _draft_with_table("ternary", entries=entries).load().tables["t"]
    (entry,) = table.const_entries
    assert entry.key == (TernaryMatch(0x10, 0xF0),)
    assert entry.priority == MAX_PRIORITY - 7
    assert entry.action == ActionCall("hit", (3,))
    assert table.entries_are_const and table.takes_priority


@pytest.mark.parametrize(
    "kind, match, expected",
    [
        ("exact", {"key": "0x0a"}, 10),
        ("lpm", {"key": "0x0a00", "prefix_length": 8}, LpmMatch(0x0A00, 8)),
        ("range", {"start": "0x1", "end": "0x9"}, RangeMatch(1, 9)),
    ],
)
def test_const_entries_of_each_kind(kind, match, expected):
    entries = [
        {
            "match_key": [{"match_type": kind, **match}],
            "action_entry": {"action_id": 0, "action_data": ["0x3"]},
            "priority": 1,
        }
    ]
    table = _draft_with_table(kind, entries=entries).load().tables["t"]
    assert table.const_entries[0].key == (expected,)
    assert table.kind is MatchKind(kind)


def test_direct_counters_name_their_table():
    draft = _draft_with_table(with_counters=True)
    draft.add_counter("c", 1024, table="t")
    counter = draft.load().counters["c"]
    assert counter.is_direct and counter.table == "t"


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"null", b'{"header_types": 3}', b"\xff\xfe"])
def test_what_is_not_a_program_is_refused(raw):
    with pytest.raises(ProgramError):
        load_program(raw)


def test_a_program_in_another_major_version_is_refused():
    draft = Draft()
    draft.json["__meta__"]["version"] = [3, 0]
    with pytest.raises(ProgramError, match=r"version 3\.0"):
        draft.load()


def test_a_refusal_names_the_object_and_its_source_line():
    draft = _draft_with_table()
    draft.json["actions"][0]["primitives"].append(
        {
            **call("teleport", const(1)),
            "source_info": {"filename": "far.p4", "line": 42, "column": 1, "source_fragment": "x"},
        }
    )
    program = draft.load()
    with pytest.raises(ProgramError, match=r"far\.p4\(42\): teleport\(\) in action hit") as caught:
        generate(program)
    assert caught.value.source.line == 42


@pytest.mark.parametrize(
    "damage, complaint",
    [
        (lambda j: j["actions"][0]["primitives"].append(assign("no", "such", const(1))), "no.such"),
        (lambda j: j["pipelines"][0]["tables"][0].update(action_ids=[9]), "unknown action id 9"),
        (lambda j: j["pipelines"][0]["tables"][0].update(match_type="magic"), "magic"),
        (lambda j: j["pipelines"][0]["tables"][0].update(next_tables={}), "comes after hit"),
        (lambda j: j["pipelines"][0].update(init_table="gone"), "gone"),
        (lambda j: j["parsers"].clear(), "0 parsers"),
        (lambda j: j["pipelines"].pop(), "no pipeline named egress"),
        (lambda j: j["deparsers"][0].update(order=["x"]), "unknown header"),
        (lambda j: j["headers"][0].update(header_type="x"), "unknown type x"),
        (lambda j: j["extern_instances"].append({"name": "e", "type": "Ext"}), "Ext"),
        (lambda j: j["header_types"][0]["fields"].append(["odd"]), "malformed field"),
    ],
)
def test_a_damaged_program_is_refused_with_the_reason(damage, complaint):
    draft = _draft_with_table()
    draft.add_state("start", [])
    damage(draft.json)
    with pytest.raises(ProgramError, match=complaint):
        draft.load()


@pytest.mark.parametrize(
    "primitive, complaint",
    [
        (call("assign", field("meta", "a")), "takes 2 parameters"),
        (call("generate_digest", const(0), const(9)), "unknown digest"),
        (call("recirculate", const(1)), "outside of egress"),
        (call("clone_ingress_pkt_to_egress", const(1), const(77)), "unknown field list"),
        (call("push", named("header_stack", "s"), field("meta", "a")), "not constant"),
    ],
)
def test_a_call_that_cannot_be_run_is_refused_at_load(primitive, complaint):
    draft = Draft([["a", 16]])
    draft.add_stack("s", [["x", 8]], 2)
    draft.do(primitive)
    program = draft.load()
    with pytest.raises(ProgramError, match=complaint):
        generate(program)


def test_a_hash_algorithm_that_does_not_exist_is_refused():
    draft = Draft([["a", 16]])
    draft.add_calculation("calc", "sha1", field("meta", "a"))
    draft.do(
        call(
            "modify_field_with_hash_based_offset",
            field("meta", "a"),
            const(0),
            named("calculation", "calc"),
            const(8),
        )
    )
    program = draft.load()
    with pytest.raises(ProgramError, match="sha1"):
        generate(program)


def test_a_parser_that_goes_nowhere_is_refused():
    draft = Draft()
    draft.add_header("h", [["a", 8]])
    draft.add_state("start", [extract("h")], [field("h", "a")], goto("lost", 1))
    with pytest.raises(ProgramError, match="lost"):
        draft.load()


def test_a_header_of_broken_bytes_is_refused():
    draft = Draft()
    draft.add_header("h", [["a", 7]])
    with pytest.raises(ProgramError, match="header h: is 7 bits wide"):
        draft.load()


def test_a_program_survives_being_written_again():
    draft = _draft_with_table()
    program = draft.load()
    assert load_program(json.dumps(draft.json).encode()).tables == program.tables
