"""One run of the scenario: a network, traffic that rises and falls, everything noted, measured."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from topo.autoscale.news import News
from topo.autoscale.result import RunResult, measure
from topo.autoscale.scenario import BEHAVIOUR, FUNCTION, PARTS, Scenario
from topo.autoscale.timeline import first_placement, read_timeline
from topo.autoscale.watch import Progress, Watch
from topo.demo.management import ManagementEntity
from topo.deployment import Deployment, bring_up
from topo.traffic.playback import Playback
from topo.traffic.records import Recording

GATHER_LIMIT_S = 30.0
"""How long the slots may take to be gathered once the traffic is low again."""
TAIL_S = 2.0
"""How long the traffic goes on after that."""


def play(scenario: Scenario, node: str, progress: Progress) -> RunResult:
    """Bring the network up, send, look on, measure.

    TopologyError of the kind that fits when anything but what is measured goes wrong.
    """
    name, blueprint = scenario.topology, scenario.blueprint
    progress(f"{name}: bringing up {len(blueprint.nodes)} nodes")
    with bring_up(blueprint, node, known_neighbours=True, behaviour=BEHAVIOUR) as deployment:
        progress(f"{name}: starting osken-manager")
        me = ManagementEntity(deployment)
        me.wait_ready()
        me.wait_for_paths()
        return _under_traffic(scenario, deployment, me, progress)


def _under_traffic(
    scenario: Scenario, deployment: Deployment, me: ManagementEntity, progress: Progress
) -> RunResult:
    placement = first_placement(me.command("placement")["functions"][FUNCTION]["placement"])
    news = News(deployment)
    progress(f"{scenario.topology}: opening connections, then sending for {scenario.seconds:g} s")
    traffic = [
        Playback(
            deployment.network,
            experiment,
            scenario.sender.name,
            receiver,
            deployment.directory / f"traffic-{receiver}",
        )
        for receiver, experiment in scenario.experiments(secrets.randbits(32)).items()
    ]
    watch = Watch(scenario, deployment, me, news, traffic, placement, progress)
    for part in PARTS:
        progress(f"{scenario.topology}: traffic: {part}")
        watch.until(scenario.span(part)[1])
    watch.until(scenario.seconds + GATHER_LIMIT_S, watch.gathered)
    watch.until(watch.elapsed_s + TAIL_S)
    recording = merged([playback.stop() for playback in traffic])
    news.take()
    timeline = read_timeline(news.events, placement)
    return measure(scenario, recording, watch.origin_ns, timeline)


def merged(recordings: Sequence[Recording]) -> Recording:
    """Return the records of several generators as one."""
    flows = {name: record for one in recordings for name, record in one.flows.items()}
    return Recording(
        flows,
        sum(one.generator_cpu_share for one in recordings),
        max(one.stolen_share for one in recordings),
    )
