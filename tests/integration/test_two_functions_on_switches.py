"""Two functions at the same nodes, on switches of each kind: moved independently, under packets.

The second function is the example of docs/writing-a-function.md, a limiter that counts packets. A
count is no join: packets that are between the two nodes while a cell is copied may be in it twice,
or not at all. So it is exact where no packets flow, and bounded where they do.
"""

import queue
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from migration_pair import ALL, INSIDE, OUTSIDE, Pair
from switch_processes import KINDS

from controller.load.meter import Metered, measure
from controller.load.reading import counted_by, read
from controller.migration.catalog import Catalog
from controller.migration.states import MigrationState
from controller.model.parts import Entry
from controller.model.thresholds import Thresholds
from controller.planning.policy import Policy
from controller.planning.reach import Reach
from controller.scaling.options import ScalingOptions
from controller.scaling.scaler import Scaler
from controller.scaling.sight import Sight, Sources
from controller.southbound.program import Program

FILES = Path(__file__).parent / "programs"
NAME = "two_functions"
PROGRAMS = {NAME: Program.read(NAME, FILES / f"{NAME}.json", FILES / f"{NAME}.p4info.txtpb")}
OWN = tuple(
    Entry("NodeIngress.firewall.zone", {"ingress_port": port}, action, {}, at="test")
    for port, action in ((OUTSIDE, "set_outside"), (INSIDE, "set_inside"))
)
LIMIT = Entry("NodeIngress.limiter.threshold", {}, "set_most", {"number": 1_000_000}, at="test")
INSIDERS = range(11, 19)
OUTSIDER, STRANGER = 10, 200
HALF = frozenset(range(8))


@pytest.fixture(scope="module", params=KINDS)
def running(request):
    with Pair(request.param, PROGRAMS) as pair:
        yield pair


@pytest.fixture
def pair(running):
    """Both functions are at s1."""
    running.set_up((NAME, NAME), {"s1": (*OWN, LIMIT), "s2": OWN}, ("firewall", "limiter"))
    return running


class Replies:
    """Packets that pass both nodes, some at a time, during a block: replies to insiders."""

    def __init__(self, pair):
        self.sent = 0
        self._pair = pair
        self._on_their_way = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._pass(("s2", "s1"), INSIDE, [(insider, OUTSIDER) for insider in INSIDERS])
        self._pair.flush = self._flush
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self._stop.set()
        self._thread.join()

    def _run(self):
        rng = random.Random(1)
        while not self._stop.is_set():
            some = rng.sample(INSIDERS, rng.randrange(1, len(INSIDERS)))
            self._pass(("s1", "s2"), OUTSIDE, [(OUTSIDER, insider) for insider in some])

    def _pass(self, nodes, port, flows):
        with self._on_their_way:
            for node in nodes:
                self._pair.send(node, port, *flows)
            self.sent += len(flows)

    def _flush(self, _source, _destination, _slots):
        with self._on_their_way:
            pass


def counted(pair):
    """Return the packets that the limiter has counted, by node."""
    return {
        name: sum(driver.read_registers("NodeIngress.limiter.packets", 0, 16))
        for name, driver in pair.drivers.items()
    }


def move(pair, function, source, destination, **request):
    record = pair.move(source, destination, function=function, **request)
    assert record.state is MigrationState.FINISHED, record.reason
    assert record.method == "pm"


def test_each_is_moved_without_the_other_and_both_at_once_and_nothing_is_lost(pair):
    with Replies(pair) as replies:
        move(pair, "limiter", "s1", "s2", slots=HALF)
        assert pair.placement("firewall") == {"s1": ALL}
        assert pair.placement("limiter") == {"s1": ALL - HALF, "s2": HALF}
        move(pair, "firewall", "s1", "s2")
        assert pair.placement("firewall") == {"s2": ALL}
        assert pair.placement("limiter") == {"s1": ALL - HALF, "s2": HALF}
        with ThreadPoolExecutor() as both:
            begun = (
                both.submit(move, pair, "firewall", "s2", "s1"),
                both.submit(move, pair, "limiter", "s1", "s2"),
            )
            for one in begun:
                one.result()
        assert pair.placement("firewall") == {"s1": ALL}
        assert pair.placement("limiter") == {"s2": ALL}
    assert replies.sent > 100
    count = counted(pair)
    assert count["s1"] == 0
    assert abs(count["s2"] - replies.sent) <= 2 * len(INSIDERS), (
        "so many are under way in two moves"
    )
    assert {name: pair.dropped(name) for name in pair.drivers} == {"s1": 0, "s2": 0}
    for name in pair.drivers:
        pair.send(name, OUTSIDE, (STRANGER, INSIDERS[0]))
    assert {name: pair.dropped(name) for name in pair.drivers} == {"s1": 1, "s2": 0}
    assert pair.manager.placement().conflicts() == ()
    count = counted(pair)["s2"]
    move(pair, "limiter", "s2", "s1")
    assert counted(pair) == {"s1": count, "s2": 0}


def load_of(pair, packets):
    """Return each node's load while some packets pass it."""
    counted_here = {name: counted_by(d.schema, name) for name, d in pair.drivers.items()}
    before = {name: read(d, counted_here[name], (1, 2)) for name, d in pair.drivers.items()}
    for _ in range(packets):
        for name in pair.drivers:
            pair.send(name, INSIDE, (INSIDERS[0], OUTSIDER))
    found = {}
    for name, driver in pair.drivers.items():
        known, _ = measure(Metered(), before[name], Thresholds(), 0.0)
        known, _ = measure(known, read(driver, counted_here[name], (1, 2)), Thresholds(), 0.0)
        found[name] = known.load
    return found


def test_view_load_and_plan_show_both_and_a_drain_moves_both(pair):
    move(pair, "limiter", "s1", "s2", slots=HALF)
    shown = pair.manager.placement().to_dict()["functions"]
    assert shown["firewall"] == {"slots": 16, "placement": {"s1": "0-15"}}
    assert shown["limiter"] == {"slots": 16, "placement": {"s1": "8-15", "s2": "0-7"}}

    load = load_of(pair, 20)
    (slot,) = load["s1"].function_pps["firewall"]
    assert load["s2"].function_pps["firewall"] == {}
    limiter = {name: set(one.function_pps["limiter"]) for name, one in load.items()}
    assert limiter == ({"s1": set(), "s2": {slot}} if slot in HALF else {"s1": {slot}, "s2": set()})

    told = queue.SimpleQueue()
    policy = Policy()
    sources = Sources(
        pair.manager,
        Catalog(PROGRAMS),
        pair.manager.placement,
        lambda: Reach(pair.network, None, policy),
        lambda: policy,
        lambda _network: {},
    )
    scaler = Scaler(Sight(sources), ScalingOptions(), told.put, pair.journal)
    scaler.start()
    try:
        plan = scaler.drain("s1")
        moves = {(move.function, move.slots) for move in plan.moves}
        assert moves == {("firewall", ALL), ("limiter", ALL - HALF)}
        assert [told.get(timeout=60).state for _ in range(2)] == ["begun", "finished"]
    finally:
        scaler.close()
    assert pair.placement("firewall") == pair.placement("limiter") == {"s2": ALL}
