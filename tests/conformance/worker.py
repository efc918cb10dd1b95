"""Runs tests one by one, each on a fresh switch, in the network namespace it was started in.

`python -m tests.conformance.worker SWITCH`: a request a line on the standard input, `{"json",
"p4info", "stf"}` with paths and a `"test"` name, and for each an outcome, a line of JSON, on the
standard output; with `"observe": true` an observation. Started by `tests.conformance.pool`, which
makes the namespace.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from google.protobuf.text_format import ParseError

from tests.conformance.differential.observe import Observation, observe
from tests.conformance.outcome import Outcome, Verdict
from tests.conformance.ports import prepare_namespace
from tests.conformance.program import Program
from tests.conformance.switches.bmv2 import Bmv2
from tests.conformance.switches.embedded import Embedded
from tests.conformance.switches.switch import SwitchKind
from tests.conformance.trial import run_trial

KINDS: dict[str, type[SwitchKind]] = {"bmv2": Bmv2, "embedded": Embedded}


def serve(kind: SwitchKind) -> None:
    """Answer requests until the input ends."""
    prepare_namespace()
    for line in sys.stdin:
        print(json.dumps(_answer(kind, json.loads(line)).to_dict()), flush=True)


def _answer(kind: SwitchKind, request: dict[str, Any]) -> Outcome | Observation:
    try:
        program = Program.read(Path(request["json"]), Path(request["p4info"]))
        stf = Path(request["stf"]).read_text()
    except (OSError, UnicodeDecodeError, ParseError) as error:
        return Outcome(request["test"], kind.name, Verdict.UNREADABLE, str(error))
    if request.get("observe"):
        return observe(kind, program, stf)
    return dataclasses.replace(run_trial(kind, program, stf), test=request["test"])


if __name__ == "__main__":
    serve(KINDS[sys.argv[1]]())
