"""What the switch has counted, served to Prometheus over HTTP.

Names and units follow Prometheus' conventions. Nothing is counted for this: the worker and the
P4Runtime server are asked for their counters at each scrape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from switch.addresses import AddressError, split_address
from switch.dataplane.errors import DataPlaneError

_DROPPED = "dropped."

FRAMES: Mapping[str, tuple[str, str]] = {
    "received": ("hitless_switch_received_packets", "Frames received at ports."),
    "sent": ("hitless_switch_sent_packets", "Frames sent from ports."),
    "injected": ("hitless_switch_packet_outs", "Packets that controllers sent out."),
    "to_controller": ("hitless_switch_packet_ins", "Packets for controllers."),
}
"""The worker's counters: metric and help."""


class SwitchMetrics(Collector):
    """Collects a switch's counters."""

    def __init__(
        self,
        device_id: int,
        counters: Callable[[], Mapping[str, int]],
        reloads: Callable[[], int],
        lost: Callable[[], Mapping[str, int]],
    ) -> None:
        """Make one.

        Args:
            device_id: The P4Runtime device id.
            counters: The worker's: `received`, `sent`, ..., `dropped.REASON`. May raise
                `DataPlaneError`.
            reloads: How many programs were swapped in, the first one included.
            lost: Messages for controllers that reached none, by reason.
        """
        self._device_id = device_id
        self._counters = counters
        self._reloads = reloads
        self._lost = lost

    def describe(self) -> list[Metric]:
        """Nothing: to register it the worker need not be asked."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics; if the worker does not answer, those that it is not needed for."""
        up = GaugeMetricFamily(
            "hitless_switch_up",
            "1 while the data plane answers.",
            labels=["device_id"],
        )
        try:
            counts = self._counters()
        except DataPlaneError:
            counts = None
        up.add_metric([str(self._device_id)], counts is not None)
        yield up
        yield self._counter(
            "hitless_switch_program_loads", "Programs that were swapped in.", self._reloads()
        )
        lost = CounterMetricFamily(
            "hitless_switch_lost_messages",
            "Messages for controllers that reached none.",
            labels=["device_id", "reason"],
        )
        for reason, count in self._lost().items():
            lost.add_metric([str(self._device_id), reason.replace(" ", "_")], count)
        yield lost
        if counts is not None:
            yield from self._worker(counts)

    def _worker(self, counts: Mapping[str, int]) -> Iterator[Metric]:
        for key, (name, text) in FRAMES.items():
            yield self._counter(name, text, counts[key])
        dropped = CounterMetricFamily(
            "hitless_switch_dropped_packets",
            "Packets dropped, by reason.",
            labels=["device_id", "reason"],
        )
        for key, count in counts.items():
            if key.startswith(_DROPPED):
                dropped.add_metric([str(self._device_id), key.removeprefix(_DROPPED)], count)
        yield dropped

    def _counter(self, name: str, text: str, count: int) -> Metric:
        family = CounterMetricFamily(name, text, labels=["device_id"])
        family.add_metric([str(self._device_id)], count)
        return family


@contextmanager
def serving_metrics(address: str, metrics: SwitchMetrics) -> Iterator[int]:
    """Serve while the context lasts; yields the TCP port. Raises `AddressError`."""
    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)
    host, port = split_address(address)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        cause = error.strerror or error
        raise AddressError("metrics", address, "--metrics", cause) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
