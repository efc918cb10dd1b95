"""What became of a flow's packets: exact counts and latencies, by window of time.

Definitions. Lost: no copy ever arrived. Duplicated: copies beyond the first. Reordered: a packet
whose first copy arrived after that of a packet with a higher sequence number (RFC 4737,
type-P-reordered). A packet is counted in the window in which it was sent. Its latency, kernel's
receive time stamp minus time of sending, is that of its first copy, and belongs to every window
that the packet's flight touches: one sent just before a migration and held up by it is the
migration's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topo.traffic.records import FlowRecord


@dataclass(frozen=True)
class Window:
    """A span of CLOCK_REALTIME, ns; the end is not part of it."""

    start_ns: int
    end_ns: int

    @property
    def ms(self) -> float:
        """Its length in milliseconds."""
        return (self.end_ns - self.start_ns) / 1e6


ALWAYS = Window(0, 2**63)


@dataclass(frozen=True)
class Counts:
    """What became of the packets sent in a window."""

    sent: int
    lost: int
    duplicated: int
    reordered: int

    @property
    def arrived(self) -> int:
        """Packets of which at least one copy arrived."""
        return self.sent - self.lost


@dataclass(frozen=True)
class Latency:
    """One-way latencies in a window, microseconds; None where no packet is in it."""

    packets: int
    p50: float | None
    p99: float | None
    max: float | None


def count(record: FlowRecord, window: Window = ALWAYS) -> Counts:
    """Count the packets of a flow that were sent in `window`."""
    sent = (record.sent_ns >= window.start_ns) & (record.sent_ns < window.end_ns)
    copies = np.bincount(record.sequences.astype(np.int64), minlength=record.sent_ns.size)
    first = first_copies(record)
    sequences = record.sequences[first]
    highest = np.maximum.accumulate(sequences) if sequences.size else sequences
    overtaken = np.zeros(record.sent_ns.size, dtype=bool)
    overtaken[sequences[sequences < highest]] = True
    return Counts(
        sent=int(sent.sum()),
        lost=int((sent & (copies == 0)).sum()),
        duplicated=int(np.maximum(copies - 1, 0)[sent].sum()),
        reordered=int((sent & overtaken).sum()),
    )


def first_copies(record: FlowRecord) -> NDArray[np.intp]:
    """Return the indices, in the order of arrival, of each packet's first copy."""
    _, indices = np.unique(record.sequences, return_index=True)
    return np.sort(indices)


def latencies(record: FlowRecord) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Return time of sending (ns) and latency (microseconds) of the packets that arrived."""
    first = first_copies(record)
    sent_ns = record.sent_ns[record.sequences[first]]
    delay_ns = record.received_ns[first].astype(np.int64) - sent_ns.astype(np.int64)
    return sent_ns, delay_ns / 1e3


def summarize(record: FlowRecord, window: Window) -> Latency:
    """Summarize the latencies of packets whose flight touches `window`, by nearest rank."""
    sent_ns, delay_us = latencies(record)
    received_ns = sent_ns + (delay_us * 1e3).astype(np.uint64)
    chosen = delay_us[(sent_ns < window.end_ns) & (received_ns >= window.start_ns)]
    return latency_of(chosen)


def latency_of(delay_us: NDArray[np.float64]) -> Latency:
    """Summarize latencies by nearest rank."""
    if not delay_us.size:
        return Latency(0, None, None, None)
    median, high = np.percentile(delay_us, [50, 99], method="inverted_cdf")
    return Latency(int(delay_us.size), float(median), float(high), float(delay_us.max()))
