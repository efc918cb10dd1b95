"""Generated expressions against a plain evaluator, at any width, with hypothesis."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.switch.draft import Draft, Json, assign, const, extract, field, forward, op
from tests.switch.inprocess import InProcessSwitch

WIDTHS = st.sampled_from([1, 3, 8, 9, 16, 31, 32, 48, 64, 65, 128, 200])


@dataclass(frozen=True)
class Tree:
    """An expression as JSON, and what it is worth for the given values of a and b."""

    json: Json
    worth: object


def _wrap(value: int, width: int) -> int:
    half = 1 << (width - 1)
    return (value + half) % (1 << width) - half


def _binary(name: str, left: Tree, right: Tree, function) -> Tree:
    return Tree(
        op(name, left.json, right.json), lambda *at: function(left.worth(*at), right.worth(*at))
    )


def _numbers() -> st.SearchStrategy[Tree]:
    leaves = st.one_of(
        st.just(Tree(field("h", "a"), lambda a, b: a)),
        st.just(Tree(field("h", "b"), lambda a, b: b)),
        st.integers(0, 1 << 70).map(lambda value: Tree(const(value), lambda a, b: value)),
    )

    def grow(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        def arithmetic(parts):
            (name, function), left, right = parts
            return _binary(name, left, right, function)

        def shift(parts):
            name, left, by = parts

            def move(value):
                return value << by if name == "<<" else value >> by

            return Tree(op(name, left.json, const(by)), lambda *at: move(left.worth(*at)))

        def cast(parts):
            name, inner_tree, width = parts
            casts = {
                "two_comp_mod": lambda v: _wrap(v, width),
                "usat_cast": lambda v: max(0, min(v, (1 << width) - 1)),
                "sat_cast": lambda v: max(-(1 << width - 1), min(v, (1 << width - 1) - 1)),
            }
            return Tree(
                op(name, inner_tree.json, const(width)),
                lambda *at: casts[name](inner_tree.worth(*at)),
            )

        def ternary(parts):
            condition, left, right = parts
            return Tree(
                op("?", left.json, right.json, condition.json),
                lambda *at: left.worth(*at) if condition.worth(*at) else right.worth(*at),
            )

        def complement(tree):
            return Tree(op("~", None, tree.json), lambda *at: ~tree.worth(*at))

        return st.one_of(
            st.tuples(st.sampled_from(sorted(ARITHMETIC.items())), inner, inner).map(arithmetic),
            st.tuples(st.sampled_from(["<<", ">>"]), inner, st.integers(0, 70)).map(shift),
            st.tuples(st.sampled_from(CASTS), inner, st.integers(2, 70)).map(cast),
            st.tuples(_conditions(inner), inner, inner).map(ternary),
            inner.map(complement),
            _conditions(inner).map(
                lambda tree: Tree(op("b2d", None, tree.json), lambda *at: int(tree.worth(*at)))
            ),
        )

    return st.recursive(leaves, grow, max_leaves=12)


def _conditions(numbers: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    def compare(parts):
        (name, function), left, right = parts
        return _binary(name, left, right, function)

    compared = st.tuples(st.sampled_from(sorted(COMPARISONS.items())), numbers, numbers).map(
        compare
    )
    as_bool = numbers.map(
        lambda tree: Tree(op("d2b", None, tree.json), lambda *at: tree.worth(*at) != 0)
    )

    def join(parts):
        name, left, right = parts
        function = (lambda a, b: a and b) if name == "and" else (lambda a, b: a or b)
        return _binary(name, left, right, function)

    def grow(inner):
        return st.one_of(
            st.tuples(st.sampled_from(["and", "or"]), inner, inner).map(join),
            inner.map(lambda t: Tree(op("not", None, t.json), lambda *at: not t.worth(*at))),
        )

    return st.recursive(compared | as_bool, grow, max_leaves=4)


ARITHMETIC = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "&": int.__and__,
    "|": int.__or__,
    "^": int.__xor__,
}
COMPARISONS = {
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}
CASTS = ["two_comp_mod", "usat_cast", "sat_cast"]


def _run(tree: Tree, width_a: int, width_b: int, a: int, b: int, width: int) -> int:
    """Compute the expression from two header fields into a third one, and read that back."""
    padding = -(width_a + width_b + width) % 8
    draft = Draft()
    fields = [["a", width_a], ["b", width_b], ["result", width]]
    draft.add_header("h", fields + [["padding", padding]] * bool(padding))
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    draft.do(assign("h", "result", tree.json), forward(2))
    packed = (((a << width_b) | b) << width) << padding
    size = (width_a + width_b + width + padding) // 8
    ((_, frame),) = InProcessSwitch(draft.load()).send(1, packed.to_bytes(size, "big"))
    return int.from_bytes(frame, "big") >> padding & ((1 << width) - 1)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=150)
@given(tree=_numbers(), width_a=WIDTHS, width_b=WIDTHS, width=WIDTHS, data=st.data())
def test_an_expression_is_worth_what_a_plain_evaluator_says(tree, width_a, width_b, width, data):
    a = data.draw(st.integers(0, (1 << width_a) - 1))
    b = data.draw(st.integers(0, (1 << width_b) - 1))
    expected = int(tree.worth(a, b)) & ((1 << width) - 1)
    assert _run(tree, width_a, width_b, a, b, width) == expected


def test_a_shift_by_billions_neither_hangs_nor_fills_the_memory():
    tree = Tree(op("<<", const(1), field("h", "a")), None)
    assert _run(tree, 64, 8, (1 << 64) - 1, 0, 16) == 0
