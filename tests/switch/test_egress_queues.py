"""Egress queues: depth, rate and priority; against a model that is BMv2's queue in a few lines."""

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.runtime.egress_queues import DEFAULT_DEPTH, EgressQueues
from switch.runtime.errors import Refused

MS = 1_000_000
NOW = 5000 * MS
PRIORITIES = 3


def _popped(queues, port, now_ns):
    """All packets that may leave now, with their priorities."""
    found = []
    while (packet := queues.pop(port, now_ns)) is not None:
        found.append(packet)
    return found


def test_without_a_rate_packets_leave_at_once_the_highest_priority_first():
    queues = EgressQueues(3)
    for priority in (0, 2, 1, 0):
        assert queues.push(7, priority, f"p{priority}", 5)
    assert [priority for priority, _ in _popped(queues, 7, 5)] == [2, 1, 0, 0]
    assert queues.due_ns(7) is None


def test_a_rate_spaces_packets_and_a_pause_is_not_made_up_for():
    queues = EgressQueues()
    queues.set_rate(100, 7)
    for name in "abc":
        queues.push(7, 0, name, 50 * MS)
    assert queues.due_ns(7) == 50 * MS
    assert _popped(queues, 7, 50 * MS) == [(0, "a")]
    assert queues.due_ns(7) == 60 * MS
    assert _popped(queues, 7, 69 * MS) == [(0, "b")]
    assert _popped(queues, 7, 70 * MS) == [(0, "c")]
    for name in "de":
        queues.push(7, 0, name, 500 * MS)
    assert _popped(queues, 7, 509 * MS) == [(0, "d")]


def test_each_priority_has_a_rate_of_its_own():
    queues = EgressQueues(2)
    queues.set_rate(10, 7)
    for name in "ab":
        queues.push(7, 0, f"low {name}", NOW)
        queues.push(7, 1, f"high {name}", NOW)
    assert _popped(queues, 7, NOW) == [(1, "high a"), (0, "low a")]
    assert _popped(queues, 7, NOW + 100 * MS) == [(1, "high b"), (0, "low b")]


def test_a_new_rate_is_for_packets_to_come():
    queues = EgressQueues()
    queues.set_rate(1, 7)
    queues.push(7, 0, "a", NOW)
    queues.push(7, 0, "b", NOW)
    queues.set_rate(0, 7)
    queues.push(7, 0, "c", NOW)
    assert _popped(queues, 7, NOW + 999 * MS) == [(0, "a")]
    assert _popped(queues, 7, NOW + 1000 * MS) == [(0, "b"), (0, "c")]


def test_a_full_queue_takes_nothing_and_the_others_of_its_port_do():
    queues = EgressQueues(2)
    assert sum(queues.push(7, 0, number, 0) for number in range(100)) == DEFAULT_DEPTH
    queues.set_depth(2, 7, 1)
    assert [queues.push(7, 1, number, 0) for number in range(3)] == [True, True, False]
    assert (queues.waiting(7, 0), queues.waiting(7, 1), queues.waiting(7)) == (64, 2, 66)
    queues.pop(7, 0)
    assert queues.push(7, 1, "again", 0)


def test_what_is_set_for_all_ports_is_for_those_to_come_too():
    queues = EgressQueues()
    queues.set_depth(9, 1)
    queues.set_depth(0)
    queues.set_rate(5)
    assert not queues.push(1, 0, "known", 0)
    assert not queues.push(2, 0, "unknown", 0)
    queues.set_depth(1, 2)
    assert queues.push(2, 0, "one", 0)
    assert not queues.push(2, 0, "two", 0)


@pytest.mark.parametrize(
    "configure, limits",
    [
        (lambda queues: None, False),
        (lambda queues: queues.set_rate(10, 7), True),
        (lambda queues: queues.set_rate(10, 8), False),
        (lambda queues: queues.set_rate(10), True),
        (lambda queues: queues.set_rate(10, 7, 1), True),
        (lambda queues: queues.set_depth(0, 7, 1), True),
        (lambda queues: queues.set_depth(1), False),
        (lambda queues: queues.set_rate(1 << 63), False),
        (lambda queues: (queues.set_rate(10), queues.set_rate(0, 7)), False),
    ],
)
def test_a_port_is_limited_by_a_rate_or_by_having_no_room(configure, limits):
    queues = EgressQueues(2)
    configure(queues)
    assert queues.limits(7) is limits


@pytest.mark.parametrize("priority", [-1, 2])
def test_a_priority_that_there_is_not_is_refused_by_name(priority):
    queues = EgressQueues(2)
    for change in (queues.set_depth, queues.set_rate):
        with pytest.raises(Refused, match=f"no priority {priority}.*--priority-queues"):
            change(5, 7, priority)


class _Model:
    """`QueueingLogicPriRL` of BMv2 for one port: a heap a priority, ordered by time and number."""

    def __init__(self) -> None:
        self.heaps = [[] for _ in range(PRIORITIES)]
        self.capacity = [DEFAULT_DEPTH] * PRIORITIES
        self.delay_ns = [0] * PRIORITIES
        self.last_sent = [0] * PRIORITIES
        self.count = 0

    def push(self, priority, packet, now_ns):
        if len(self.heaps[priority]) >= self.capacity[priority]:
            return False
        sent = max(now_ns, self.last_sent[priority] + self.delay_ns[priority])
        self.last_sent[priority] = sent
        heapq.heappush(self.heaps[priority], (sent, self.count, packet))
        self.count += 1
        return True

    def pop(self, now_ns):
        for priority in range(PRIORITIES - 1, -1, -1):
            heap = self.heaps[priority]
            if heap and heap[0][0] <= now_ns:
                return priority, heapq.heappop(heap)[2]
        return None


_priorities = st.integers(0, PRIORITIES - 1)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("push"), _priorities),
        st.tuples(st.just("pop"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 3000 * MS)),
        st.tuples(st.just("depth"), _priorities, st.integers(0, 4)),
        st.tuples(st.just("rate"), _priorities, st.sampled_from([0, 1, 3, 1000])),
    ),
    max_size=60,
)


@given(_steps)
def test_it_does_what_bmv2_does(steps):
    queues, model, now_ns = EgressQueues(PRIORITIES), _Model(), 0
    for number, (what, *values) in enumerate(steps):
        match what:
            case "push":
                taken = queues.push(7, values[0], number, now_ns)
                assert taken == model.push(values[0], number, now_ns)
            case "pop":
                assert queues.pop(7, now_ns) == model.pop(now_ns)
            case "wait":
                now_ns += values[0]
            case "depth":
                queues.set_depth(values[1], 7, values[0])
                model.capacity[values[0]] = values[1]
            case "rate":
                queues.set_rate(values[1], 7, values[0])
                model.delay_ns[values[0]] = 1_000_000_000 // values[1] if values[1] else 0
        heads = [heap[0][0] for heap in model.heaps if heap]
        assert queues.due_ns(7) == min(heads, default=None)
        assert [queues.waiting(7, each) for each in range(PRIORITIES)] == list(
            map(len, model.heaps)
        )
