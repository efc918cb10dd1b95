"""A network with a management entity on it, and what tests ask of it and of its nodes."""

import json
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from signal import SIGTERM

import grpc
import yaml
from finsy.proto import p4r, p4r_grpc
from traces import wait_for

from controller.errors import RpcError
from controller.operator.client import RpcClient
from topo.demo.management import READY_TIMEOUT_S, ManagementEntity
from topo.demo.method import METHODS
from topo.deployment import Deployment, bring_up
from topo.topologies import line
from topo.traffic.accounting import count
from topo.traffic.flow import Experiment, Flow
from topo.traffic.hammer import ANSWERS_AFTER_S
from topo.traffic.playback import Playback

NODES = ("s1", "s2")
SLOTS = 16
OUTER, INNER = "10.0.0.1", "10.0.0.2"
P4INFO_AND_COOKIE = p4r.GetForwardingPipelineConfigRequest.P4INFO_AND_COOKIE


@dataclass
class Stage:
    """What is up."""

    deployment: Deployment
    launcher: Sequence[str] = ()
    """What to start in place of osken-manager."""
    me: ManagementEntity = field(init=False)

    def start_me(self, timeout_s=READY_TIMEOUT_S):
        """Start the management entity and wait until it has its nodes ready."""
        self.me = ManagementEntity(self.deployment, self.launcher)
        self.wait_ready(timeout_s)

    def wait_ready(self, timeout_s=READY_TIMEOUT_S):
        """Wait until the management entity has its nodes ready."""
        self.me.process.wait_until(self._is_ready, "had all nodes ready", timeout_s)

    def _is_ready(self):
        try:
            nodes = self.ask("status")["nodes"]
        except RpcError:
            return False
        return nodes["ready"] == nodes["total"]

    def move(self, source, destination, method="pm", *options):
        """Move the firewall, or some slots of it, and wait for the end."""
        return self.me.migrate("firewall", source, destination, method, "hitless", *options)

    def ask_for_move(self, source, destination, method, slots):
        """Ask for slots of the firewall to be moved, and do not wait."""
        self.me.command(
            *("migrate", "firewall", "--from", source, "--to", destination),
            *("--method", method, "--slots", slots, "--no-wait"),
        )

    def placement(self):
        """Return what the management entity says: node to text of slots."""
        return self.ask("placement")["functions"]["firewall"]["placement"]

    def ask(self, command, **arguments):
        """Have a command answered without the command line, whose start takes longer."""
        with RpcClient(self.deployment.configuration.rpc_socket) as client:
            return client.call(command, arguments)

    def paths_moved(self):
        """Return how often nodes were given other paths, with no slot held back."""
        events = self.me.command("events", "--kinds", "paths_moved")["events"]
        return sum(not event["withheld"] for event in events)

    def dropped(self, node):
        """Return the packets that a node has dropped, by slot, read from the node itself."""
        address = self.deployment.endpoints[node].grpc_address
        return read_counter(address, self.deployment.network.node(node).device_id, "dropped")

    def enforcing(self):
        """Return, per node, the slots whose packets it drops now: uninvited ones must be sent.

        It takes as long as there is a slot of which no node has dropped a packet.
        """
        before = {node: self.dropped(node) for node in NODES}
        dropping = {}

        def every_slot_is_dropped():
            for node in NODES:
                after = self.dropped(node)
                dropping[node] = {s for s in range(SLOTS) if after[s] > before[node][s]}
            return set().union(*dropping.values()) == set(range(SLOTS))

        wait_for(every_slot_is_dropped, "drops in every slot")
        return dropping

    def send(self, flows, sender="hA", receiver="hB"):
        """Start flows from one host to the other."""
        directory = self.deployment.directory / f"traffic-{time.monotonic_ns()}"
        network = self.deployment.network
        return Playback(network, Experiment(17, tuple(flows)), sender, receiver, directory)

    def hammer(self, rate):
        """Start opening connections; return a function that ends it and returns the tally."""
        directory = self.deployment.directory
        network = self.deployment.network
        argv = (sys.executable, "-m", "topo.traffic.hammer")
        rest = (OUTER, INNER, "7000", str(directory), "--rate", str(rate))
        answering = network.process("answering", [*argv, "answer", *rest], "hA")
        ready = directory / "hammer.ready"
        answering.wait_until(ready.exists, "listened", 60)
        opening = network.process("opening", [*argv, "open", *rest], "hB")

        def end():
            opening.finish(SIGTERM, 60)
            answering.finish(SIGTERM, 60)
            return json.loads((directory / "hammer.json").read_text())

        return end


@contextmanager
def stage(kind, method="pm", launcher=()):
    """Bring the line up with the programs that a method starts with, and its management entity."""
    blueprint = line().with_programs(METHODS[method].programs)
    with bring_up(blueprint, kind, known_neighbours=True) as deployment:
        up = Stage(deployment, launcher)
        up.start_me()
        yield up


def take_checkpoints_often(deployment):
    """Have checkpoints taken twice a second, and nothing moved because of load."""
    change_policy(deployment, {"checkpoint_interval_s": "0.5", "defaults": {}})


def change_policy(deployment, changes=None, **firewall):
    """Change the policy file, or what it says of the firewall; to be read at the next start."""
    policy = deployment.configuration.policy
    document = yaml.safe_load(policy.read_text()) | (changes or {})
    document["functions"]["firewall"] |= firewall
    policy.write_text(yaml.safe_dump(document))


def let_through(number, rate, port=5000):
    """Return flows that are replies to connections from the inside, each of a port of its own."""
    return [
        Flow(f"pass{n}", (OUTER, 10_000 + n), (INNER, port + n), rate, opened_by_receiver=True)
        for n in range(number)
    ]


def uninvited(number, rate, port=15_000):
    """Return flows that nobody has opened."""
    return [Flow(f"block{n}", (OUTER, 20_000 + n), (INNER, port + n), rate) for n in range(number)]


def flaws(recording):
    """Return what went wrong, by flow: lost, duplicated, reordered of those let through, leaked."""
    found = {}
    for name, record in recording.flows.items():
        counts = count(record)
        if name.startswith("pass"):
            wrong = (counts.lost, counts.duplicated, counts.reordered)
            if any(wrong):
                found[name] = wrong
        elif counts.arrived:
            found[name] = f"leaked {counts.arrived}"
    return found


def broken_connections(tally, migrations):
    """Tell of each connection of a hammer's tally that broke: when it was opened, what it lacks."""
    steps = [(step, number) for number, move in enumerate(migrations, 1) for step in move.steps]
    told = []
    for connection in tally["broken"]:
        opened_ns = connection["opened_ns"]
        lacks = set(range(len(ANSWERS_AFTER_S))) - set(connection["answers"])
        began = [(s, n) for s, n in steps if s.window.start_ns <= opened_ns]
        when = "before all moves"
        if began:
            step, number = began[-1]
            after_ms = (opened_ns - step.window.start_ns) / 1e6
            when = f"{after_ms:.1f} ms after {step.name} of move {number} began"
        told.append(f"opened {when}, lacks answers {sorted(lacks)}")
    return told


def read_counter(address, device_id, name):
    """Read a counter over P4Runtime, as any client may; return packets by slot.

    A node whose program has no such counter has counted nothing.
    """
    with grpc.insecure_channel(address) as channel:
        stub = p4r_grpc.P4RuntimeStub(channel)
        pipeline = stub.GetForwardingPipelineConfig(
            p4r.GetForwardingPipelineConfigRequest(
                device_id=device_id, response_type=P4INFO_AND_COOKIE
            ),
            timeout=60,
        )
        counters = pipeline.config.p4info.counters
        counter = next((c for c in counters if c.preamble.name.endswith(f".{name}")), None)
        if counter is None:
            return [0] * SLOTS
        entity = p4r.Entity(counter_entry=p4r.CounterEntry(counter_id=counter.preamble.id))
        request = p4r.ReadRequest(device_id=device_id, entities=[entity])
        found = {
            entity.counter_entry.index.index: entity.counter_entry.data.packet_count
            for response in stub.Read(request, timeout=60)
            for entity in response.entities
        }
    return [found[slot] for slot in range(SLOTS)]
