"""Control-flow graphs as nested `if`s: the code visits what a walk of the graph visits."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.codegen.code import (
    Assign,
    BitField,
    Block,
    Comment,
    Extract,
    If,
    Leave,
    Loop,
    Run,
    Value,
    boolean,
    ends,
    number,
    render,
    variable,
)
from switch.codegen.conditions import equal, less, negate
from switch.codegen.inline import inline
from switch.codegen.liveness import prune
from switch.codegen.structure import MAX_DEPTH, Graph, Hooks, write

Edges = dict[str, list[str | None]]


def _emit(graph: Graph):
    """A node notes that it was visited; a branch takes the way that `choices` holds next."""

    def emit(name: str, follow) -> Block:
        nexts = graph.next_nodes(name)
        note: Block = [Run(f"visited.append({name!r})")]
        if len(nexts) == 1:
            return note
        chain: Block = follow(nexts[-1])
        for index in reversed(range(len(nexts) - 1)):
            taken = Value(f"way == {index}", 4, frozenset({"way"}))
            chain = [If(taken, follow(nexts[index]), chain)]
        choose = Run(f"way = next(choices) % {len(nexts)}", writes=frozenset({"way"}))
        return [*note, choose, *chain]

    return emit


def _run(code: Block, choices: list[int]) -> list[str]:
    lines = ["def walk(visited, choices):", *render([*code, Run("return visited")], 1)]
    namespace: dict = {}
    exec("\n".join(lines), namespace)
    try:
        return namespace["walk"]([], itertools.chain(choices, itertools.repeat(0)))
    except NameError as error:
        raise AssertionError("\n".join(lines)) from error


def _walk(edges: Edges, choices: list[int], steps: int = 2000) -> list[str]:
    visited, node, left = [], "n0", itertools.chain(choices, itertools.repeat(0))
    for _ in range(steps):
        if node is None:
            return visited
        visited.append(node)
        nexts = list(dict.fromkeys(edges[node]))
        node = nexts[0] if len(nexts) == 1 else nexts[next(left) % len(nexts)]
    raise TimeoutError


def _written(edges: Edges, meets: bool) -> Block:
    graph = Graph("n0", edges, meets=meets)
    hooks = Hooks(_emit(graph), end=lambda: [] if meets else [Leave()])
    code = write(graph, hooks, "step")
    if not meets and not any(isinstance(item, Loop) for item in code):
        code = [Loop(code if ends(code) else [*code, Leave()])]
    return code


@st.composite
def _acyclic(draw) -> Edges:
    count = draw(st.integers(1, 14))
    return {
        f"n{index}": draw(
            st.lists(
                st.sampled_from([None, *(f"n{later}" for later in range(index + 1, count))]),
                min_size=1,
                max_size=3,
            )
        )
        for index in range(count)
    }


@settings(max_examples=200)
@given(edges=_acyclic(), choices=st.lists(st.integers(0, 5), max_size=20), meets=st.booleans())
def test_a_graph_without_loops_is_walked_alike(edges, choices, meets):
    assert _run(_written(edges, meets), choices) == _walk(edges, choices)


@settings(max_examples=200)
@given(data=st.data(), meets=st.booleans())
def test_a_graph_with_loops_is_walked_alike(data, meets):
    count = data.draw(st.integers(1, 8))
    names = [None, *(f"n{index}" for index in range(count))]
    # The first way of every node leads onwards, so that a walk by zeros ends.
    edges: Edges = {}
    for index in range(count):
        onwards = f"n{index + 1}" if index + 1 < count else None
        more = data.draw(st.lists(st.sampled_from(names), max_size=2))
        edges[f"n{index}"] = [onwards, *more]
    choices = data.draw(st.lists(st.integers(0, 5), max_size=20))
    assert _run(_written(edges, meets), choices) == _walk(edges, choices)


def test_code_that_would_grow_without_bound_is_written_once():
    """A chain of diamonds has 2 to the 40 ways through it."""
    edges: Edges = {}
    for index in range(40):
        edges[f"n{2 * index}"] = [f"n{2 * index + 1}", f"n{2 * index + 2}"]
        edges[f"n{2 * index + 1}"] = [f"n{2 * index + 2}"]
    edges["n80"] = [None]
    for meets in (True, False):
        code = _written(edges, meets)
        assert len(list(render(code))) < 2000
        assert _run(code, [0, 1] * 20) == _walk(edges, [0, 1] * 20)


def test_branches_inside_branches_stay_within_what_python_allows():
    depth = 6 * MAX_DEPTH
    edges: Edges = {f"n{index}": [f"n{index + 1}", None] for index in range(depth)}
    edges[f"n{depth}"] = [None]
    code = _written(edges, meets=False)
    assert _run(code, [0] * depth) == [f"n{index}" for index in range(depth + 1)]


# -- what nobody reads --------------------------------------------------------------------------


def _text(block: Block, live: frozenset[str] = frozenset()) -> tuple[list[str], frozenset[str]]:
    kept, needed = prune(block, live)
    return list(render(kept)), needed


def test_an_assignment_that_nobody_reads_is_dropped_and_what_it_read_too():
    block: Block = [
        Assign("a", number(1)),
        Assign("b", variable("a")),
        Run("use(c)", frozenset("c")),
    ]
    assert _text(block) == (["use(c)"], frozenset("c"))


def test_what_is_read_after_a_branch_is_kept_in_both():
    block: Block = [
        If(variable("x"), [Assign("a", number(1))], [Assign("a", number(2))]),
        Run("use(a)", frozenset("a")),
    ]
    lines, needed = _text(block)
    assert lines == ["if x:", "    a = 1", "else:", "    a = 2", "use(a)"]
    assert needed == {"x"}


def test_branches_that_do_the_same_are_one():
    block: Block = [If(variable("x"), [Run("f()")], [Comment("other"), Run("f()")])]
    assert _text(block)[0] == ["f()"]


def test_a_branch_without_effect_turns_the_condition_round():
    condition = less(variable("x"), number(3))
    block: Block = [If(condition, [Assign("a", number(1))], [Run("f()")])]
    assert _text(block)[0] == ["if x >= 3:", "    f()"]


def test_a_variable_of_a_loop_lives_through_its_rounds():
    block: Block = [
        Loop(
            [
                If(equal(variable("n"), number(0)), [Leave()]),
                Assign("n", Value("n - 1", 9, frozenset("n"))),
            ]
        )
    ]
    lines, needed = _text(block)
    assert "    n = n - 1" in lines
    assert needed == {"n"}


def test_only_the_fields_that_are_read_are_extracted():
    fields = tuple(BitField(name, 8 * index, 8) for index, name in enumerate("abc"))
    kept, _ = prune([Extract(fields, number(0)), Run("use(b)", frozenset("b"))])
    (extract, _) = kept
    assert [field.name for field in extract.fields] == ["b"]


@pytest.mark.parametrize(
    "condition, expected",
    [
        (boolean(True), "False"),
        (equal(variable("a"), number(1)), "a != 1"),
        (negate(variable("a")), "a"),
        (Value("f(a == 1)", 12), "not f(a == 1)"),
    ],
)
def test_conditions_are_turned_round(condition, expected):
    assert negate(condition).text == expected


# -- temporaries --------------------------------------------------------------------------------


def _inlined(block: Block, live: str = "") -> list[str]:
    kept, _ = prune(inline(block), frozenset(live.split()))
    return list(render(kept))


def _value(text: str, *reads: str, binds: int = 9) -> Value:
    return Value(text, binds, frozenset(reads))


def test_a_copy_is_read_where_it_came_from():
    use = Run("use(u, t)", frozenset("tu"))
    block: Block = [Assign("t", variable("a")), Assign("u", variable("t")), use]
    assert _inlined(block) == ["use(a, a)"]


def test_a_value_that_is_read_once_moves_to_its_reader():
    block: Block = [
        Assign("t", _value("a + 1", "a")),
        If(_value("t * 2 > b", "t", "b", binds=4), [Run("f()")]),
    ]
    assert _inlined(block) == ["if (a + 1) * 2 > b:", "    f()"]


def test_nothing_moves_past_a_change_of_what_it_is_made_of():
    block: Block = [
        Assign("t", variable("a")),
        Run("a = f()", writes=frozenset("a")),
        Run("use(t)", frozenset("t")),
    ]
    assert _inlined(block) == ["t = a", "a = f()", "use(t)"]


def test_what_a_register_held_is_not_read_later():
    block: Block = [
        Assign("t", _value("cells[0]", binds=12)),
        Run("cells[0] = 1"),
        Run("use(t)", frozenset("t")),
    ]
    assert _inlined(block) == ["t = cells[0]", "cells[0] = 1", "use(t)"]


def test_a_change_in_one_branch_ends_what_a_variable_stood_for():
    block: Block = [
        Assign("t", variable("a")),
        If(variable("c"), [Assign("a", number(1)), Run("use(t)", frozenset("t"))]),
        Run("use(t)", frozenset("t")),
    ]
    assert _inlined(block, "a") == ["t = a", "if c:", "    a = 1", "    use(t)", "use(t)"]


def test_a_computation_is_not_moved_into_a_loop():
    block: Block = [
        Assign("t", _value("a * a", "a")),
        Loop([Run("use(t)", frozenset("t")), If(variable("c"), [Leave()])]),
    ]
    assert _inlined(block)[:2] == ["t = a * a", "while True:"]


def test_a_word_in_quotes_is_no_variable():
    block: Block = [Assign("t", variable("a")), Run("log('t', t)", frozenset("t"))]
    assert _inlined(block) == ["t = a", "log('t', t)"]
