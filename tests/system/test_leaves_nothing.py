"""A network leaves nothing behind, whatever way it ends."""

import os
import signal
import subprocess

import pytest
from traces import INTERFACES, shadowed, topo, wait_for

pytestmark = pytest.mark.system


@pytest.fixture
def up(tmp_path, node_kind):
    """A line of each kind of node, up without a prompt."""
    traced = topo(tmp_path, "line", "--node", node_kind, "--no-cli")
    traced.wait_until_up()
    return traced


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_end_it_removes_everything_and_succeeds(up, number):
    assert up.end(number) == 0
    up.assert_nothing_left()


def test_an_impatient_second_interrupt_changes_nothing(up):
    up.process.send_signal(signal.SIGINT)
    assert up.end(signal.SIGINT) == 0
    up.assert_nothing_left()


def test_after_a_kill_processes_end_and_the_next_start_removes_the_rest(up, tmp_path):
    up.end(signal.SIGKILL)
    wait_for(lambda: not up.processes(), "the end of all processes")
    following = topo(tmp_path, "line", "--no-cli")
    following.wait_until_up()
    assert following.run == up.run
    following.end()
    following.assert_nothing_left()
    up.assert_nothing_left()


def test_a_failure_in_the_middle_removes_what_was_up(tmp_path):
    """Hosts and links are up when the switches cannot import what they need."""
    traced = topo(tmp_path, "line", "--no-cli", environment=shadowed(tmp_path, "grpc"))
    assert traced.process.wait(60) == 2
    assert "topo: s1 ended with status 1" in traced.text()
    assert "there is no grpc here" in traced.text()
    traced.assert_nothing_left()


@pytest.mark.parametrize("delay_s", [0.4, 0.6, 0.8, 1.0])
def test_ended_while_it_comes_up_it_leaves_nothing(tmp_path, delay_s):
    traced = topo(tmp_path, "line", "--no-cli")
    with pytest.raises(subprocess.TimeoutExpired):
        traced.process.wait(delay_s)
    traced.end(signal.SIGTERM)
    traced.assert_nothing_left()


def test_two_networks_run_side_by_side(up, tmp_path):
    other = topo(tmp_path, "line", "--no-cli")
    other.wait_until_up()
    assert other.run != up.run
    assert not set(other.interfaces) & set(up.interfaces)
    assert other.end() == 0
    other.assert_nothing_left()
    assert all((INTERFACES / name).exists() for name in up.interfaces)
    assert up.end() == 0
    up.assert_nothing_left()


def test_the_prompt_is_mininets_and_ends_the_network(tmp_path):
    commands = tmp_path / "commands"
    commands.write_text("nodes\nexit\n")
    with commands.open() as stdin:
        traced = topo(tmp_path, "line", stdin=stdin)
        assert traced.process.wait(60) == 0
    assert "hA hB s1 s2" in traced.text()
    traced.assert_nothing_left()


def test_a_node_that_dies_is_reported_with_its_log(up):
    os.kill(up.node_process("s1"), signal.SIGKILL)
    wait_for(lambda: "topo: node s1 was killed by signal 9" in up.text(), "the report")
    assert up.process.poll() is None
    assert up.end() == 0
    up.assert_nothing_left()
