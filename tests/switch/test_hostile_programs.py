"""Whatever is done to a program's JSON, loading it either works or is refused by `ProgramError`."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.codegen.manifest import compile_program
from switch.p4json.load import load_program
from switch.p4json.source import ProgramError

PROGRAM = Path(__file__).parents[2] / "p4" / "build" / "l2.json"

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 1 << 40),
    st.text(max_size=5),
    st.sampled_from(["0x10", "-0x1", "expression", "field", "hexstr", "header", "*", "+", "?"]),
    st.just([]),
    st.just({}),
    st.just({"type": "field", "value": ["ethernet", "dst_addr"]}),
)


@pytest.fixture(scope="module")
def original():
    return json.loads(PROGRAM.read_bytes())


def _paths(node, path=()):
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in items:
        if isinstance(child, dict | list):
            yield from _paths(child, (*path, key))
        else:
            yield (*path, key)


def _set(root, path, value, remove):
    for key in path[:-1]:
        root = root[key]
    if remove:
        del root[path[-1]]
    else:
        root[path[-1]] = value


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_program_is_loaded_or_refused(original, data):
    damaged = copy.deepcopy(original)
    paths = [path for path in _paths(damaged) if path and "source_info" not in path]
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(paths))
        try:
            _set(damaged, path, data.draw(JUNK), data.draw(st.booleans()))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier damage took the place away
    try:
        compile_program(load_program(json.dumps(damaged).encode()))
    except ProgramError as refusal:
        assert str(refusal)
