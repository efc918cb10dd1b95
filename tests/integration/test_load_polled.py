"""Load measured at real P4Runtime servers: nodes that count, stall, vanish, come back, reload."""

import queue
import threading
import time
from contextlib import contextmanager

import pytest
from finsy.proto import p4r
from p4runtime_peer import FakeNode, _key
from southbound_tools import LIMIT_S, OPTIONS, Listener, eventually, program

from controller.errors import NodeFaulty, RegisterError
from controller.load.options import LoadOptions
from controller.load.snapshot import Level
from controller.load.watch import LoadWatch
from controller.model.network import NetworkDescription
from controller.model.parts import NodeDescription
from controller.model.present import FixedNetwork
from controller.model.thresholds import Thresholds
from controller.southbound.driver import CounterCell, NodeAddress
from controller.southbound.factory import make_driver

GUARDED = program("guarded")
L2 = program("l2")
HANDLED = "NodeIngress.firewall.handled"
LOAD = LoadOptions(interval_s=0.1, smoothing_s=0.0)
COUNTED_S = 3600.0
"What a node has counted at the beginning: so much that it can be taken for no load, at once."
JUMP_PPS = 1_000_000.0
"More than readings at odd moments make of any load here."
NONE = Thresholds()


class Counting(FakeNode):
    """A node whose firewall handles so many packets/s, in slot 3."""

    def __init__(self, pps=0.0):
        super().__init__()
        self.start()
        self.config(GUARDED)
        self.pps = pps
        self.counted_from = time.monotonic() - COUNTED_S

    def change(self, pps):
        """Handle more or fewer packets/s from now on."""
        counted = self.pps * (time.monotonic() - self.counted_from)
        self.pps, self.counted_from = pps, time.monotonic() - counted / pps

    def config(self, wanted):
        self.running = p4r.ForwardingPipelineConfig(p4info=wanted.p4info)
        self.running.cookie.cookie = wanted.cookie

    def _cells(self, kind, wanted):
        slot = p4r.Entity()
        slot.CopyFrom(wanted)
        slot.counter_entry.index.index = 3
        counted = int(self.pps * (time.monotonic() - self.counted_from))
        slot.counter_entry.data.packet_count = counted
        self.entities[_key(slot)] = slot
        yield from super()._cells(kind, wanted)


class Heard:
    """A ``LoadListener`` that remembers."""

    def __init__(self):
        self.rounds = 0
        self.crossings = queue.Queue()

    def on_load(self, snapshot):
        self.rounds += 1

    def on_crossing(self, node, crossing, snapshot):
        self.crossings.put((node, crossing, snapshot, time.monotonic()))


class Bench:
    """Nodes by name, their drivers, and the load measured of them."""

    def __init__(self, nodes, thresholds):
        self.nodes = nodes
        self.drivers = {}
        self.heard = Heard()
        self.thresholds = dict.fromkeys(nodes, thresholds)
        for name in nodes:
            self.connect(name)
        descriptions = {
            name: NodeDescription(name, 1, node.address, "p4runtime", None, "guarded", (1, 2))
            for name, node in nodes.items()
        }
        network = NetworkDescription({}, descriptions, (), {}, {}, {}, {})
        self.watch = LoadWatch(
            FixedNetwork(network), self.drivers, self.thresholds.__getitem__, LOAD, self.heard
        )
        self.watch.start()

    def connect(self, name):
        driver = make_driver(NodeAddress(name, 1, self.nodes[name].address, options=OPTIONS))
        driver.start(Listener())
        driver.wait_ready(LIMIT_S)
        self.drivers[name] = driver

    def pps(self, name):
        load = self.watch.snapshot().nodes.get(name)
        return load.pps if load and not load.stale else None

    def measures(self, name, pps):
        return eventually(lambda: self.pps(name) == pytest.approx(pps, rel=0.2))

    def wait_polled(self, name, times):
        """Wait until a node has been polled so often from now on."""
        done = self.watch.polls()[name].done
        assert eventually(lambda: self.watch.polls()[name].done >= done + times)

    def close(self):
        self.watch.close()
        for driver in self.drivers.values():
            driver.stop()
        for node in self.nodes.values():
            node.stop()


@contextmanager
def measuring(thresholds=NONE, **pps):
    bench = Bench({name: Counting(rate) for name, rate in pps.items()}, thresholds)
    try:
        yield bench
    finally:
        bench.close()


def test_load_is_measured_by_function_and_slot():
    with measuring(s1=2000.0, s2=500.0) as bench:
        assert bench.measures("s1", 2000.0)
        assert bench.measures("s2", 500.0)
        assert list(bench.watch.snapshot().nodes["s1"].function_pps["firewall"]) == [3]
        assert bench.heard.rounds > 0


def test_a_node_that_stalls_is_stale_and_delays_nobody():
    with measuring(s1=2000.0, s2=500.0) as bench:
        assert bench.measures("s1", 2000.0)
        bench.nodes["s1"].faults.stall.add("Read")
        assert eventually(lambda: bench.watch.snapshot().nodes["s1"].stale)
        bench.wait_polled("s2", 10)
        assert bench.watch.snapshot().nodes["s1"].stale
        bench.nodes["s1"].release()
        assert bench.measures("s1", 2000.0)


def test_a_node_that_dies_is_stale_and_one_that_comes_back_with_nothing_makes_no_jump():
    with measuring(Thresholds(high_pps=JUMP_PPS, hold_s=0.0), s1=2000.0) as bench:
        assert bench.measures("s1", 2000.0)
        bench.nodes["s1"].stop()
        bench.watch.node_down("s1")
        assert bench.watch.snapshot().nodes["s1"].stale
        node = bench.nodes["s1"]
        node.counted_from = time.monotonic()
        node.start()
        node.config(GUARDED)
        assert bench.measures("s1", 2000.0)
        assert bench.heard.crossings.empty()


def test_a_threshold_is_told_of_after_its_hold_time():
    with measuring(Thresholds(high_pps=1000.0, low_pps=100.0, hold_s=0.3), s1=500.0) as bench:
        assert bench.measures("s1", 500.0)
        before = bench.watch.snapshot().nodes["s1"].at
        bench.nodes["s1"].change(5000.0)
        name, crossing, snapshot, at = bench.heard.crossings.get(timeout=LIMIT_S)
        assert (name, crossing.level, crossing.threshold_pps) == ("s1", Level.HIGH, 1000.0)
        assert snapshot.nodes["s1"].pps > 1000.0
        assert at - before >= 0.3  # the first mean counts as a whole


def test_thresholds_can_be_changed_while_it_measures():
    with measuring(s1=2000.0) as bench:
        assert bench.measures("s1", 2000.0)
        assert bench.heard.crossings.empty()
        bench.thresholds["s1"] = Thresholds(high_pps=10_000.0, low_pps=3000.0, hold_s=0.0)
        assert bench.heard.crossings.get(timeout=LIMIT_S)[1].level is Level.LOW


def test_nodes_come_and_go_while_it_measures():
    with measuring(s1=2000.0, s2=1000.0) as bench:
        assert bench.measures("s2", 1000.0)
        bench.drivers.pop("s2").stop()
        assert eventually(lambda: "s2" not in bench.watch.snapshot().nodes)
        bench.connect("s2")
        assert bench.measures("s2", 1000.0)


def test_a_program_without_functions_has_no_load_and_no_error():
    node = Counting()
    node.config(L2)
    bench = Bench({"s1": node}, NONE)
    try:
        assert bench.measures("s1", 0.0)
        assert bench.watch.polls()["s1"].failed == 0
    finally:
        bench.close()


def test_a_saved_program_is_not_asked_for_the_load_of_the_one_that_runs():
    with measuring(Thresholds(high_pps=JUMP_PPS, hold_s=0.0), s1=2000.0) as bench:
        assert bench.measures("s1", 2000.0)
        node, driver = bench.nodes["s1"], bench.drivers["s1"]
        counted_from, node.counted_from = node.counted_from, time.monotonic()
        driver.save(GUARDED)
        bench.wait_polled("s1", 2)  # one may have been under way
        at = bench.watch.snapshot().nodes["s1"].at
        bench.wait_polled("s1", 3)
        assert bench.watch.snapshot().nodes["s1"].at == at
        node.counted_from = counted_from  # what was counted is carried over
        driver.commit()
        assert bench.measures("s1", 2000.0)
        assert bench.heard.crossings.empty()


def test_polls_and_failures_are_counted():
    with measuring(s1=2000.0) as bench:
        assert bench.measures("s1", 2000.0)
        bench.nodes["s1"].faults.fail["Read"] = (13, "broken")
        assert eventually(lambda: bench.watch.polls()["s1"].failed > 0)
        counts = bench.watch.polls()["s1"]
        assert counts.done > counts.failed
        assert counts.seconds > 0


def test_no_threads_are_left_behind():
    with measuring(s1=2000.0):
        pass
    assert eventually(
        lambda: not [t for t in threading.enumerate() if t.name.startswith(("poller", "load"))]
    )


# The driver's side


def test_cells_of_several_counters_are_read_by_one_request():
    with measuring(s1=0.0) as bench:
        bench.watch.close()
        node, driver = bench.nodes["s1"], bench.drivers["s1"]
        dropped = HANDLED.replace("handled", "dropped")
        before = node.calls.count("Read")
        cells = driver.read_counter_cells({HANDLED: [3, 5], dropped: None})
        assert node.calls.count("Read") == before + 1
        assert set(cells[HANDLED]) == {3, 5}
        assert cells[dropped][0] == CounterCell(0, 0)
        assert len(cells[dropped]) == 16


def test_counters_that_are_not_there_are_refused_by_name():
    with measuring(s1=0.0) as bench, pytest.raises(RegisterError, match="nonsense"):
        bench.drivers["s1"].read_counter_cells({"nonsense": None})


def test_a_node_that_leaves_out_cells_of_a_counter_is_not_believed(monkeypatch):
    with measuring(s1=0.0) as bench:
        whole = FakeNode._cells
        monkeypatch.setattr(
            FakeNode, "_cells", lambda self, kind, wanted: list(whole(self, kind, wanted))[:-1]
        )
        with pytest.raises(NodeFaulty, match=f"0 of 1 cells of {HANDLED}"):
            bench.drivers["s1"].read_counter_cells({HANDLED: [3]})
