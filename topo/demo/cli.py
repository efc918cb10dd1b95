"""The command behind `scripts/demo`.

Exit status: 0 when nothing was lost, leaked, duplicated or reordered; 1 when something was, or a
migration did not reach its end; 2 when the demo could not be run as asked, or could not measure.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from topo.demo.method import METHODS
from topo.errors import MigrationFailed, Refused, TopologyError
from topo.interruption import Interrupted, interrupt_on_ending_signals
from topo.requirements import NODE_PROGRAMS, check_machine

FLAWLESS, FLAWED, NOT_RUN = 0, 1, 2
LEAST_SECONDS, MOST_SECONDS = 3.0, 600.0
RESULTS = Path(__file__).resolve().parent.parent.parent / "results"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return its exit status."""
    arguments = _parser().parse_args(argv)
    interrupt_on_ending_signals()
    try:
        return _run(arguments)
    except MigrationFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        return FLAWED
    except TopologyError as error:
        print(f"demo: {error}", file=sys.stderr)
        return NOT_RUN
    except Interrupted as interruption:
        print("demo: interrupted; everything it had started is removed", file=sys.stderr)
        return interruption.status


def _run(arguments: argparse.Namespace) -> int:
    title = f"hA - s1 - s2 - hB, nodes: {arguments.node}, mode: {arguments.mode}"
    plot = arguments.plot or RESULTS / f"demo-{arguments.node}-{arguments.mode}.png"
    if arguments.plot is None:
        RESULTS.mkdir(exist_ok=True)
    for path in filter(None, (arguments.json, plot)):
        _check_writable(path)
    check_machine([NODE_PROGRAMS[arguments.node], "osken-manager", "hitless"])
    # Only now: these import Mininet, whose absence check_machine explains.
    from topo.demo.plot import draw
    from topo.demo.report import generator_note, table, verdict
    from topo.demo.run import play

    chosen = list(METHODS.values()) if arguments.method == "both" else [METHODS[arguments.method]]
    progress = _Progress()
    runs = [play(m, arguments.node, arguments.mode, arguments.seconds, progress) for m in chosen]
    moves = [move for run in runs for move in run.moves]
    print(f"\n{title}\n\n{table(moves)}\n")
    for run in runs:
        print(generator_note(run))
    print(f"\n{verdict(moves, sys.stdout.isatty())}", flush=True)
    draw(runs, f"A firewall moved under traffic: {title}", plot)
    print(f"The latency over time is drawn in {plot}")
    if arguments.json is not None:
        document = {"node": arguments.node, "moves": [move.to_dict() for move in moves]}
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    return FLAWLESS if all(move.flawless for move in moves) else FLAWED


def _check_writable(path: Path) -> None:
    """Refuse now, not after the experiment, an output that cannot be written."""
    if path.is_dir():
        raise Refused(f"cannot write {path}: it is a directory")
    changed = path if path.exists() else path.parent
    if not os.access(changed, os.W_OK):
        raise Refused(f"cannot write {path}: {changed} does not exist or may not be written to")


class _Progress:
    """Says what is going on, with the seconds since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", flush=True)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds from {LEAST_SECONDS:g} to {MOST_SECONDS:g}"
        )
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="The paper's experiment: a stateful firewall moved from s1 to s2 and back "
        "while F_A (3,000 packets/s, replies to a connection from the inside) passes and "
        "F_B (1,000 packets/s, uninvited) stays blocked.",
        epilog="Exit status: 0 nothing was lost, leaked, duplicated or reordered; 1 something was, "
        "or a migration did not reach its end; 2 the demo could not be run.",
    )
    parser.add_argument(
        "--node",
        choices=sorted(NODE_PROGRAMS),
        default="embedded",
        help="kind of forwarding node (default: %(default)s)",
    )
    parser.add_argument(
        "--method",
        choices=[*METHODS, "both"],
        default="both",
        help="pm: pipeline manipulation; pr: program reload (default: %(default)s)",
    )
    parser.add_argument(
        "--mode",
        choices=["hitless", "paper"],
        default="hitless",
        help="hitless: learn, copy, enforce; paper: one snapshot, as in the paper "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=10.0,
        metavar="N",
        help="seconds of traffic for each method, two moves in them (default: %(default)g)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="where the picture goes, a PNG (default: results/demo-NODE-MODE.png)",
    )
    return parser
