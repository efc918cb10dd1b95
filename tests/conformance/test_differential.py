"""Random entries, registers and frames: the embedded switch does what BMv2 does, byte by byte.

What is random is fixed by seeds; the test that failed is an STF file, shown with the failure.
"""

from contextlib import ExitStack
from queue import SimpleQueue

import pytest

from tests.conformance import corpus_files, pool
from tests.conformance.ahead import Ahead, selected
from tests.conformance.cases import Case
from tests.conformance.compiler import json_path, p4info_path
from tests.conformance.differential.compare import Determinism, determinism, differences
from tests.conformance.differential.generate import Generator
from tests.conformance.differential.run import compare
from tests.conformance.program import Program
from tests.conformance.stf.reader import read_stf
from tests.conformance.stf.statements import Add, Packet

pytestmark = pytest.mark.timeout(600)  # the first test waits for all

NODE_PROGRAMS = pool.ROOT / "p4" / "build"
CORPUS = {case.name: case for case in corpus_files.cases()}
IP_FRAMES = CORPUS["checksums"].stf

# With some frames these read headers that are not there or go beyond an array, of which BMv2 makes
# what it has left over, if it survives; or they show the depth of a queue.
UNDEFINED = {"counters", "meters", "registers", "multicast", "standard_metadata", "vlan", "queues"}
JUDGED = [case for name, case in CORPUS.items() if name not in UNDEFINED | {"diagnostics"}]

PAIRS = 2
"""So many comparisons go on side by side."""

LEAST_FRAMES = 50
"""How many frames of 200 must leave at least: a program drops and punts some by design, and which
entries are hit is a matter of the seed."""

needs_both = pytest.mark.skipif(pool.obstacle() is not None, reason=str(pool.obstacle()))


@pytest.fixture(scope="module")
def compared(request, tmp_path_factory):
    """A function: what came of comparing a case, made ahead for those that were selected."""
    folder = tmp_path_factory.mktemp("differential")
    node = zip(
        selected(request, "test_node_programs_do_the_same_on_both_switches", "name"),
        selected(request, "test_node_programs_do_the_same_on_both_switches", "seed"),
        strict=True,
    )
    corpus = selected(request, "test_the_corpus_does_the_same_on_both_switches", "case")
    jobs = [(node_program(name), seed, 200, True) for name, seed in node]
    jobs += [(case, 1, 60, False) for case in corpus]

    with ExitStack() as stack:
        free = SimpleQueue()
        for _ in range(PAIRS):
            pair = (pool.Worker("bmv2"), pool.Worker("embedded"))
            free.put([stack.enter_context(worker) for worker in pair])

        def run(job):
            case, seed, frames, cut = job
            workers = free.get()
            try:
                return compare(*workers, case, seed, frames, folder, cut=cut)
            finally:
                free.put(workers)

        ahead = Ahead(jobs, run, PAIRS)
        yield lambda *job: ahead[job]


def node_program(name):
    json, p4info = json_path(NODE_PROGRAMS, name), p4info_path(NODE_PROGRAMS, name)
    return Case(name, json, p4info, IP_FRAMES)


def program(case):
    return Program.read(case.json, case.p4info)


@needs_both
@pytest.mark.bmv2
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", ["guarded", "l2"])
def test_node_programs_do_the_same_on_both_switches(name, seed, compared):
    result = compared(node_program(name), seed, 200, True)
    assert not result.not_judged
    assert not result.differences, result.test.stf.read_text()
    assert result.frames >= LEAST_FRAMES, "too few frames left both switches to compare anything"


@needs_both
@pytest.mark.bmv2
@pytest.mark.parametrize("case", JUDGED, ids=lambda case: case.name)
def test_the_corpus_does_the_same_on_both_switches(case, compared):
    result = compared(case, 1, 60, False)
    assert not result.not_judged
    assert not result.differences, result.test.stf.read_text()


def test_a_seed_gives_the_same_test_each_time():
    case = CORPUS["tables_ternary"]
    texts = {Generator(program(case), [], 7).test(20) for _ in range(3)}
    assert len(texts) == 1
    assert texts != {Generator(program(case), [], 8).test(20)}


def test_a_random_test_has_entries_and_frames():
    statements = []
    for seed in range(5):
        text = Generator(program(CORPUS["tables_ternary"]), [bytes(40)], seed).test(20)
        statements += read_stf(text)
    assert sum(isinstance(statement, Packet) for statement in statements) == 100
    assert sum(isinstance(statement, Add) for statement in statements) > 10


def test_programs_that_read_clocks_or_draw_numbers_are_known():
    extents = {name: determinism(case.json.read_bytes()) for name, case in CORPUS.items()}
    assert extents["diagnostics"] is Determinism.NOTHING
    assert extents["standard_metadata"] is Determinism.FRAMES
    assert extents["parser_stack"] is Determinism.ALL


def observation(**changes):
    seen = {"refused": {}, "frames": {"1": ["aa", "bb"]}, "registers": {"r": [1]}, "counters": {}}
    return {**seen, **changes}


def found_in(**changes):
    return list(differences(observation(), observation(**changes), Determinism.ALL))


def test_equal_observations_do_not_differ_whatever_the_order_of_frames():
    assert found_in() == []
    assert found_in(frames={"1": ["bb", "aa"]}) == []


def test_another_frame_a_register_and_a_refusal_are_differences():
    assert "port 1: 2 frames, 2 of the reference" in found_in(frames={"1": ["aa", "cc"]})[0]
    assert found_in(registers={"r": [2]}) == ["registers: r[0] is 2, on the reference 1"]
    assert "refused {'3': 'no'}" in found_in(refused={"3": "no"})[0]
