"""Programs that are added at run time: what is refused, and what outlives a restart."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from networks import line

from controller.errors import ProgramError, RequestError
from controller.migration.catalog import Catalog
from controller.model.parts import ProgramFiles
from controller.nodes.library import ProgramLibrary

BUILD = Path(__file__).resolve().parents[2] / "p4" / "build"
GUARDED = BUILD / "guarded.json", BUILD / "guarded.p4info.txtpb"
L2 = BUILD / "l2.json", BUILD / "l2.p4info.txtpb"
DESCRIBED = replace(line({"s1": "l2", "s2": "l2"}), programs={"l2": ProgramFiles("l2", *L2)})


@pytest.fixture
def library(tmp_path):
    return ProgramLibrary(DESCRIBED, tmp_path / "programs")


def again(tmp_path, described=DESCRIBED):
    return ProgramLibrary(described, tmp_path / "programs")


def test_a_program_that_is_added_is_there_after_a_restart_without_its_files(library, tmp_path):
    files = [tmp_path / path.name for path in GUARDED]
    for copy, path in zip(files, GUARDED, strict=True):
        copy.write_bytes(path.read_bytes())
    catalog = Catalog(library)
    assert catalog.functions() == {}
    added = library.add("fw", *files)
    assert catalog.functions() == {"firewall": 16}
    assert catalog.with_functions(frozenset({"firewall"})) == "fw"
    for copy in files:
        copy.unlink()
    assert again(tmp_path)["fw"].cookie == added.cookie


def test_a_check_leaves_nothing(library, tmp_path):
    library.add("fw", *GUARDED, keep=False)
    assert list(library) == list(again(tmp_path)) == ["l2"]


@pytest.mark.parametrize(
    ("name", "files", "error", "told"),
    [
        ("l2", GUARDED, RequestError, "there is a program l2 already"),
        ("../fw", GUARDED, RequestError, "cannot be called '../fw'"),
        ("other", L2, RequestError, "is the program l2, which is there already"),
        ("fw", (BUILD / "none", GUARDED[1]), ProgramError, "cannot read .*none"),
        ("fw", (L2[0], GUARDED[1]), ProgramError, "program fw: "),
        ("fw", (GUARDED[1], GUARDED[1]), ProgramError, "program fw: "),
    ],
)
def test_what_cannot_be_added_is_refused_with_the_reason(
    library, tmp_path, name, files, error, told
):
    with pytest.raises(error, match=told):
        library.add(name, *files)
    assert list(library) == list(again(tmp_path)) == ["l2"]


def test_what_was_described_since_counts_and_what_was_spoilt_is_left_out(library, tmp_path, caplog):
    library.add("fw", *GUARDED)
    described = replace(DESCRIBED, programs={"fw": ProgramFiles("fw", *L2)})
    assert again(tmp_path, described)["fw"].cookie == library["l2"].cookie
    (tmp_path / "programs" / "fw.json").write_text("{")
    with caplog.at_level(logging.ERROR):
        assert list(again(tmp_path)) == ["l2"]
    assert "a program that was added before is left out: program fw" in caplog.text
