"""Bursts of register writes over Thrift, as bytes on the wire."""

import socket
import struct
import time

import pytest
from thrift_clients import INGRESS
from thriftpy2.protocol import TBinaryProtocolFactory
from thriftpy2.transport import TBufferedTransportFactory, TSocket

from switch.dataplane.messages import Config
from switch.thrift.idl import IDL

TOTALS, OFFSETS = INGRESS + "totals", INGRESS + "offsets"


def write_call(number, index, value, array=TOTALS, context=0):
    """A `bm_register_write` on the wire."""
    method, name = b"standard:bm_register_write", array.encode()
    return b"".join(
        [
            struct.pack(">Ii", 0x80010001, len(method)) + method + struct.pack(">i", number),
            struct.pack(">bhi", 8, 1, context),
            struct.pack(">bhi", 11, 2, len(name)) + name,
            struct.pack(">bhi", 8, 3, index),
            struct.pack(">bhq", 10, 4, value),
            b"\x00",
        ]
    )


def send_calls(thrift, data, pieces=1):
    """Send calls over a connection of their own, cut into so many pieces; the connection."""
    raw = socket.create_connection(("127.0.0.1", thrift.port), 30)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    size = -(-len(data) // pieces)
    for start in range(0, len(data), size):
        raw.sendall(data[start : start + size])
        if pieces > 1:
            time.sleep(0.01)
    return raw


def take_answers(raw, count):
    """The number of each answer, and the code of the exception in it."""
    transport = TBufferedTransportFactory().get_transport(TSocket(sock=raw))
    protocol = TBinaryProtocolFactory().get_protocol(transport)
    answers = []
    for _ in range(count):
        name, kind, number = protocol.read_message_begin()
        assert (name, kind) == ("bm_register_write", 2)
        result = IDL.Standard.bm_register_write_result()
        result.read(protocol)
        protocol.read_message_end()
        answers.append((number, result.ouch and result.ouch.code))
    return answers


def test_a_burst_of_writes_is_one_write(thrift, rig):
    rig.plane.calls.clear()
    calls = [write_call(100 + n, n % 16, n - 20) for n in range(40)]
    with send_calls(thrift, b"".join(calls)) as raw:
        assert take_answers(raw, 40) == [(100 + n, None) for n in range(40)]
    assert sum(count for _, count in rig.plane.calls) == 40
    assert len(rig.plane.calls) < 5
    written = [max(n for n in range(40) if n % 16 == cell) - 20 for cell in range(16)]
    assert rig.plane[Config.RUNNING].registers[TOTALS] == [value & 0xFFFFFFFF for value in written]


@pytest.mark.parametrize("pieces", [7, 50])
def test_a_burst_that_comes_in_pieces_is_done_all_the_same(thrift, rig, pieces):
    calls = b"".join(write_call(n, n, n + 1) for n in range(16))
    with send_calls(thrift, calls, pieces) as raw:
        assert take_answers(raw, 16) == [(n, None) for n in range(16)]
    assert rig.plane[Config.RUNNING].registers[TOTALS] == list(range(1, 17))


def test_calls_of_a_burst_that_are_refused_are_answered_in_their_place(thrift, rig):
    code = IDL.RegisterOperationErrorCode
    calls = [
        (write_call(1, 0, 5), None),
        (write_call(2, 16, 5), code.INVALID_INDEX),
        (write_call(3, -1, 5), code.INVALID_INDEX),
        (write_call(4, 1, 5), None),
        (write_call(5, 1, 5, array="none"), code.INVALID_REGISTER_NAME),
        (write_call(6, 1, 5, context=1), code.INVALID_REGISTER_NAME),
        (write_call(7, 0, 7, array=OFFSETS), None),
        (write_call(8, 2, 9), None),
    ]
    with send_calls(thrift, b"".join(call for call, _ in calls)) as raw:
        assert take_answers(raw, 8) == [(n, why) for n, (_, why) in enumerate(calls, 1)]
    assert rig.plane[Config.RUNNING].registers[TOTALS][:4] == [5, 5, 9, 0]
    assert rig.plane[Config.RUNNING].registers[OFFSETS] == [7, 0]


def test_a_burst_without_a_data_plane_is_an_error_each(thrift, rig):
    rig.plane.is_gone = True
    error = IDL.RegisterOperationErrorCode.ERROR
    with send_calls(thrift, write_call(1, 0, 5) + write_call(2, 1, 5)) as raw:
        assert take_answers(raw, 2) == [(1, error), (2, error)]
