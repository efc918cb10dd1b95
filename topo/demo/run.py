"""One run of the demo: a network, traffic, the firewall moved there and back, measured."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from topo.demo.management import ManagementEntity, Migration
from topo.demo.method import Method
from topo.demo.result import Move, measure
from topo.deployment import Deployment, bring_up
from topo.topologies import line
from topo.traffic.flow import Experiment, Flow
from topo.traffic.playback import Playback
from topo.traffic.records import Recording

FUNCTION = "firewall"
THERE_AND_BACK = (("s1", "s2"), ("s2", "s1"))
FIRST_AT = 0.25
"""Part of the run's time after which the first move is asked for."""
SECOND_AT = 0.6
TAIL = 0.2
"""Part of the run's time that traffic goes on, at least, after a move."""
WATCH_INTERVAL_S = 0.1

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RunResult:
    """What one run gave: its moves and the records that they were measured from."""

    method: Method
    moves: list[Move]
    recording: Recording
    origin_ns: int


def experiment() -> Experiment:
    """Return the paper's traffic: F_A, replies to the inside, and F_B, uninvited."""
    return Experiment(
        token=secrets.randbits(32),
        flows=(
            Flow("F_A", ("10.0.0.1", 4000), ("10.0.0.2", 5000), 3000, opened_by_receiver=True),
            Flow("F_B", ("10.0.0.1", 4001), ("10.0.0.2", 5001), 1000),
        ),
    )


def play(method: Method, node: str, mode: str, seconds: float, progress: Progress) -> RunResult:
    """Bring the network up, send for `seconds` (longer if the moves take longer), move, measure.

    TopologyError of the kind that fits when anything but the moves' quality goes wrong.
    """
    blueprint = line().with_programs(method.programs)
    programs = ", ".join(f"{name} runs {program}" for name, program in method.programs.items())
    progress(f"{method.title}: bringing up hA - s1 - s2 - hB ({programs})")
    with bring_up(blueprint, node, known_neighbours=True) as deployment:
        progress(f"{method.title}: starting osken-manager")
        me = ManagementEntity(deployment)
        me.wait_ready()
        return _under_traffic(deployment, me, method, mode, seconds, progress)


def _under_traffic(
    deployment: Deployment,
    me: ManagementEntity,
    method: Method,
    mode: str,
    seconds: float,
    progress: Progress,
) -> RunResult:
    progress(f"{method.title}: sending F_A and F_B for {seconds:g} s")
    traffic = Playback(
        deployment.network, experiment(), "hA", "hB", deployment.directory / "traffic"
    )
    clock = _Clock(deployment, me, traffic)
    commands_ns: list[int] = []
    migrations: list[Migration] = []
    for at, (source, destination) in zip((FIRST_AT, SECOND_AT), THERE_AND_BACK, strict=True):
        clock.sleep_until(at * seconds, TAIL * seconds)
        progress(f"{method.title}: moving the {FUNCTION} from {source} to {destination}")
        commands_ns.append(time.time_ns())
        migrations.append(me.migrate(FUNCTION, source, destination, method.name, mode))
        clock.mark()
    clock.sleep_until(seconds, TAIL * seconds)
    recording = traffic.stop()
    moves = measure(recording, traffic.origin_ns, commands_ns, migrations)
    return RunResult(method, moves, recording, traffic.origin_ns)


class _Clock:
    """The run's time table; while it sleeps it watches that everything is still alive."""

    def __init__(self, deployment: Deployment, me: ManagementEntity, traffic: Playback) -> None:
        self._deployment = deployment
        self._me = me
        self._traffic = traffic
        self._marked_ns = traffic.origin_ns

    def mark(self) -> None:
        """Note that a move has just ended."""
        self._marked_ns = time.time_ns()

    def sleep_until(self, since_origin_s: float, since_mark_s: float) -> None:
        """Sleep until both times have passed, since the first packet and since the mark."""
        until_ns = max(
            self._traffic.origin_ns + int(since_origin_s * 1e9),
            self._marked_ns + int(since_mark_s * 1e9),
        )
        while (left_s := (until_ns - time.time_ns()) / 1e9) > 0:
            time.sleep(min(left_s, WATCH_INTERVAL_S))
            self._traffic.check()
            self._me.process.check()
            for node in self._deployment.network.nodes:
                node.process.check()
