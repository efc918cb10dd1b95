"""The management entity or a node killed at each step of a migration: no leak, a truthful end."""

import sys
from pathlib import Path

import accident_manager
import pytest
from stage import flaws, let_through, stage, uninvited
from traces import wait_for

from topo.errors import CommandFailed

pytestmark = pytest.mark.system

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
ALL = "0-15"


@pytest.fixture(scope="module", params=["pm", "pr"])
def method(request):
    """Each method in turn, all of its accidents on one network."""
    return request.param


@pytest.fixture(scope="module")
def up(method, tmp_path_factory):
    """The network of all accidents of a method; each test leaves the firewall at s1."""
    accidents = tmp_path_factory.mktemp("accidents")
    launcher = (sys.executable, accident_manager.__file__, str(accidents))
    with stage("embedded", method, launcher) as up:
        up.accidents = Path(accidents)
        yield up


def traffic_of_all_slots(up):
    return up.send([*let_through(160, 5), *uninvited(160, 10)])


def last_migration(up):
    return up.me.command("migrations")["migrations"][-1]


def end_of_migration(up):
    """Wait for the end of the last migration; return its record."""
    wait_for(lambda: last_migration(up)["state"] in ("finished", "undone"), "the end of it")
    return last_migration(up)


def assert_placement_is_true(up):
    """Fail unless the node that is said to enforce all slots does, and the other none."""
    ((node, slots),) = up.placement().items()
    assert slots == ALL
    enforcing = {name: set() for name in ("s1", "s2")} | {node: set(range(16))}
    assert up.enforcing() == enforcing


def bring_home(up, method):
    if up.placement() != {"s1": ALL}:
        up.move("s2", "s1", method)
    assert up.placement() == {"s1": ALL}


@pytest.mark.parametrize("step", STEPS)
def test_a_management_entity_that_was_killed_undoes_or_finishes_the_migration(up, method, step):
    traffic = traffic_of_all_slots(up)
    accident_manager.arm(up.accidents, step)
    with pytest.raises(CommandFailed, match=r"no management entity|has ended"):
        up.move("s1", "s2", method)
    assert not up.me.process.alive
    up.start_me()
    record = end_of_migration(up)
    assert record["state"] == ("finished" if STEPS.index(step) >= COMMIT else "undone")
    assert_placement_is_true(up)
    bring_home(up, method)
    assert flaws(traffic.stop()) == {}


@pytest.mark.parametrize("victim", ["s1", "s2"])
@pytest.mark.parametrize("step", STEPS)
def test_a_node_that_is_killed_leaks_nothing_and_is_told_of(up, method, step, victim):
    traffic = traffic_of_all_slots(up)
    node = up.deployment.network.node(victim)
    accident_manager.arm(up.accidents, step, node.process.pid)
    up.me.command(
        *("migrate", "firewall", "--from", "s1", "--to", "s2"),
        *("--method", method, "--no-wait"),
    )
    wait_for(lambda: not node.process.alive, f"the end of {victim}")
    node.process.kill()
    up.deployment.network.restart_node(victim)
    record = end_of_migration(up)
    assert victim in record["reason"]
    up.me.wait_ready()
    assert_placement_is_true(up)
    bring_home(up, method)
    leaks = {name: flaw for name, flaw in flaws(traffic.stop()).items() if "block" in name}
    assert leaks == {}
