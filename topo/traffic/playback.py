"""An experiment played in a network: generator and receiver inside two hosts."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from topo.network import Network
from topo.process import ManagedProcess
from topo.traffic.flow import Experiment
from topo.traffic.machine import CpuTimes
from topo.traffic.records import Recording, read_recording

START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 60.0


class Playback:
    """An experiment under way between two hosts; its records go to `directory`."""

    def __init__(
        self, network: Network, experiment: Experiment, sender: str, receiver: str, directory: Path
    ) -> None:
        directory.mkdir(parents=True)
        self._experiment = experiment
        self._directory = directory
        document = directory / "experiment.json"
        experiment.write(document)
        # The generator first: its ports must be bound when the receiver opens connections to them.
        self._sender = network.process("generator", _command("send", document, directory), sender)
        self._wait("send.ready", self._sender)
        self._receiver = network.process(
            "receiver", _command("receive", document, directory), receiver
        )
        self._wait("send.started", self._sender, self._receiver)
        self.origin_ns = int((directory / "send.started").read_text())
        """CLOCK_REALTIME ns at which the first packet is due."""
        self._cpu_times = CpuTimes.now()

    def check(self) -> None:
        """Raise ProcessFailed if generator or receiver has ended."""
        self._sender.check()
        self._receiver.check()

    def stop(self) -> Recording:
        """Stop sending, wait for stragglers, return the records; MeasurementInvalid if they are."""
        self._sender.finish(signal.SIGTERM, END_TIMEOUT_S)
        stolen_share = CpuTimes.now().stolen_share_since(self._cpu_times)
        self._receiver.finish(signal.SIGTERM, END_TIMEOUT_S)
        return read_recording(self._directory, self._experiment, stolen_share)

    def _wait(self, file: str, process: ManagedProcess, *others: ManagedProcess) -> None:
        """Wait until `process` has written a file, as long as it and `others` live."""
        path = self._directory / file

        def written() -> bool:
            for other in others:
                other.check()
            return path.exists()

        process.wait_until(written, f"wrote {file}", START_TIMEOUT_S)


def _command(module: str, document: Path, directory: Path) -> list[str]:
    return [sys.executable, "-m", f"topo.traffic.{module}", str(document), str(directory)]
