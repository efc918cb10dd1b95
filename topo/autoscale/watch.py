"""Looking on while the scenario runs: everything must stay alive, and people see what goes on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from topo.autoscale.news import TOLD, Event, News, describe
from topo.autoscale.scenario import Scenario
from topo.autoscale.timeline import finished
from topo.demo.management import ManagementEntity
from topo.deployment import Deployment
from topo.traffic.playback import Playback

WATCH_INTERVAL_S = 0.1
STATUS_INTERVAL_S = 2.0

Progress = Callable[[str], None]


class Watch:
    """Knows which node enforces which slot, and the nodes' load, as far as was told."""

    def __init__(
        self,
        scenario: Scenario,
        deployment: Deployment,
        me: ManagementEntity,
        news: News,
        traffic: Sequence[Playback],
        placement: Mapping[int, str],
        progress: Progress,
    ) -> None:
        self.origin_ns = min(playback.origin_ns for playback in traffic)
        self._scenario = scenario
        self._deployment = deployment
        self._me = me
        self._news = news
        self._traffic = traffic
        self._slots = dict(placement)
        self._loads: dict[str, float] = {}
        self._progress = progress
        self._told_at = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the first packet."""
        return (time.time_ns() - self.origin_ns) / 1e9

    def gathered(self) -> bool:
        """Tell whether the border enforces everything."""
        return set(self._slots.values()) == {self._scenario.border}

    def until(self, since_origin_s: float, done: Callable[[], bool] | None = None) -> None:
        """Look on until a time since the first packet, or until something is so.

        ProcessFailed if anything that was started has ended.
        """
        while (left_s := since_origin_s - self.elapsed_s) > 0 and not (done and done()):
            time.sleep(min(left_s, WATCH_INTERVAL_S))
            for playback in self._traffic:
                playback.check()
            self._me.process.check()
            for node in self._deployment.network.nodes:
                node.process.check()
            for event in self._news.take():
                self._note(event)
            self._tell_status()

    def _note(self, event: Event) -> None:
        if event["event"] == "load":
            self._loads = {node: load["pps"] for node, load in event["nodes"].items()}
        for migration in finished([event]):
            self._slots |= dict.fromkeys(migration.slots, migration.destination)
        if event["event"] in TOLD:
            self._progress(f"{self._scenario.topology}: {describe(event)}")

    def _tell_status(self) -> None:
        """Say every now and then how things are."""
        if time.monotonic() < self._told_at + STATUS_INTERVAL_S:
            return
        self._told_at = time.monotonic()
        counts = Counter(self._slots.values())
        nodes = ", ".join(
            f"{node} {self._loads.get(node, 0):,.0f} ({counts[node]} slots)"
            for node in sorted(counts)
        )
        offered = self._scenario.offered_pps(self.elapsed_s)
        self._progress(f"{self._scenario.topology}: {offered:,.0f} packets/s are sent; {nodes}")
