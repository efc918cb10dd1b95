"""The kept results of the P4 compiler belong to the P4 sources."""

import filecmp
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from controller.southbound import controller_header

ROOT = Path(__file__).resolve().parents[2]
COMPILE = [sys.executable, str(ROOT / "scripts" / "compile_p4")]


def test_no_p4_source_has_changed_since_the_programs_were_compiled():
    check = subprocess.run([*COMPILE, "--check"], capture_output=True, text=True, timeout=120)
    assert check.returncode == 0, check.stderr


@pytest.mark.skipif(shutil.which("p4c-bm2-ss") is None, reason="p4c is not installed")
def test_compiling_again_gives_the_kept_programs(tmp_path):
    subprocess.run([*COMPILE, "--root", str(tmp_path)], check=True, timeout=180)
    for folder in ("p4/build", "tests/integration/programs"):
        kept = sorted(path.name for path in (ROOT / folder).iterdir())
        same, *wrong = filecmp.cmpfiles(ROOT / folder, tmp_path / folder, kept, False)
        assert wrong == [[], []]
        assert sorted(same) == kept


def test_the_controller_says_what_the_programs_headers_say():
    text = (ROOT / "p4" / "include" / "headers.p4").read_text()
    pattern = r"^(?:const bit<\d+> +(\w+) += (\w+);|#define (\w+) (\w+)$)"
    found = [m.groups() for m in re.finditer(pattern, text, re.MULTILINE)]
    said = {a or c: int(b or d, 0) for a, b, c, d in found}
    names = [n for n, v in vars(controller_header).items() if isinstance(v, int) and n[0] != "_"]
    assert names
    assert {n: said.get(n) for n in names} == {n: getattr(controller_header, n) for n in names}
