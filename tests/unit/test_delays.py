"""How long LLDP frames are under way."""

from controller.discovery.delays import FRAMES, KEPT_S, Delays
from controller.model.parts import Link, Port

A, B = Port("s1", 2), Port("s2", 1)
LINK = Link(A, B)


def test_each_direction_of_a_link_has_the_median_of_its_latest_frames():
    delays = Delays()
    for number in range(3 * FRAMES):
        delays.add(A, B, number, number + 0.001 * (50 if number % 9 == 0 else 2))
    delays.add(B, A, 30.0, 30.004)
    assert delays.trip_ms(LINK, 31.0) == (2.0, 4.0)


def test_what_was_not_measured_for_long_is_not_known():
    delays = Delays()
    delays.add(A, B, 0.0, 1.0)
    assert delays.trip_ms(LINK, 1.0 + KEPT_S) == (1000.0, None)
    assert delays.trip_ms(LINK, 1.1 + KEPT_S) == (None, None)


def test_a_frame_through_a_node_alone_is_its_echo_until_the_node_is_gone():
    delays = Delays()
    delays.add(Port("s1", 0), Port("s1", 0), 1.0, 1.5)
    delays.add(A, B, 1.0, 1.5)
    assert delays.echo_ms("s1", 2.0) == 500.0
    assert delays.echo_ms("s2", 2.0) is None
    delays.forget("s1")
    assert delays.echo_ms("s1", 2.0) is None
    assert delays.trip_ms(LINK, 2.0) == (None, None)
