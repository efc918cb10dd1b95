"""Our own corpus: programs, tests, and what p4c made of the programs, which is kept in the tree.

`corpus/NAME.p4` and `corpus/NAME.stf`; `corpus/build/NAME.json` (without white space) and
`corpus/build/NAME.p4info.txtpb`. `corpus/build/sources.sha256` says which sources these were made
from.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.conformance.cases import Case
from tests.conformance.compiler import compile_program, json_path, p4info_path

FOLDER = Path(__file__).resolve().parent / "corpus"
BUILD = FOLDER / "build"
DIGESTS = BUILD / "sources.sha256"


def programs() -> list[Path]:
    """The sources of all programs, by name."""
    return sorted(FOLDER.glob("*.p4"))


def cases() -> list[Case]:
    """All tests, by name."""
    return [
        Case(stf.stem, json_path(BUILD, stf.stem), p4info_path(BUILD, stf.stem), stf)
        for stf in sorted(FOLDER.glob("*.stf"))
    ]


def stale_programs() -> list[Path]:
    """The programs whose sources are not those that were compiled."""
    known = _known_digests()
    return [source for source in programs() if known.get(source.stem) != _digest(source)]


def compile_corpus(sources: list[Path]) -> None:
    """Compile programs and note their digests. Raises `CompilerError` at the first refused."""
    BUILD.mkdir(exist_ok=True)
    digests = _known_digests()
    for source in sources:
        compile_program(source, BUILD, source.stem)
        _drop_white_space(json_path(BUILD, source.stem))
        digests[source.stem] = _digest(source)
    names = {source.stem for source in programs()}
    lines = [f"{digest}  {name}\n" for name, digest in sorted(digests.items()) if name in names]
    DIGESTS.write_text("".join(lines))


def _known_digests() -> dict[str, str]:
    if not DIGESTS.is_file():
        return {}
    lines = [line.split() for line in DIGESTS.read_text().splitlines()]
    return {name: digest for digest, name in lines}


def _digest(source: Path) -> str:
    """Of a source and of all that it may include."""
    digest = hashlib.sha256()
    for file in [*sorted((FOLDER / "include").glob("*.p4")), source]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _drop_white_space(file: Path) -> None:
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content, separators=(",", ":")) + "\n")
