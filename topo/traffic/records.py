"""The records that generator and receiver leave, read into arrays.

Files hold native 64-bit integers, flow after flow in the order of the experiment: a file for each
flow would be thousands. `sent`: CLOCK_REALTIME ns at which packet 0, 1, … was sent. `late`: how
late after its deadline, ns. `sequences` and `received`, in the order of arrival: sequence numbers,
and the kernel's receive time stamps. send.json and receive.json hold how many packets there are of
each flow, and what belongs to the processes: the generator's share of a core, packets dropped by
the kernel for want of buffer (which makes the measurement invalid), packets that were not the
experiment's, a step of the clock.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topo.errors import MeasurementInvalid
from topo.traffic.flow import Experiment

CLOCK_STEP_LIMIT_NS = 1_000_000


@dataclass(frozen=True)
class FlowRecord:
    """All that is known of one flow's packets; times in ns of CLOCK_REALTIME."""

    name: str
    sent_ns: NDArray[np.uint64]
    late_ns: NDArray[np.int64]
    sequences: NDArray[np.uint64]
    received_ns: NDArray[np.uint64]

    def __post_init__(self) -> None:
        """Refuse records in which more was received than was ever sent."""
        if self.sequences.size and int(self.sequences.max()) >= self.sent_ns.size:
            raise MeasurementInvalid(
                f"{self.name}: packet {int(self.sequences.max())} was received, but only "
                f"{self.sent_ns.size} were sent"
            )


@dataclass(frozen=True)
class Recording:
    """What one experiment left."""

    flows: dict[str, FlowRecord]
    generator_cpu_share: float
    """Part of a core that the generator used."""
    stolen_share: float
    """Part of the machine's CPU time that a hypervisor took away meanwhile."""


def read_recording(directory: Path, experiment: Experiment, stolen_share: float) -> Recording:
    """Read an experiment's records; MeasurementInvalid when the measuring itself failed."""
    sender = _summary(directory / "send.json")
    receiver = _summary(directory / "receive.json")
    _check_receiver(receiver)
    sent, received = sender["packets"], receiver["packets"]
    columns = (
        _read_columns(directory / "sent", sent, np.uint64),
        _read_columns(directory / "late", sent, np.int64),
        _read_columns(directory / "sequences", received, np.uint64),
        _read_columns(directory / "received", received, np.uint64),
    )
    names = [flow.name for flow in experiment.flows]
    flows = {name: FlowRecord(name, *rows) for name, *rows in zip(names, *columns, strict=True)}
    return Recording(flows, float(sender["cpu_share"]), stolen_share)


def _summary(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError as error:
        raise MeasurementInvalid(
            f"{path.name} was never written: its process did not end well"
        ) from error


def _check_receiver(summary: dict[str, Any]) -> None:
    dropped = {name: count for name, count in summary["dropped"].items() if count}
    if dropped:
        raise MeasurementInvalid(
            f"the kernel dropped packets at the receiver's own sockets ({dropped}): the machine "
            "is too loaded to measure on; the counts of this run say nothing about the network"
        )
    if abs(summary["clock_step_ns"]) > CLOCK_STEP_LIMIT_NS:
        raise MeasurementInvalid(
            f"the realtime clock was stepped by {summary['clock_step_ns'] / 1e6:.1f} ms during the "
            "run (NTP?): latencies cannot be told; run again"
        )


def _read_columns(
    path: Path, lengths: Sequence[int], dtype: type[np.generic]
) -> list[NDArray[Any]]:
    """Read a file of flow after flow, of these lengths; return an array for each."""
    return np.split(np.fromfile(path, dtype), np.cumsum(lengths)[:-1])
