"""The command behind `scripts/demo`.

Exit status: 0 when nothing was lost, leaked, duplicated or reordered; 1 when something was, or a
migration did not reach its end, or the load was not spread and gathered as it should be; 2 when the
demo could not be run as asked, or could not measure.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from topo.demo.method import METHODS
from topo.errors import MigrationFailed, Refused, TopologyError
from topo.interruption import Interrupted, interrupt_on_ending_signals
from topo.requirements import NODE_PROGRAMS, check_machine

FLAWLESS, FLAWED, NOT_RUN = 0, 1, 2
MOST_SECONDS = 600.0
USUAL_SECONDS = {"paper": 10.0, "autoscale": 40.0}
LEAST_SECONDS = {"paper": 3.0, "autoscale": 15.0}
BOTH = "both"
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
    _check_scenario(arguments)
    scenario = arguments.scenario
    seconds = _seconds_for(scenario, arguments.seconds)
    plot = arguments.plot or RESULTS / f"{_picture(arguments)}.png"
    if arguments.plot is None:
        RESULTS.mkdir(exist_ok=True)
    for path in filter(None, (arguments.json, plot)):
        _check_writable(path)
    check_machine([NODE_PROGRAMS[arguments.node], "osken-manager", "hitless"])
    run = _run_paper if scenario == "paper" else _run_autoscale
    document, status = run(arguments, seconds, plot)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    return status


def _run_paper(
    arguments: argparse.Namespace, seconds: float, plot: Path
) -> tuple[dict[str, object], int]:
    """Play the paper's experiment; return its results for the JSON file, and the exit status."""
    # Only now: these import Mininet, whose absence check_machine explains.
    from topo.demo.plot import draw
    from topo.demo.report import generator_note, table, verdict
    from topo.demo.run import play

    mode, method = arguments.mode or "hitless", arguments.method or BOTH
    title = f"hA - s1 - s2 - hB, nodes: {arguments.node}, mode: {mode}"
    chosen = list(METHODS.values()) if method == BOTH else [METHODS[method]]
    progress = _Progress()
    runs = [play(m, arguments.node, mode, seconds, progress) for m in chosen]
    moves = [move for run in runs for move in run.moves]
    print(f"\n{title}\n\n{table(moves)}\n")
    for run in runs:
        print(generator_note(run))
    print(f"\n{verdict(moves, sys.stdout.isatty())}", flush=True)
    draw(runs, f"A firewall moved under traffic: {title}", plot)
    print(f"The latency over time is drawn in {plot}")
    document = {"node": arguments.node, "moves": [move.to_dict() for move in moves]}
    return document, FLAWLESS if all(move.flawless for move in moves) else FLAWED


def _run_autoscale(
    arguments: argparse.Namespace, seconds: float, plot: Path
) -> tuple[dict[str, object], int]:
    """Play load that rises and falls; return the results for the JSON file, and the exit status."""
    from topo.autoscale.plot import draw
    from topo.autoscale.report import report, verdict
    from topo.autoscale.run import play
    from topo.autoscale.scenario import TOPOLOGIES, Scenario

    topology = arguments.topology or BOTH
    names = list(TOPOLOGIES) if topology == BOTH else [topology]
    progress = _Progress()
    scenarios = [Scenario(name, TOPOLOGIES[name](), seconds) for name in names]
    runs = [play(scenario, arguments.node, progress) for scenario in scenarios]
    print("", *map(report, runs), sep="\n")
    print(f"\n{verdict(runs, sys.stdout.isatty())}", flush=True)
    draw(runs, f"A firewall spread under load, and gathered again; nodes: {arguments.node}", plot)
    print(f"Load, placement and latency over time are drawn in {plot}")
    document = {"node": arguments.node, "runs": [run.to_dict() for run in runs]}
    return document, FLAWED if any(run.flaws() for run in runs) else FLAWLESS


def _picture(arguments: argparse.Namespace) -> str:
    """Return the name of the picture, without its ending."""
    if arguments.scenario == "paper":
        return f"demo-{arguments.node}-{arguments.mode or 'hitless'}"
    return f"autoscale-{arguments.node}-{arguments.topology or BOTH}"


def _seconds_for(scenario: str, seconds: float | None) -> float:
    chosen = USUAL_SECONDS[scenario] if seconds is None else seconds
    least = LEAST_SECONDS[scenario]
    if not least <= chosen <= MOST_SECONDS:
        raise Refused(
            f"--seconds {chosen:g}: the scenario {scenario} takes {least:g} to {MOST_SECONDS:g}"
        )
    return chosen


def _check_writable(path: Path) -> None:
    """Refuse now, not after the experiment, an output that cannot be written."""
    existed = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}") from error
    if not existed:
        path.unlink()


class _Progress:
    """Says what is going on, with the seconds since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Scenario paper, the paper's experiment: a stateful firewall moved from s1 to "
        "s2 and back while F_A (3,000 packets/s, replies to a connection from the inside) passes "
        "and F_B (1,000 packets/s, uninvited) stays blocked. Scenario autoscale: load that rises "
        "and falls; the management entity spreads the firewall over nodes by itself and gathers it "
        "again.",
        epilog="Exit status: 0 nothing was lost, leaked, duplicated or reordered; 1 something was, "
        "or a migration did not reach its end; 2 the demo could not be run.",
    )
    parser.add_argument(
        "--scenario",
        choices=list(USUAL_SECONDS),
        default="paper",
        help="what is shown (default: %(default)s)",
    )
    parser.add_argument(
        "--node",
        choices=sorted(NODE_PROGRAMS),
        default="embedded",
        help="kind of forwarding node (default: %(default)s)",
    )
    _add_scenarios(parser)
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="N",
        help="seconds of traffic for each method (paper, two moves in them; default: 10) or "
        "topology (autoscale; default: 40)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="where the picture goes, a PNG (default: results/demo-NODE-MODE.png or "
        "results/autoscale-NODE-TOPOLOGY.png)",
    )
    return parser


def _add_scenarios(parser: argparse.ArgumentParser) -> None:
    """Add what only one of the scenarios takes."""
    paper = parser.add_argument_group("scenario paper")
    paper.add_argument(
        "--method",
        choices=[*METHODS, BOTH],
        help=f"pm: pipeline manipulation; pr: program reload (default: {BOTH})",
    )
    paper.add_argument(
        "--mode",
        choices=["hitless", "paper"],
        help="hitless: learn, copy, enforce; paper: one snapshot, as in the paper "
        "(default: hitless)",
    )
    autoscale = parser.add_argument_group("scenario autoscale")
    autoscale.add_argument(
        "--topology",
        choices=["diamond", "leaf-spine", BOTH],
        help=f"the network (default: {BOTH}, one after the other)",
    )


def _check_scenario(arguments: argparse.Namespace) -> None:
    """Refuse options that the chosen scenario does not take, rather than ignore them."""
    foreign = ("topology",) if arguments.scenario == "paper" else ("method", "mode")
    given = [f"--{name}" for name in foreign if getattr(arguments, name) is not None]
    if given:
        raise Refused(f"{', '.join(given)}: the scenario {arguments.scenario} does not take that")
