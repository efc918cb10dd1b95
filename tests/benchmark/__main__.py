"""Measures in the namespaces that it was started in: see `scripts/bench_switch`."""

from __future__ import annotations

import json
import sys

from tests.benchmark.arguments import read_arguments
from tests.benchmark.figures import Effort, Figures, measure_switch
from tests.benchmark.links import make_links
from tests.benchmark.report import as_dict, targets, text
from tests.conformance.worker import KINDS

QUICK = Effort(trial_s=0.5, latency_s=1.0, control_s=0.5, frame_bytes=(64,))


def main() -> int:
    """Measure, print, and say by the exit status whether all targets are reached."""
    arguments = read_arguments()
    effort = QUICK if arguments.quick else Effort()
    make_links()
    measured: dict[str, Figures] = {}
    for name in arguments.switches:
        measured[name] = measure_switch(KINDS[name](), effort, _tell)
    judged = []
    if "embedded" in measured:
        sizes = effort.frame_bytes
        judged = list(targets(measured["embedded"], measured.get("bmv2"), sizes))
    figures = list(measured.values())
    print(text(figures, judged))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(as_dict(figures, judged), indent=1) + "\n")
    return 0 if all(target.is_reached for target in judged) else 1


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
