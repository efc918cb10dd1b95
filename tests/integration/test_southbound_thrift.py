"""The Thrift client: single and pipelined calls, connections, time limits, refusals."""

import threading
import time

import pytest
from southbound_tools import LIMIT_S, eventually
from thrift_peer import FakeThrift

from controller.errors import NodeRefused, NodeTimeout, NodeUnreachable
from controller.southbound.thrift_client import ThriftClient

CONNECTIONS = "NodeIngress.firewall.connections_3"
LEARN = "NodeIngress.firewall.learn"


@pytest.fixture
def thrift():
    thrift = FakeThrift({LEARN: [0], CONNECTIONS: [0] * 4096})
    thrift.start()
    yield thrift
    thrift.stop()


def test_calls_fail_in_time_where_nobody_listens_and_where_nobody_answers(thrift):
    client = ThriftClient("b1", thrift.address, 1, 0.3)
    thrift.standard.stalled.clear()
    with pytest.raises(NodeTimeout, match="b1: a read: no answer over Thrift in time"):
        client.call("standard", "bm_register_read", 0, LEARN, 0, asked="a read")
    thrift.stop()
    with pytest.raises(NodeUnreachable, match=r"a read: Thrift: .*refused"):
        client.call("standard", "bm_register_read", 0, LEARN, 0, asked="a read")
    thrift.start()


def test_a_connection_that_the_node_closed_in_between_is_replaced(thrift):
    client = ThriftClient("b1", thrift.address, 1, LIMIT_S)
    client.call("standard", "bm_register_write", 0, LEARN, 0, 3, asked="a write")
    thrift.hang_up()
    time.sleep(0.05)
    assert client.call("standard", "bm_register_read", 0, LEARN, 0, asked="a read") == 3
    assert thrift.accepted == 2


def test_a_connection_is_used_again_after_a_refusal_but_not_after_a_time_out(thrift):
    client = ThriftClient("b1", thrift.address, 1, 2)
    for _ in range(2):
        with pytest.raises(NodeRefused, match="invalid index"):
            client.call("standard", "bm_register_read", 0, LEARN, 5, asked="a read")
    assert thrift.accepted == 1
    thrift.standard.stalled.clear()
    with pytest.raises(NodeTimeout):
        client.call("standard", "bm_register_read", 0, LEARN, 0, asked="a read")
    thrift.standard.stalled.set()
    assert client.call("standard", "bm_register_read", 0, LEARN, 0, asked="a read") == 0
    assert thrift.accepted == 2


def test_pipelined_calls_keep_their_order_and_a_refused_one_spoils_no_other(thrift):
    client = ThriftClient("b1", thrift.address, 1, LIMIT_S)
    thrift.standard.registers[CONNECTIONS][:5] = [10, 11, 12, 13, 14]

    def read(cells, window):
        calls = [(0, CONNECTIONS, i) for i in cells]
        return client.pipeline("standard", "bm_register_read", calls, asked="it", window=window)

    assert read(range(5), 2) == [10, 11, 12, 13, 14]
    with pytest.raises(NodeRefused, match="invalid index"):
        read([0, 9999, 1], 3)
    assert read([4, 3], 2) == [14, 13]


def test_several_calls_run_in_parallel_and_further_ones_wait_their_turn(thrift):
    client = ThriftClient("b1", thrift.address, 2, LIMIT_S)
    thrift.standard.stalled.clear()
    results = []

    def read():
        results.append(client.call("standard", "bm_register_read", 0, LEARN, 0, asked="a read"))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert eventually(lambda: len(thrift.standard.calls) == 2)
    time.sleep(0.1)
    assert len(thrift.standard.calls) == 2
    thrift.standard.stalled.set()
    for thread in threads:
        thread.join(LIMIT_S)
    assert results == [0, 0, 0]


def test_a_server_of_another_kind_is_told_as_such(thrift):
    client = ThriftClient("b1", thrift.address, 1, LIMIT_S)
    del thrift.services["simple_pre_lag"]
    with pytest.raises(NodeRefused, match="b1: a read: bm_mc_get_entries"):
        client.call("simple_pre_lag", "bm_mc_get_entries", 0, asked="a read")
