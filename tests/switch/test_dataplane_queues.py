"""The worker's egress queues before a rate and before a slow link."""

import pytest

from tests.switch.planes import FRAME, program_of_two_ports
from tests.switch.wires import Wire, add_pair, run, slow_down, wait_until

pytestmark = pytest.mark.system


def test_packets_in_a_queue_finish_in_the_program_that_they_began_in(plane):
    plane.set_queue_rate(10, 2)
    for index in range(4):
        plane.wires[1].send(FRAME + bytes([index]))
    assert plane.wires[2].receive() == FRAME + b"\0"
    plane.save(program_of_two_ports(mark=0x5555))
    plane.commit()
    plane.wires[1].send(FRAME + b"\4")
    types = [(frame[12:14], frame[-1]) for frame in (plane.wires[2].receive() for _ in range(4))]
    assert types == [*[(FRAME[12:14], index) for index in (1, 2, 3)], (b"\x55\x55", 4)]


def test_a_burst_through_a_queue_whose_rate_allows_it_loses_nothing(plane):
    plane.set_queue_rate(1_000_000, 2)
    frames = [FRAME[:14] + index.to_bytes(4, "big") for index in range(500)]
    for frame in frames:
        plane.wires[1].send(frame)
    assert [plane.wires[2].receive() for _ in frames] == frames


def test_a_rate_at_one_port_leaves_the_others_alone(plane):
    plane.set_queue_rate(1, 2)
    for _ in range(60):
        plane.wires[1].send(FRAME)
    for _ in range(50):
        plane.wires[2].send(FRAME)
        assert plane.wires[1].receive() == FRAME
    assert plane.statistics()["sent"] < 50 + 60, "they would take a minute, the others took as long"
    assert [plane.wires[2].receive() for _ in range(2)] == [FRAME] * 2


def _send_until_frames_are_lost(plane, count: int) -> int:
    """Send long numbered frames to port 2 until its queue has lost so many; how many were sent."""
    for sent in range(0, 10_000, 10):
        counts = plane.statistics()
        if counts["dropped.queue_full"] >= count:
            return sent
        for number in range(sent, sent + 10):
            plane.wires[1].send(FRAME[:14] + number.to_bytes(2, "big") + bytes(1400))
        due = counts["received"] + 10
        wait_until(lambda due=due: plane.statistics()["received"] == due, "they are taken in")
    raise AssertionError("nothing is lost")


def test_a_link_slower_than_what_is_sent_fills_the_queue_of_its_port_and_no_other(plane):
    """The kernel's own buffer for the socket fills first."""
    slow_down("s1d2", mbit_per_s=2)
    sent = _send_until_frames_are_lost(plane, 100)
    plane.wires[2].send(FRAME)
    assert plane.wires[1].receive() == FRAME
    counts = plane.statistics()
    assert counts["dropped.send_failed"] == 0
    received = [plane.wires[2].receive() for _ in range(sent - counts["dropped.queue_full"])]
    order = [int.from_bytes(frame[14:16], "big") for frame in received]
    assert order == sorted(order)
    assert plane.statistics()["sent"] == 1 + len(received)


@pytest.mark.parametrize("vanishes", [False, True])
def test_frames_that_wait_for_a_slow_link_are_lost_with_it_and_others_pass_later(
    plane, heard, vanishes
):
    slow_down("s1d2", mbit_per_s=1)
    sent = _send_until_frames_are_lost(plane, 1)
    if vanishes:
        run("ip", "link", "del", "s1d2")
        plane.wires.pop(2).close()
        add_pair("s1d2", "s1h2")
        plane.wires[2] = Wire("s1h2")
    else:
        run("ip", "link", "set", "s1d2", "down")
        run("tc", "qdisc", "del", "dev", "s1d2", "root")
        run("ip", "link", "set", "s1d2", "up")
    wait_until(lambda: (2, False) in heard.status, "port 2 is reported down")
    wait_until(lambda: heard.status[-1] == (2, True), "port 2 is reported up")
    plane.wires[1].send(FRAME)
    while (frame := plane.wires[2].receive()) != FRAME:
        assert len(frame) > 1400
    counts = plane.statistics()
    lost = counts["dropped.queue_full"] + counts["dropped.send_failed"]
    assert counts["sent"] + lost == sent + 1
