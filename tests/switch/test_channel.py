"""Messages between the control process and the worker, in one piece or in several."""

import threading

import pytest

from switch.dataplane.channel import MAX_PIECE, Assembly, ControlEnd, WorkerEnd, make_pair, pieces

SIZES = [0, 1, MAX_PIECE - 100, MAX_PIECE - 20, MAX_PIECE, MAX_PIECE + 1, 5 * MAX_PIECE]


@pytest.mark.parametrize("size", SIZES)
def test_a_message_of_any_size_arrives_whole(size):
    assembly = Assembly()
    message = (7, "name", bytes(range(256)) * (size // 256) + bytes(size % 256))
    *early, last = [assembly.add(piece) for piece in pieces(message)]
    assert early == [None] * len(early)
    assert last == message
    assert assembly.add(next(pieces((1,)))) == (1,)


def test_no_piece_is_larger_than_a_receiver_reads():
    assert max(map(len, pieces((bytes(300_000),)))) <= MAX_PIECE + 1


def test_the_worker_never_waits_for_a_slow_reader():
    ours, theirs = make_pair()
    control, worker = ControlEnd(ours, 30.0), WorkerEnd(theirs)
    sent = 0
    while worker.try_send(("event", sent, bytes(1000))):
        sent += 1
    assert sent > 10
    worker.send(("answer", bytes(10_000)))
    assert worker.wants_to_send
    received = [control.receive() for _ in range(sent)]
    assert [message[1] for message in received] == list(range(sent))
    worker.flush()
    assert control.receive() == ("answer", bytes(10_000))
    control.close()


def test_both_ends_notice_when_the_other_is_gone():
    ours, theirs = make_pair()
    control, worker = ControlEnd(ours, 30.0), WorkerEnd(theirs)
    assert worker.receive() is None
    ended = threading.Event()

    def listen() -> None:
        with pytest.raises(EOFError):
            control.receive()
        ended.set()

    thread = threading.Thread(target=listen)
    thread.start()
    control.hang_up()
    thread.join(30)
    assert ended.is_set()
    with pytest.raises(EOFError):
        worker.receive()
    control.close()
