"""Cables: what is a link after which frames, and how long failed ones are held back."""

from controller.discovery.cables import LINGER_S, Cables, LinkDown, LinkUp
from controller.discovery.damping import Damping, Strikes
from controller.model.parts import Link, Port

BOUND_S = 0.75
DAMPING = Damping(first_s=0.5, limit_s=4.0, forgive_s=60.0)
A, B, C = Port("s1", 2), Port("s2", 1), Port("s3", 1)
AB = Link(A, B)


def cables(*described):
    made = Cables(DAMPING, described)
    made.bound_s = BOUND_S
    return made


def both_ways(made, now, one=A, other=B):
    return made.hear(one, other, now) + made.hear(other, one, now)


def hear_until(made, until, now, step=0.25):
    """Have frames come through both ways in intervals; return all news."""
    news = []
    while now <= until:
        news += [(now, item) for item in both_ways(made, now)]
        now += step
    return news


def test_a_link_needs_both_directions():
    made = cables()
    assert made.hear(A, B, 0.0) == []
    assert made.hear(A, B, 0.25) == []
    assert made.hear(B, A, 0.3) == [LinkUp(AB)]
    assert made.is_up(AB)


def test_both_directions_must_be_heard_within_the_bound_of_each_other():
    made = cables()
    made.hear(A, B, 0.0)
    assert made.hear(B, A, 1.0) == []


def test_a_described_link_keeps_its_way_of_writing():
    written = Link(B, A)
    assert both_ways(cables(written), 0.0) == [LinkUp(written)]


def test_silence_in_one_direction_is_failure():
    made = cables()
    both_ways(made, 0.0)
    for now in (0.25, 0.5, 0.75):
        made.hear(A, B, now)
    assert made.tick(0.75) == []
    assert made.tick(0.76) == [LinkDown(AB, "s1:2 heard nothing for 0.75 s")]
    assert made.tick(2.0) == []
    assert not made.is_up(AB)


def test_a_link_that_failed_is_held_back_for_longer_each_time():
    made, now, held = cables(), 0.0, []
    both_ways(made, now)
    for _ in range(5):
        now += BOUND_S + 0.01
        assert made.tick(now) != []
        came = [at for at, item in hear_until(made, now + 6.0, now) if isinstance(item, LinkUp)]
        assert len(came) == 1
        held.append(came[0] - now)
        now += 6.0
    assert [round(hold, 3) for hold in held] == [0.5, 1.0, 2.0, 4.0, 4.0]


def test_silence_while_it_is_held_back_begins_the_hold_anew():
    made = cables()
    both_ways(made, 0.0)
    made.tick(1.0)
    both_ways(made, 1.0)
    made.tick(1.9)
    assert both_ways(made, 1.9) == []
    assert both_ways(made, 2.3) == []
    assert both_ways(made, 2.5) == [LinkUp(AB)]


def test_old_failures_are_forgotten():
    strikes = Strikes(DAMPING)
    strikes.add(0.0)
    strikes.add(1.0)
    assert strikes.hold_s(2.0) == 1.0
    assert strikes.hold_s(61.5) == 0.0
    strikes.add(100.0)
    assert strikes.hold_s(100.0) == 0.5


def test_a_port_that_hears_another_one_has_lost_its_old_link_at_once():
    made = cables()
    both_ways(made, 0.0)
    assert made.hear(C, A, 0.1) == [LinkDown(AB, "s1:2 hears s3:1")]
    assert made.hear(A, C, 0.2) == [LinkUp(Link(A, C))]


def test_a_loop_back_to_the_same_node_is_heard_and_is_no_link():
    made = cables()
    assert both_ways(made, 0.0, Port("s1", 1), Port("s1", 2)) == []
    assert made.hear(A, A, 0.1) == []
    assert made.heard_at(A) == 0.1


def test_a_lost_node_takes_its_links_with_it_and_they_come_back_at_once():
    made = cables()
    both_ways(made, 0.0)
    assert made.lose_node("s2", "s2 is down", 0.1, strike=False) == [LinkDown(AB, "s2 is down")]
    assert made.heard_at(A) == 0.0, "that there was a node is not forgotten"
    assert both_ways(made, 5.0) == [LinkUp(AB)]


def test_a_failed_link_lingers():
    made = cables()
    both_ways(made, 0.0)
    made.tick(1.0)
    assert made.lingering(1.0 + LINGER_S / 2) == (AB,)
    assert made.lingering(1.0 + LINGER_S) == ()


def test_time_in_which_nobody_listened_is_no_silence():
    made = cables()
    both_ways(made, 0.0)
    made.stood_still(10.0)
    assert made.tick(10.7) == []
    assert made.tick(10.8) != []
