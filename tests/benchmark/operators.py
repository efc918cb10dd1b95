"""Whether operators delay migrations: the same moves with and without them, `scripts/bench_rpc`.

Brings up hA - s1 - s2 - hB in Mininet (root), starts the management entity with its page and moves
the firewall there and back, in turns without anybody, and with requests at a rate while pages are
open in so many browsers (their live feeds, as browsers read them).

Choices: in reality neither the management entity nor those who ask it share a machine with the
switches, nor with each other. Here all do. So the management entity yields to the switches (nice
10, as in the demo), and who asks yields to both (nice 19): what is measured is what answering
costs, which is the product's, not what asking does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from controller.operator.client import RpcClient
from tests.benchmark.askers import NICE, Operators, Pages
from tests.benchmark.memory import descendants
from tests.benchmark.processor import Usage, with_descendants
from topo.demo.management import ManagementEntity, Migration
from topo.deployment import Deployment, bring_up
from topo.interruption import Interrupted, interrupt_on_ending_signals
from topo.topologies import line

START_TIMEOUT_S = 20.0
MOVE_TIMEOUT_S = 60.0
PAGE = "[dashboard]\nenabled = true\nlisten = 127.0.0.1:0\n"


def main() -> int:
    """Run the bench; return the exit status."""
    arguments = _arguments()
    interrupt_on_ending_signals()
    try:
        with bring_up(line(), arguments.node) as deployment:
            with deployment.configuration.me.open("a") as file:
                file.write(PAGE)
            me = ManagementEntity(deployment)
            me.wait_ready()
            result = _Bench(me, deployment, arguments).run()
    except Interrupted as interruption:
        return interruption.status
    _show(result, arguments)
    return 0 if result["ratio"] <= arguments.bar and not result["errors"] else 1


class _Bench:
    """Moves a function there and back, in turns with and without those who ask."""

    def __init__(
        self, me: ManagementEntity, deployment: Deployment, arguments: argparse.Namespace
    ) -> None:
        socket = deployment.configuration.rpc_socket
        url_file = socket.with_name("page.url")
        me.process.wait_until(url_file.exists, "served the page", START_TIMEOUT_S)
        self._arguments = arguments
        self._mover = RpcClient(socket)
        self._mover.subscribe(["migration_ended"])
        self._operators = Operators(socket, arguments.rate)
        self._pages = Pages(url_file.read_text(), arguments.pages)
        switches = [node.process.pid for node in deployment.network.nodes]
        roles = {
            "management entity": [me.process.pid],
            "page": descendants(me.process.pid),
            "switches": with_descendants(switches),
            "who asks": [0],
        }
        self._usage = {asked: Usage(roles) for asked in (False, True)}
        self._took_ms: dict[bool, list[float]] = {False: [], True: []}

    def run(self) -> dict[str, Any]:
        """Run all rounds; return the figures."""
        self._there_and_back()  # not counted: what is done once is done
        for round_ in range(self._arguments.rounds):
            for asked in (False, True) if round_ % 2 else (True, False):
                self._measure(asked=asked)
            print(f"round {round_ + 1} of {self._arguments.rounds}", file=sys.stderr, flush=True)
        quiet_ms, asked_ms = self._took_ms[False], self._took_ms[True]
        return {
            "moves": len(asked_ms),
            "without": _spread(quiet_ms, self._usage[False]),
            "with": _spread(asked_ms, self._usage[True]),
            "ratio": statistics.median(asked_ms) / statistics.median(quiet_ms),
            **self._operators.figures(),
            "pages": self._arguments.pages,
            "page_messages": self._pages.messages,
            "errors": [*self._operators.errors[:5], *self._pages.errors[:5]],
        }

    def _measure(self, *, asked: bool) -> None:
        if asked:
            self._pages.open()
            self._operators.ask()
        self._usage[asked].begin()
        self._took_ms[asked] += self._there_and_back()
        self._usage[asked].end()
        if asked:
            self._operators.rest()
            self._pages.close()

    def _there_and_back(self) -> list[float]:
        """Move the function to the other node and back; return how long each took, in ms."""
        return [self._move("s1", "s2"), self._move("s2", "s1")]

    def _move(self, source: str, destination: str) -> float:
        wanted = {"function": "firewall", "source": source, "destination": destination}
        self._mover.call("migrate", wanted | {"method": self._arguments.method})
        event = self._mover.next_event(MOVE_TIMEOUT_S)
        if event is None or event["migration"]["state"] != "finished":
            raise SystemExit(f"bench_rpc: the move to {destination} did not finish: {event}")
        return Migration.read(event["migration"]).duration_ms


def _spread(took_ms: list[float], usage: Usage) -> dict[str, Any]:
    return {"median_ms": statistics.median(took_ms), "max_ms": max(took_ms), "cores": usage.cores()}


def _show(result: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    without, with_ = result["without"], result["with"]
    print(f"{result['moves']} moves each, {arguments.method}, {arguments.node} nodes")
    print(f"{'':28}{'nobody asks':>12}{'asked':>10}")
    print(f"{'a move, median, ms':28}{without['median_ms']:12.0f}{with_['median_ms']:10.0f}")
    print(f"{'a move, longest, ms':28}{without['max_ms']:12.0f}{with_['max_ms']:10.0f}")
    for role, cores in without["cores"].items():
        said = f"{role}, % of a core"
        print(f"{said:28}{100 * cores:12.0f}{100 * with_['cores'][role]:10.0f}")
    print(
        f"asked: {result['requests_per_s']:.0f} requests/s, answered in"
        f" {result['request_ms']['p50']:.1f} ms (p50), {result['request_ms']['p99']:.1f} ms (p99);"
        f" {result['pages']} pages, {result['page_messages']} messages; who asks runs at nice"
        f" {NICE}"
    )
    print(f"a move takes {result['ratio']:.2f} times as long (bar: {arguments.bar:g})")
    for error in result["errors"]:
        print(f"error: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_rpc", description=__doc__.partition("\n")[0])
    parser.add_argument("--node", choices=("embedded", "bmv2"), default="embedded")
    parser.add_argument("--method", choices=("pm", "pr"), default="pm")
    parser.add_argument("--rate", type=float, default=200.0, help="requests/s (default: 200)")
    parser.add_argument("--pages", type=int, default=50, help="open pages (default: 50)")
    parser.add_argument("--rounds", type=int, default=8, help="default: 8; four moves in each")
    parser.add_argument("--bar", type=float, default=1.1, help="ratio allowed (default: 1.1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
