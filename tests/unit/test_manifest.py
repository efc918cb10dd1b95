"""What a function is, read from P4Info alone; and how bad annotations are told."""

import pytest
from p4info_samples import (
    GATE_STATE,
    P4InfoBuilder,
    add_gate,
    add_l2,
    add_words,
    annotation,
    gate_program,
    plain_program,
)

from controller.errors import ProgramError
from controller.state.manifest_reader import read_manifests
from controller.state.merge import MergeRule, TimeField


def manifest(program, function="gate"):
    return read_manifests(program.schema, program.name)[function]


def test_a_function_is_read_from_annotations_alone():
    gate = manifest(gate_program())
    assert (gate.slots, gate.learn, gate.enforce) == (4, "in.gate.learn", "in.gate.enforce")
    assert gate.node_tables == {"in.gate.zone"}
    assert gate.function_tables == {"in.gate.acl", "in.gate.timeout"}
    assert (gate.load, gate.drops) == (("in.gate.handled",), ("in.gate.dropped",))
    array = gate.array("flows", 2)
    assert (array.register, array.rule, array.width) == ("in.gate.flows_2", MergeRule.NEWER, 40)
    assert array.time == TimeField(0, 16, 65_536)
    assert (array.first_cell(2), array.cells_per_slot, array.bucket) == (0, 8, 4)


def test_a_program_without_annotations_has_no_functions():
    assert read_manifests(plain_program().schema, "plain") == {}


def test_one_array_may_hold_several_slots():
    builder = add_words(P4InfoBuilder())
    for half in (0, 2):
        note = annotation(
            "hitless_state", function="gate", state="x", merge="or", first_slot=half, slots=2
        )
        builder.register(f"in.x_{half}", 20, 1, note)
    array = manifest(builder.program("p")).array("x", 3)
    assert (array.register, array.first_cell(3), array.cells_per_slot) == ("in.x_2", 10, 10)


def test_cells_of_some_slots_are_counted():
    assert manifest(gate_program()).cells_of({1, 3}) == 16


def test_the_same_function_in_two_programs_fits():
    assert manifest(gate_program("a")).difference(manifest(gate_program("b"))) is None


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (gate_program("b", slots=8), "4 slots in one and 8 in the other"),
        (gate_program("b", cells=16), "the cells of flows, slot 0, differ"),
        (gate_program("b", bucket=2), "the cells of flows, slot 0, differ"),
        (gate_program("b", state="other"), "only one of them has the state flows, other"),
    ],
)
def test_functions_whose_state_means_different_things_do_not_fit(other, told):
    assert told in manifest(gate_program("a")).difference(manifest(other))


def bad(**changes):
    """Return a program whose first state register has other annotations."""
    builder = add_words(P4InfoBuilder(), slots=1)
    pairs = GATE_STATE | {"first_slot": 0, "slots": 1} | changes
    pairs = {key: value for key, value in pairs.items() if value is not None}
    return builder.register("in.cells", 8, 40, annotation("hitless_state", **pairs)).program("p")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"merge": "add"}, "merge='add' is unknown; these would do: or, max, sum, newer, replace"),
        ({"merge": None}, "merge is missing"),
        ({"merge": 1}, "merge must be a text, not 1"),
        ({"state": None}, "state is missing"),
        ({"slots": 3}, "8 cells cannot be shared equally by 3 slots"),
        ({"slots": 0}, "8 cells cannot be shared equally by 0 slots"),
        ({"slots": "1"}, "slots must be a number, not '1'"),
        ({"slots": 2}, "covers slots that do not exist; there are 1"),
        ({"first_slot": 1}, "covers slots that do not exist; there are 1"),
        ({"first_slot": -1}, "first_slot=-1 must not be negative"),
        ({"time_lsb": 30}, "bits 30 to 45 are not all in a cell of 40"),
        ({"time_width": 0}, "time_width and time_unit_us must be at least 1"),
        ({"time_unit_us": None}, "time_unit_us is missing"),
        ({"time_lsb": None, "time_width": None, "time_unit_us": None}, 'merge="newer" compares'),
        ({"bucket": 3}, "8 cells of a slot are no whole number of buckets of 3"),
        ({"bucket": 0}, "8 cells of a slot are no whole number of buckets of 0"),
        ({"merge": "max"}, 'bucket needs merge="newer"'),
        ({"time_width": 40}, "bits beside the time"),
        ({"colour": "red"}, "the key 'colour' is unknown; these would do: function, slots,"),
        ({"function": "other"}, "function other: no register is annotated as its learn word"),
    ],
)
def test_a_bad_state_annotation_is_told(changes, told):
    with pytest.raises(ProgramError) as error:
        read_manifests(bad(**changes).schema, "p")
    assert told in str(error.value)
    assert "program p" in str(error.value)


def words(**changes):
    pairs = {"function": "gate", "word": "learn"} | changes
    return annotation("hitless_control", **pairs)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda b: b.register("in.w", 1, 4, words()), "no register is annotated as its enforce"),
        (lambda b: b.register("in.w", 2, 4, words()), "a control word has one cell, not 2"),
        (lambda b: b.register("in.w", 1, 4, words(word="act")), "word='act' is unknown"),
        (lambda b: add_words(b).register("in.w", 1, 4, words()), "in.gate.learn is the function's"),
        (
            lambda b: b.register("in.l", 1, 4, words()).register(
                "in.e", 1, 8, words(word="enforce")
            ),
            "its control words differ in width: in.l 4, in.e 8",
        ),
        (
            lambda b: add_words(b).counter("in.c", 3, annotation("hitless_load", function="gate")),
            "the counter in.c has 3 cells for 4 slots",
        ),
        (
            lambda b: add_words(b).counter("in.c", 4, annotation("hitless_laod", function="gate")),
            "in.c: @hitless_laod does not belong here; these would do: @hitless_load, @hitless_dr",
        ),
        (
            lambda b: add_words(b).table(
                "in.t", {}, {}, annotation("hitless_table", function="gate", scope="all")
            ),
            "scope='all' is unknown; these would do: node, function",
        ),
        (
            lambda b: add_words(b).register(
                "in.s",
                4,
                1,
                annotation(
                    "hitless_state",
                    function="gate",
                    state="x",
                    merge="or",
                    first_slot=0,
                    slots=2,
                ),
            ),
            "slot 2 of its state x must be in one register, and is in no register",
        ),
    ],
)
def test_a_bad_function_is_told(build, told):
    with pytest.raises(ProgramError) as error:
        read_manifests(build(P4InfoBuilder()).program("p").schema, "p")
    assert told in str(error.value)


def test_an_annotation_that_is_no_list_of_pairs_is_told():
    program = gate_program("p")
    program.p4info.registers[0].preamble.annotations.append("@hitless_control(learn)")
    with pytest.raises(ProgramError, match="must have the form @name"):
        read_manifests(type(program.schema)(program.p4info), "p")


def test_an_annotation_at_the_wrong_kind_of_object_is_told():
    program = gate_program("p")
    program.p4info.actions[0].preamble.annotations.append("@hitless_state")
    with pytest.raises(ProgramError, match=r"in\.l2\.forward: @hitless_state does not belong"):
        read_manifests(type(program.schema)(program.p4info), "p")


def test_other_annotations_are_none_of_our_business():
    builder = add_gate(add_l2(P4InfoBuilder()))
    builder.info.registers[0].preamble.annotations.append("@brief(hello)")
    assert manifest(builder.program("p")).slots == 4
