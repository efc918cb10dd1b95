"""Generator and receiver on a bare link between two hosts: what they say is what happened."""

import json
import time

import numpy as np
import pytest

from topo.blueprint import Blueprint
from topo.deployment import bring_up
from topo.errors import MeasurementInvalid, ProcessFailed
from topo.quiet import inside
from topo.topologies import line
from topo.traffic.accounting import count, latencies
from topo.traffic.flow import Experiment, Flow
from topo.traffic.playback import Playback
from topo.traffic.receive import Sink
from topo.traffic.records import read_recording

pytestmark = [pytest.mark.system, pytest.mark.alone]

OPENED = Flow("opened", ("10.0.0.1", 4000), ("10.0.0.2", 5000), 900, opened_by_receiver=True)
PLAIN = Flow("plain", ("10.0.0.1", 4001), ("10.0.0.2", 5001), 300, payload_bytes=1000)


@pytest.fixture
def link():
    """The hosts of the line, wired to each other."""
    blueprint = Blueprint.wire("link", line().hosts, [], [("hA", "hB")], {})
    with bring_up(blueprint, "embedded", known_neighbours=True) as deployment:
        yield deployment


def play(link, flows, seconds, meanwhile=lambda: None):
    """Play flows from hA to hB for a while; return the recording."""
    experiment = Experiment(token=7, flows=flows)
    traffic = Playback(link.network, experiment, "hA", "hB", link.directory / "traffic")
    time.sleep(seconds / 2)
    meanwhile()
    time.sleep(seconds / 2)
    return traffic.stop()


def host_pid(link, name):
    return link.network.net.nameToNode[name].pid


def test_everything_that_was_sent_is_accounted_for(link):
    recording = play(link, (OPENED, PLAIN), 2)
    for flow in (OPENED, PLAIN):
        counts = count(recording.flows[flow.name])
        sent_ns = recording.flows[flow.name].sent_ns
        seconds = (int(sent_ns[-1]) - int(sent_ns[0])) / 1e9
        assert counts.sent == pytest.approx(seconds * flow.rate_pps, rel=0.25)
        assert (counts.lost, counts.duplicated, counts.reordered) == (0, 0, 0)


def test_the_schedule_does_not_drift(link):
    record = play(link, (OPENED,), 2).flows["opened"]
    due_ns = record.sent_ns.astype(np.int64) - record.late_ns
    expected_ns = due_ns[0] + np.arange(due_ns.size) * 1_000_000_000 // OPENED.rate_pps
    # Both clocks are read one after the other, so a preempted reading may be off; most are not.
    assert np.percentile(np.abs(due_ns - expected_ns), 90) < 50_000
    assert record.late_ns.min() >= 0


def test_a_packet_arrives_after_it_was_sent(link):
    _, delay_us = latencies(play(link, (PLAIN,), 1).flows["plain"])
    assert delay_us.min() > 0
    assert np.median(delay_us) < 1_000


def test_loss_is_counted_exactly(link):
    """The receiving interface is down for a moment; the host's own counter tells what came."""

    def received():
        lines = inside(host_pid(link, "hB"), "cat", "/proc/net/snmp").splitlines()
        names, values = (line.split() for line in lines if line.startswith("Udp:"))
        return int(values[names.index("InDatagrams")])

    def interrupt():
        for state in ("down", "up"):
            inside(host_pid(link, "hB"), "ip", "link", "set", "hB-eth0", state)
            time.sleep(0.3)

    before = received()
    counts = count(play(link, (PLAIN,), 2, interrupt).flows["plain"])
    assert counts.lost > 0
    assert counts.arrived == received() - before


def test_nothing_is_sent_before_the_receiver_listens(link):
    counts = count(play(link, (PLAIN,), 0.5).flows["plain"])
    assert counts.sent > 0
    assert counts.lost == 0


def test_a_flow_that_nobody_opens_is_reported(link):
    """The receiver opens the connection to a port on which the sender does not listen."""
    astray = Flow("astray", ("10.0.0.1", 4000), ("10.0.0.9", 5000), 100, opened_by_receiver=True)
    with pytest.raises(ProcessFailed, match=r"(?s)receiver ended with status 1.*Cannot assign"):
        Playback(link.network, Experiment(7, (astray,)), "hA", "hB", link.directory / "traffic")


def test_a_drop_at_the_receivers_own_socket_makes_the_measurement_invalid(tmp_path):
    flow = Flow("flood", ("127.0.0.1", 0), ("127.0.0.1", 0), 1)
    sink, sender = Sink(flow, 7), Sink(flow, 7)
    sink.socket.setsockopt(1, 8, 4096)  # SOL_SOCKET, SO_RCVBUF
    for _ in range(100):
        sender.socket.sendto(flow.opener(7), sink.socket.getsockname())
    dropped = sink.dropped()
    assert dropped > 0
    assert sink.drain() == 100 - dropped
    summary = {"dropped": {"flood": dropped}, "foreign": {"flood": 0}, "clock_step_ns": 0}
    (tmp_path / "receive.json").write_text(json.dumps(summary))
    (tmp_path / "send.json").write_text(json.dumps({"cpu_share": 0.0}))
    with pytest.raises(MeasurementInvalid, match="dropped packets at the receiver's own sockets"):
        read_recording(tmp_path, Experiment(7, (flow,)), 0.0)


def test_packets_of_another_experiment_are_not_counted():
    flow = Flow("mine", ("127.0.0.1", 0), ("127.0.0.1", 0), 1)
    sink, sender = Sink(flow, 7), Sink(flow, 8)
    for payload in (flow.opener(8), b"short", flow.opener(7)):
        sender.socket.sendto(payload, sink.socket.getsockname())
    assert sink.drain() == 3
    assert (len(sink.sequences), sink.foreign) == (1, 2)
    assert len(sink.received_ns) == 1
