"""One measurement: frames at a rate from one interface, through a switch, to another."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DRAIN_S = 0.3
"""For the frames that are still on their way when the last one has been sent."""
_LIMIT_S = 30.0


class MeasurementError(Exception):
    """A measurement that says nothing: a process of the generator failed or dropped frames."""


@dataclass(frozen=True)
class Traffic:
    """What was seen."""

    offered_pps: int
    sent: int
    sent_pps: float
    received: int
    p50_us: float
    p99_us: float
    max_us: float

    @property
    def loss(self) -> float:
        """The share of frames that did not arrive."""
        return 1.0 - self.received / self.sent if self.sent else 1.0


def measure(
    source: str, destination: str, frame_bytes: int, rate_pps: int, seconds: float
) -> Traffic:
    """Send frames from one interface to another. Raises `MeasurementError`."""
    receiver = _start("receive", destination, stdin=subprocess.PIPE)
    try:
        assert receiver.stdout is not None
        if receiver.stdout.readline() != "ready\n":
            raise MeasurementError("the receiver did not start")
        arguments = [source, str(frame_bytes), str(rate_pps), str(seconds)]
        sender = _start("send", *arguments, stdin=subprocess.DEVNULL)
        limit_s = _LIMIT_S + 0.2 * seconds  # the receiver sorts what it has seen
        sent = _result(sender, seconds + limit_s)
        time.sleep(DRAIN_S)
        received = _result(receiver, limit_s)
    finally:
        receiver.kill()
    if received["dropped"]:
        raise MeasurementError(f"the receiver was too slow for {rate_pps} frames/s")
    return Traffic(
        offered_pps=rate_pps,
        sent=int(sent["sent"]),
        sent_pps=sent["sent"] / sent["seconds"],
        received=int(received["received"]),
        p50_us=received.get("p50_us", float("inf")),
        p99_us=received.get("p99_us", float("inf")),
        max_us=received.get("max_us", float("inf")),
    )


def _start(module: str, *arguments: str, stdin: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.benchmark.{module}", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def _result(process: subprocess.Popen[str], limit_s: float) -> dict[str, float]:
    """What a process printed; its standard input is closed."""
    try:
        output, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise MeasurementError(f"{process.args} did not end") from None
    if process.returncode != 0:
        raise MeasurementError(f"{process.args} failed with status {process.returncode}")
    result: dict[str, float] = json.loads(output)
    return result
