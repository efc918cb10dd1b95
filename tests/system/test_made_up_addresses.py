"""Somebody makes up source addresses by the thousand while the firewall moves.

The addresses come from one port. Nodes copy 200 packets a second of it to the management entity and
no more, which goes on moving the firewall and answering; what is let through loses nothing.
"""

import json
import re
import signal
import socket
import sys
import threading
import time
import urllib.request

import pytest
import strangers
from stage import Stage, flaws, let_through
from traces import wait_for

from topo.deployment import bring_up
from topo.topologies import line

pytestmark = pytest.mark.system

RATE_PPS = {"embedded": 10_000, "bmv2": 4_000}
"BMv2 lets some 20,000 packets/s through on one core; here two share the cores with all else."
LIMITS = {("s1:1", "hosts"), ("s1:1", "copies")}
COPIES_PPS, COPIES_AT_ONCE = 200, 65
"See p4/include/hosts.p4."
ANSWER_S = 10.0
"A busy machine's; usually it takes milliseconds."


@pytest.fixture
def up(node_kind):
    with bring_up(line(), node_kind, known_neighbours=True) as deployment:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with deployment.configuration.me.open("a") as options:
            options.write(f"\n[metrics]\nlisten = 127.0.0.1:{port}\n")
        stage = Stage(deployment)
        stage.metrics_port = port
        stage.rate_pps = RATE_PPS[node_kind]
        stage.start_me()
        yield stage


def attack(stage):
    """Begin to send by made-up addresses; return a function that ends it and returns the rate."""
    network = stage.deployment.network
    told = stage.deployment.directory / "strangers.json"
    target = network.blueprint.host("hB").mac
    words = (strangers.__file__, "hA-eth0", target, str(stage.rate_pps), str(told))
    process = network.process("strangers", [sys.executable, *words], "hA")

    def end():
        process.finish(signal.SIGTERM, 20)
        said = json.loads(told.read_text())
        return said["sent"] / said["took_s"]

    return end


def copies(stage):
    """Return how many packets of the attacker's port the nodes have copied, and when."""
    url = f"http://127.0.0.1:{stage.metrics_port}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    found = re.findall(r'^hitless_host_copies_total\{node="s1",port="1"\} (\S+)', text, re.M)
    return float(found[0] if found else 0), time.monotonic()


def told_limits(stage):
    """Return the ports and limits that operators were told of."""
    told = stage.me.command("events", "--kinds", "port_limit_reached")["events"]
    return {(event["port"], event["limit"]) for event in told}


class Operator:
    """Asks all the time; knows the slowest answer."""

    def __init__(self, stage):
        self._stage = stage
        self._done = threading.Event()
        self.answers_s = []
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self):
        while not self._done.wait(0.05):
            began = time.monotonic()
            self._stage.ask("placement")
            self.answers_s.append(time.monotonic() - began)

    def end(self):
        self._done.set()
        self._thread.join(20)


def test_the_firewall_moves_without_loss_and_operators_are_told_of_the_port(up):
    traffic = up.send(let_through(10, 50))
    first, first_s = copies(up)
    end_attack = attack(up)
    time.sleep(1.0)
    operator = Operator(up)
    up.move("s1", "s2", "pm")
    time.sleep(0.5)
    last, last_s = copies(up)
    wait_for(lambda: told_limits(up) == LIMITS, "operators are told of both limits")
    operator.end()
    sent_pps = end_attack()
    recording = traffic.stop()

    assert sent_pps > 5 * COPIES_PPS, "the attacker had too little of the machine to be one"
    assert flaws(recording) == {}
    assert up.placement() == {"s2": "0-15"}
    assert operator.answers_s
    assert max(operator.answers_s) < ANSWER_S
    most = COPIES_PPS * (last_s - first_s) + COPIES_AT_ONCE
    assert COPIES_AT_ONCE < last - first <= most
    assert told_limits(up) == LIMITS
    at_port = [host for host in up.ask("hosts")["hosts"] if host["attached"] == "s1:1"]
    assert len(at_port) == 256
    assert "s1:1: more than the 200 packets/s that are copied" in up.me.process.log.read_text()
