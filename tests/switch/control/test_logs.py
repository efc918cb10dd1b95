"""The log goes its own way: whoever logs never waits for whoever reads."""

import logging
import os

import grpc
import pytest
from p4rt import DEVICE_ID, Set, everything_config
from switch_process import running_switch

from switch.logs import MAX_BACKLOG, BacklogHandler


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def record(text):
    return logging.LogRecord("name", logging.INFO, "file", 1, text, None, None)


def test_records_are_written_in_order(pipe):
    handler = BacklogHandler(pipe[1])
    for number in range(100):
        handler.emit(record(f"line {number}"))
    handler.close()
    assert os.read(pipe[0], 65536).decode().splitlines() == [f"line {n}" for n in range(100)]


def test_a_reader_that_has_stopped_holds_up_nobody_and_learns_how_much_it_lost(pipe):
    handler = BacklogHandler(pipe[1])
    for _ in range(MAX_BACKLOG + 1000):
        handler.emit(record("x" * 100))
    text = ""
    while "dropped" not in text:
        text = text[-200:] + os.read(pipe[0], 65536).decode()
        handler.emit(record("again"))
    handler.close()


def test_nobody_reading_any_more_is_survived():
    reading, writing = os.pipe()
    os.close(reading)
    handler = BacklogHandler(writing)
    handler.emit(record("into the void"))
    handler.close()
    os.close(writing)


def test_what_cannot_be_encoded_is_escaped(pipe):
    handler = BacklogHandler(pipe[1])
    handler.emit(record("\udcff"))
    handler.close()
    assert os.read(pipe[0], 100) == b"\\udcff\n"


def test_a_switch_works_on_while_the_disk_for_its_log_is_full():
    with (
        open("/dev/full", "wb") as full,
        running_switch("--log-level", "debug", log=full) as switch,
    ):
        client = switch.primary()
        client.set_config(Set.VERIFY_AND_COMMIT, everything_config())
        for _ in range(100):
            with pytest.raises(grpc.RpcError):  # each is logged
                client.get_config(device_id=DEVICE_ID + 1)
        assert client.get_config().config.p4info == everything_config().p4info
        assert switch.end() == (0, None)
