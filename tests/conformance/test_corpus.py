"""Our corpus passes on the embedded switch, and on BMv2, which is what it was written against."""

import subprocess
import sys

import pytest

from tests.conformance import compiler, corpus_files, pool
from tests.conformance.ahead import JOBS, selected
from tests.conformance.outcome import Verdict

pytestmark = pytest.mark.timeout(600)  # the first test waits for all of its kind

CASES = corpus_files.cases()
COMPILE = [sys.executable, str(pool.ROOT / "scripts" / "compile_corpus")]

needs_ports = pytest.mark.skipif(pool.obstacle() is not None, reason=str(pool.obstacle()))


@pytest.fixture(scope="module")
def workers():
    """A worker for each kind of switch, started when it is first asked."""
    with pool.Worker("embedded") as embedded, pool.Worker("bmv2") as bmv2:
        yield {"embedded": embedded, "bmv2": bmv2}


def named(case):
    return case.name


def passing(kind, request, function):
    """The outcomes of the cases that a test function was selected for, on a kind of switch."""
    cases = selected(request, function, "case")
    found = pool.run_cases(kind, cases, JOBS, lambda outcome: None)
    return {outcome.test: outcome for outcome in found}


@pytest.fixture(scope="module")
def on_embedded(request):
    return passing("embedded", request, "test_the_embedded_switch_passes")


@pytest.fixture(scope="module")
def on_bmv2(request):
    return passing("bmv2", request, "test_bmv2_passes")


@needs_ports
@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_embedded_switch_passes(case, on_embedded):
    outcome = on_embedded[case.name]
    assert outcome.verdict is Verdict.PASSED, outcome.reason


@needs_ports
@pytest.mark.bmv2
@pytest.mark.parametrize("case", CASES, ids=named)
def test_bmv2_passes(case, on_bmv2):
    outcome = on_bmv2[case.name]
    assert outcome.verdict is Verdict.PASSED, outcome.reason


def test_each_program_has_a_test_and_each_test_a_program():
    assert {source.stem for source in corpus_files.programs()} == {case.name for case in CASES}


def test_no_source_has_changed_since_the_corpus_was_compiled():
    check = subprocess.run([*COMPILE, "--check"], capture_output=True, text=True, timeout=100)
    assert check.returncode == 0, check.stderr


@pytest.mark.skipif(not compiler.is_installed(), reason="p4c is not installed")
def test_compiling_a_program_again_gives_what_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus_files, "BUILD", tmp_path)
    monkeypatch.setattr(corpus_files, "DIGESTS", tmp_path / "sources.sha256")
    source = next(source for source in corpus_files.programs() if source.stem == "tables_exact")
    kept = corpus_files.FOLDER / "build"
    corpus_files.compile_corpus([source])
    for path in (compiler.json_path, compiler.p4info_path):
        again, before = path(tmp_path, source.stem), path(kept, source.stem)
        assert again.read_bytes() == before.read_bytes()


@needs_ports
@pytest.mark.parametrize("switch", ["embedded", pytest.param("bmv2", marks=pytest.mark.bmv2)])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("expect 1 04", "expect 1 05"), "port 1, frame 4"),
        (("expect 1 03", "expect 2 03"), "port 1"),
        (("aabb$", "aa$"), "port 1, frame 1"),
        (("packet 0 020203040506", "# packet 0"), "port 1, frame"),
        (("# Reject", "packet 0 000000000000 000000000001 0800 # Reject"), "port 1"),
    ],
)
def test_a_test_that_expects_something_else_fails(switch, change, reason, workers, tmp_path):
    case = next(case for case in CASES if case.name == "parser_select")
    stf = tmp_path / "changed.stf"
    text = case.stf.read_text()
    assert change[0] in text
    stf.write_text(text.replace(*change))
    outcome = workers[switch].run(type(case)("changed", case.json, case.p4info, stf))
    assert outcome.verdict is Verdict.FAILED
    assert reason in outcome.reason
