"""The southbound's pure parts: back-off, election ids, batches, error texts, clock arithmetic."""

import time

import grpc
import pytest
from finsy.p4entity import P4TableEntry
from finsy.p4schema import P4Schema
from finsy.proto import U128, p4r, rpc_code, rpc_status

from controller.errors import NodeRefused, UpdateFailure, WriteFailed
from controller.southbound.arbitration import Arbitration, derived_election_id
from controller.southbound.backoff import Backoff
from controller.southbound.batch import EncodedUpdate, cut, encode_updates
from controller.southbound.driver import ClockReading, NodeState
from controller.southbound.rpc import message_of, update_statuses


def answer(code, election_id):
    update = p4r.MasterArbitrationUpdate(election_id=U128.encode(election_id))
    update.status.code = code
    return update


def test_pauses_double_up_to_the_limit_and_begin_again():
    backoff = Backoff(0.1, 1.0, chance=lambda: 0.0)
    assert [backoff.next_s() for _ in range(5)] == [0.1, 0.2, 0.4, 0.8, 1.0]
    backoff.reset()
    assert backoff.next_s() == 0.1


def test_chance_shortens_a_pause_by_at_most_half():
    backoff = Backoff(1.0, 1.0, chance=lambda: 1.0)
    assert backoff.next_s() == 0.5


def test_a_later_start_derives_a_higher_election_id():
    first = derived_election_id()
    time.sleep(0.001)
    assert first < derived_election_id() < 1 << 64


@pytest.mark.parametrize(
    ("code", "state"),
    [(rpc_code.OK, NodeState.PRIMARY), (rpc_code.ALREADY_EXISTS, NodeState.BACKUP)],
)
def test_the_status_of_an_answer_tells_the_state(code, state):
    verdict = Arbitration(1, 5).judge(answer(code, 9))
    assert verdict.state is state
    assert not verdict.claim


def test_without_a_primary_the_place_is_claimed_with_a_higher_id():
    arbitration = Arbitration(1, 5)
    assert arbitration.judge(answer(rpc_code.NOT_FOUND, 9)).claim
    assert U128.decode(arbitration.request().arbitration.election_id) == 10


def test_a_new_stream_begins_with_the_configured_id_again():
    arbitration = Arbitration(1, 5)
    arbitration.judge(answer(rpc_code.NOT_FOUND, 9))
    arbitration.begin()
    assert arbitration.election_id == 5


def test_the_largest_election_id_is_not_exceeded():
    arbitration = Arbitration(1, (1 << 128) - 1)
    arbitration.judge(answer(rpc_code.NOT_FOUND, (1 << 128) - 1))
    assert U128.decode(arbitration.request().arbitration.election_id) == (1 << 128) - 1


def test_a_status_that_the_specification_does_not_know_is_an_error():
    with pytest.raises(ValueError, match="arbitration status 13"):
        Arbitration(1).judge(answer(rpc_code.INTERNAL, 1))


@pytest.mark.parametrize(
    "message",
    [
        "Election id already exists",
        "New election id already exists",
        "Election ID is already used by another connection with the same role.",
        "election_id 7 is in use",
    ],
)
def test_a_taken_election_id_is_recognised_in_the_words_of_several_targets(message):
    arbitration = Arbitration(1)
    before = arbitration.election_id
    assert arbitration.conflict(rpc_code.INVALID_ARGUMENT, message)
    assert arbitration.election_id > before


def test_other_errors_are_not_taken_for_a_taken_election_id():
    arbitration = Arbitration(1)
    before = arbitration.election_id
    assert not arbitration.conflict(rpc_code.INVALID_ARGUMENT, "no such device")
    assert not arbitration.conflict(rpc_code.UNAVAILABLE, "Election id already exists")
    assert arbitration.election_id == before


def updates_of(sizes):
    return [
        EncodedUpdate(
            i, i, p4r.Update(entity=p4r.Entity(table_entry=p4r.TableEntry(metadata=b"x" * size)))
        )
        for i, size in enumerate(sizes)
    ]


def batches(sizes, count, size):
    return [[update.place for update in batch] for batch in cut(updates_of(sizes), count, size)]


def test_batches_are_bounded_in_number_and_bytes_and_keep_the_order():
    assert batches([1] * 5, 2, 1000) == [[0, 1], [2, 3], [4]]
    assert batches([100, 100, 100], 10, 250) == [[0, 1], [2]]
    assert batches([], 10, 100) == []


def test_an_update_larger_than_a_batch_goes_alone():
    assert batches([1, 5000, 1], 10, 1000) == [[0], [1], [2]]


def test_updates_that_cannot_be_encoded_come_back_by_their_place():
    good = p4r.Update(type=p4r.Update.INSERT)
    encoded, failures = encode_updates([good, +P4TableEntry("nix"), [good]], P4Schema())
    assert [update.place for update in encoded] == [0, 2]
    assert failures[1].code == "INVALID_ARGUMENT"


def test_a_node_error_says_who_what_why_and_what_to_do():
    error = NodeRefused("s1", "load of program l2", "no", "restart it", code="INTERNAL")
    assert str(error) == "s1: load of program l2: no (restart it)"
    assert (error.node, error.code, error.temporary) == ("s1", "INTERNAL", False)


def test_a_failed_write_shows_some_failures_and_counts_the_others():
    failures = [UpdateFailure(f"update {i}", "NOT_FOUND", "gone") for i in range(5)]
    error = WriteFailed("s1", "write of 9 updates", failures)
    assert "NOT_FOUND: gone: update 2; and 2 more" in str(error)
    assert error.only("NOT_FOUND")
    assert not error.only("ALREADY_EXISTS")


def test_a_failure_describes_its_update_by_what_it_says():
    failure = UpdateFailure(+P4TableEntry("acl", priority=3), "NOT_FOUND", "")
    assert str(failure) == "NOT_FOUND: no reason given: P4TableEntry(table_id=acl, priority=3)"


class Refusal(grpc.RpcError):
    """A gRPC error with a trailer."""

    def __init__(self, trailer):
        super().__init__()
        self.details = lambda: "3 of 9 failed"
        self.trailing_metadata = lambda: trailer


def refusal(*codes):
    status = rpc_status.Status()
    for code in codes:
        detail = status.details.add()
        detail.Pack(p4r.Error(canonical_code=code, message="why"))
    return Refusal((("grpc-status-details-bin", status.SerializeToString()),))


def test_a_refusals_text_has_the_first_of_its_details():
    assert message_of(refusal(0, 5)) == "3 of 9 failed; NOT_FOUND: why"
    assert message_of(refusal(5, 5, 5, 0, 5)).endswith("NOT_FOUND: why; ...")
    assert message_of(Refusal(())) == "3 of 9 failed"


@pytest.mark.parametrize("trailer", [None, (), (("other", "x"),)])
def test_a_refusal_without_details_has_no_statuses(trailer):
    assert update_statuses(Refusal(trailer)) == ()


def test_details_that_are_not_protobuf_count_as_none():
    assert update_statuses(Refusal((("grpc-status-details-bin", b"\xff\xff"),))) == ()


def test_a_clock_reading_tells_the_clock_at_other_moments():
    reading = ClockReading(node_us=1_000, host_ns=5_000_000, error_us=3)
    assert reading.at(5_000_000) == 1_000
    assert reading.at(7_000_000) == 3_000
    assert reading.at(4_000_000) == 0
