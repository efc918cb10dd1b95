"""The soak of the embedded switch, in the namespaces that it was started in: `scripts/soak_switch`.

Traffic runs through the firewall program at a steady rate. Beside it a controller works all the
while: entries come and go, registers are read, clients connect and vanish, programs are loaded.
What the switch's processes hold is sampled from the end of a warm-up on, in which each of that was
done several times.
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from finsy.proto import p4r

from tests.benchmark import control
from tests.benchmark.figures import FIREWALL
from tests.benchmark.growth import LEAST_SAMPLES, Sample, findings, memory_growth
from tests.benchmark.links import DESTINATION, SOURCE, make_links
from tests.benchmark.memory import anonymous_mb, descendants, descriptors
from tests.benchmark.subject import Subject, forward, read_program, running
from tests.benchmark.traffic import Traffic, measure
from tests.conformance.control.client import Client
from tests.conformance.switches.embedded import Embedded
from tests.conformance.switches.switch import GRPC_ADDRESS

FRAME_BYTES = 64
MOST_SAMPLES = 300
SAMPLES_PER_S = 2
RELOAD_EACH = 2
"""Rounds of work from one reload to the next."""
WARM_UP_ROUNDS = 5
WARM_UP_CONNECTS = 100
SETTLE_S = 30.0
"""At most so long the server takes to see that clients are gone, before a first and last sample."""
_GARBAGE = (b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", bytes(100))


def main() -> int:
    """Run, print what was seen; exit status 0: nothing grew."""
    arguments = _arguments()
    make_links()
    with running(Embedded(), read_program(FIREWALL)) as subject:
        _warm_up(subject, arguments.rate)
        traffic: list[Traffic] = []
        flow = threading.Thread(target=lambda: traffic.append(_traffic(arguments)), daemon=True)
        flow.start()
        samples = list(_samples(subject, flow, arguments))
        flow.join()
        _settle(subject, samples[0].descriptors)
        samples.append(_sample(subject))
    return _report(arguments, traffic, samples)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak_switch", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rate", type=int, default=10_000, metavar="PPS", help="packets/s")
    parser.add_argument("--connects", type=int, default=10_000, help="quick connections in all")
    return parser.parse_args()


def _traffic(arguments: argparse.Namespace) -> Traffic:
    return measure(SOURCE, DESTINATION, FRAME_BYTES, arguments.rate, arguments.seconds)


def _warm_up(subject: Subject, rate: int) -> None:
    """Reach every state that the soak reaches, so that no first time counts as growth."""
    measure(SOURCE, DESTINATION, FRAME_BYTES, rate, 1.0)
    at_first = descriptors(subject.pid)
    for number in range(WARM_UP_ROUNDS):
        _work(subject)
        _reload(subject)
        quick_connects(WARM_UP_CONNECTS, number)
    _settle(subject, at_first)


def _settle(subject: Subject, count: int) -> None:
    """Wait until no more descriptors are open than there were."""
    deadline = time.monotonic() + SETTLE_S
    while descriptors(subject.pid) > count and time.monotonic() < deadline:
        time.sleep(0.1)


def _samples(
    subject: Subject, flow: threading.Thread, arguments: argparse.Namespace
) -> Iterator[Sample]:
    """Samples in equal intervals, a round of work after each."""
    began = time.monotonic()
    count = _rounds(arguments)
    for number in range(count):
        yield _sample(subject)
        _work(subject)
        if number % RELOAD_EACH == 0:
            _reload(subject)
        quick_connects(_connects(arguments, number + 1) - _connects(arguments, number), number)
        due = began + (number + 1) * arguments.seconds / count
        time.sleep(max(0.0, due - time.monotonic()))
        if not flow.is_alive() and number >= LEAST_SAMPLES:
            return


def _rounds(arguments: argparse.Namespace) -> int:
    return max(LEAST_SAMPLES, min(MOST_SAMPLES, int(SAMPLES_PER_S * arguments.seconds)))


def _connects(arguments: argparse.Namespace, rounds: int) -> int:
    """How many quick connections there were after so many rounds."""
    connects: int = arguments.connects * rounds // _rounds(arguments)
    return connects


def _sample(subject: Subject) -> Sample:
    (worker,) = descendants(subject.pid)
    memory_mb = {
        "control process": anonymous_mb(subject.pid),
        "data-plane worker": anonymous_mb(worker),
    }
    return Sample(memory_mb, descriptors(subject.pid))


def _work(subject: Subject) -> None:
    """A controller's day: entries in and out, a whole register array read."""
    for batch in control.batches(subject, 100):
        subject.client.write_request(batch)
    for batch in control.batches(subject, 100, p4r.Update.DELETE):
        subject.client.write_request(batch)
    control.registers_read_per_s(subject, control.P4RUNTIME, 0.05)


def _reload(subject: Subject) -> None:
    subject.client.save(subject.program)
    forward(subject)
    subject.client.commit()


def quick_connects(count: int, seed: int) -> None:
    """Clients that come and vanish: most without a word or with nonsense, each tenth a session."""
    host, _, port = GRPC_ADDRESS.rpartition(":")
    for number in range(seed, seed + count):
        if number % 10 == 0:
            with Client(GRPC_ADDRESS) as client:
                client.glance()
            continue
        connection = socket.create_connection((host, int(port)), 5)
        with connection, suppress(OSError):  # the switch may have hung up already
            connection.sendall(_GARBAGE[number % len(_GARBAGE)])


def _report(arguments: argparse.Namespace, traffic: list[Traffic], samples: list[Sample]) -> int:
    if not traffic:
        print("soak_switch: the traffic failed", file=sys.stderr)
        return 1
    seen, first, last = traffic[0], samples[0], samples[-1]
    rounds = len(samples) - 1
    print(
        f"{arguments.seconds:g} s at {seen.sent_pps:,.0f} packets/s: {seen.sent:,} sent, "
        f"{seen.sent - seen.received:,} lost; {rounds} rounds of writes and reads, "
        f"{-(-rounds // RELOAD_EACH)} reloads, {_connects(arguments, rounds):,} quick connections\n"
        f"descriptors: {first.descriptors} before, {last.descriptors} after"
    )
    for process, growth in memory_growth(samples).items():
        print(f"memory of the {process}: {growth}")
    grown = findings(samples)
    for finding in grown:
        print(f"GROWN: {finding}")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
