"""The management entity or a node killed at each step of a migration: no leak, a truthful end."""

import sys
from contextlib import ExitStack
from dataclasses import dataclass

import accident_manager
import pytest
from stage import NODES, flaws, let_through, stage, uninvited
from traces import wait_for

from topo.errors import CommandFailed

pytestmark = [pytest.mark.system, pytest.mark.alone]

STEPS = (
    "prepare",
    "learn on",
    "copy",
    "enforce on",
    "overlap",
    "enforce off",
    "learn off",
    "verify",
    "release",
)
COMMIT = STEPS.index("enforce off")
HOME = {"s1": "0-15"}
MOVED = {
    "pm": ("0-3", {"s1": "4-15", "s2": "0-3"}),
    "pr": ("0-15", {"s2": "0-15"}),
}
"""By method the slots that move, and the placement when they have. By PM a part, which is quicker;
by PR all, so that the source is reloaded too."""
ROLES = ("source", "destination")
PR_STEPS = ("prepare", "release")
"""Steps that PR does in its own way, by reloading a node; the others are the same. (On nodes that
are models, tests/unit/test_migration_faults.py goes through all steps by either method.)"""
WHEN = [*(("pm", step) for step in STEPS), *(("pr", step) for step in PR_STEPS)]
"""Method and step."""


class StageKeeper:
    """Lends the same network to test after test of a method, and a new one after a failure."""

    def __init__(self, accidents):
        self._accidents = accidents
        self._stack = ExitStack()
        self._lent = None

    def lend(self, method):
        if self._lent is None or self._lent[0] != method:
            self.discard()
            launcher = (sys.executable, accident_manager.__file__, str(self._accidents))
            up = self._stack.enter_context(stage("embedded", method, launcher))
            up.accidents = self._accidents
            self._lent = method, up
        return self._lent[1]

    def discard(self):
        self._lent = None
        self._stack.close()


@pytest.fixture(scope="module")
def keeper(tmp_path_factory):
    keeper = StageKeeper(tmp_path_factory.mktemp("accidents"))
    yield keeper
    keeper.discard()


@pytest.fixture
def up(keeper, method, request):
    """The network; a test moves the firewall from where the one before has left it."""
    failures = request.session.testsfailed
    yield keeper.lend(method)
    if request.session.testsfailed > failures:
        keeper.discard()


def traffic_of_all_slots(up):
    return up.send([*let_through(160, 5), *uninvited(160, 10)])


def last_migration(up):
    return up.ask("migrations")["migrations"][-1]


def end_of_migration(up):
    """Wait for the end of the last migration; return its record."""
    wait_for(lambda: last_migration(up)["state"] in ("finished", "undone"), "the end of it")
    return last_migration(up)


@dataclass(frozen=True)
class Way:
    """A move between the two placements that there are, from the one that is now."""

    source: str
    destination: str
    slots: str
    before: dict[str, str]
    after: dict[str, str]


def way(up, method):
    """Return the move to try, there or back, and check that the firewall is where it may be."""
    slots, moved = MOVED[method]
    now = up.placement()
    if now == HOME:
        return Way("s1", "s2", slots, HOME, moved)
    assert now == moved
    return Way("s2", "s1", slots, moved, HOME)


def assert_placement_is_true(up, expected):
    """Fail unless nodes enforce what is expected, by word and by deed."""
    assert up.placement() == expected
    assert up.enforcing() == {node: slots_of(expected.get(node)) for node in NODES}


def slots_of(text):
    if text is None:
        return set()
    first, _, last = text.partition("-")
    return set(range(int(first), int(last) + 1))


@pytest.mark.parametrize(("method", "step"), WHEN, scope="module")
def test_a_management_entity_that_was_killed_undoes_or_finishes_the_migration(up, method, step):
    planned = way(up, method)
    traffic = traffic_of_all_slots(up)
    accident_manager.arm(up.accidents, step)
    with pytest.raises(CommandFailed, match=r"no management entity|has ended"):
        up.move(planned.source, planned.destination, method, "--slots", planned.slots)
    wait_for(lambda: not up.me.process.alive, "the end of it")
    up.start_me()
    committed = STEPS.index(step) >= COMMIT
    assert end_of_migration(up)["state"] == ("finished" if committed else "undone")
    assert_placement_is_true(up, planned.after if committed else planned.before)
    assert flaws(traffic.stop()) == {}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "step"), WHEN, scope="module")
def test_a_node_that_is_killed_leaks_nothing_and_the_end_is_true(up, method, step, role):
    planned = way(up, method)
    victim = getattr(planned, role)
    traffic = traffic_of_all_slots(up)
    node = up.deployment.network.node(victim)
    accident_manager.arm(up.accidents, step, node.process.pid)
    up.ask_for_move(planned.source, planned.destination, method, planned.slots)
    wait_for(lambda: not node.process.alive, f"the end of {victim}")
    up.deployment.network.restart_node(victim)
    record = end_of_migration(up)
    up.wait_ready()
    finished = record["state"] == "finished"
    assert finished or record["reason"]
    assert_placement_is_true(up, planned.after if finished else planned.before)
    leaks = {name: flaw for name, flaw in flaws(traffic.stop()).items() if "block" in name}
    assert leaks == {}
