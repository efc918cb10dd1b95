"""A session of p4runtime-shell with a switch that runs everything.p4: tables, counters, packet-in
and packet-out, digests, clones, groups.

`python shell_session.py ADDRESS DEVICE_ID P4INFO JSON CA CERT KEY DESCRIPTOR DESCRIPTOR`, with the
descriptors of packet sockets at the far ends of ports 1 and 2. It runs under a Python of its own
(`shell_python`), where nothing of this project is installed. What goes wrong is an exception.
"""

import select
import socket
import sys

import p4runtime_sh.shell as sh
from p4runtime_sh.p4runtime import P4RuntimeWriteException, SSLOptions

TIMEOUT_S = 30
DMAC = "EverythingIngress.dmac"
HOST_1, HOST_2 = "02:00:00:00:00:01", "02:00:00:00:00:02"
FRAME_TO_1, FRAME_TO_2, FRAME_TO_BOTH = (
    bytes.fromhex(f"02000000000{last}02000000000a1234") + bytes(46) for last in "12f"
)


class Port:
    """The far end of a port."""

    def __init__(self, descriptor):
        self._socket = socket.socket(fileno=descriptor)

    def send(self, frame):
        self._socket.send(frame)

    def receive(self):
        readable, _, _ = select.select([self._socket], [], [], TIMEOUT_S)
        assert readable, "no frame came"
        return self._socket.recv(65536)


def write_entry(destination, action, **arguments):
    entry = sh.TableEntry(DMAC)(action=action)
    entry.match["hdr.ethernet.dst_addr"] = destination
    for name, value in arguments.items():
        entry.action[name] = value
    entry.insert()
    return entry


def tables_and_counters(ports):
    entry = write_entry(HOST_2, "forward", port="2")
    ports[1].send(FRAME_TO_2)
    assert ports[2].receive() == FRAME_TO_2
    (found,) = sh.TableEntry(DMAC).read()
    assert str(found.match["hdr.ethernet.dst_addr"]) == str(entry.match["hdr.ethernet.dst_addr"])
    direct = sh.DirectCounterEntry("dmac_counter")
    direct.table_entry = entry
    (counted,) = direct.read()
    assert (counted.packet_count, counted.byte_count) == (1, len(FRAME_TO_2))
    counter = sh.CounterEntry("port_counter")(index=1)
    (counted,) = counter.read()
    assert (counted.packet_count, counted.byte_count) == (1, len(FRAME_TO_2))
    counter.packet_count, counter.byte_count = 0, 0
    counter.modify()
    (counted,) = counter.read()
    assert counted.packet_count == 0
    meter = sh.MeterEntry("port_meter")(index=1)
    meter.cir, meter.cburst, meter.pir, meter.pburst = 1, 2, 3, 4
    meter.modify()
    (found,) = sh.MeterEntry("port_meter")(index=1).read()
    assert (found.cir, found.pburst) == (1, 4)


def ranked_entry():
    entry = sh.TableEntry("acl")(action="set_hop", priority=7)
    entry.match["src"] = "02:00:00:00:00:00&&&ff:00:00:00:00:00"
    entry.match["type"] = "0x1000..0x1fff"
    entry.match["port"] = "1"
    entry.match["dst"] = HOST_2
    entry.action["hop"] = "5"
    entry.insert()
    (found,) = sh.TableEntry("acl").read()
    assert found.priority == 7
    entry.delete()
    assert list(sh.TableEntry("acl").read()) == []


def action_profile():
    member = sh.ActionProfileMember("ways")(member_id=1, action="set_hop")
    member.action["hop"] = "3"
    member.insert()
    sh.ActionProfileGroup("ways")(group_id=1).add(1).insert()
    entry = sh.TableEntry("selected")(group_id=1)
    entry.match["type"] = "0x1234"
    entry.insert()
    (found,) = sh.TableEntry("selected").read()
    assert found.group_id == 1
    entry.delete()
    sh.ActionProfileGroup("ways")(group_id=1).delete()
    member.delete()


def groups(ports):
    sh.MulticastGroupEntry(1).add(1, 1).add(2, 1).insert()
    write_entry("02:00:00:00:00:0f", "flood", group="1")
    ports[1].send(FRAME_TO_BOTH)
    assert [ports[number].receive() for number in (1, 2)] == [FRAME_TO_BOTH] * 2
    (group,) = sh.MulticastGroupEntry(1).read()
    assert [replica.egress_port for replica in group.replicas] == [1, 2]


def clones(ports):
    sh.CloneSessionEntry(5).add(1, 1).insert()
    mirror = sh.TableEntry("smac")(action="mirror")
    mirror.match["hdr.ethernet.src_addr"] = "02:00:00:00:00:0a"
    mirror.action["session"] = "5"
    mirror.insert()
    ports[1].send(FRAME_TO_2)
    assert [ports[number].receive() for number in (1, 2)] == [FRAME_TO_2] * 2
    mirror.delete()
    sh.CloneSessionEntry(5).delete()


def packets(ports):
    listening = sh.PacketIn()
    write_entry(HOST_1, "to_cpu")
    ports[2].send(FRAME_TO_1)
    arrived = listening.packet_in_queue.get(timeout=TIMEOUT_S)  # `sniff` waits its time out
    assert arrived.packet.payload == FRAME_TO_1
    sh.PacketOut(FRAME_TO_1, egress_port="1", pad="0").send()
    assert ports[1].receive() == FRAME_TO_1


def digest(ports):
    entry = sh.DigestEntry("learn_t")
    entry.max_list_size = 1
    entry.insert()
    ports[1].send(FRAME_TO_2)
    assert ports[2].receive() == FRAME_TO_2
    (source, port) = sh.client.get_stream_packet("digest", TIMEOUT_S).digest.data[0].struct.members
    assert source.bitstring == bytes.fromhex("02000000000a")
    assert port.bitstring == b"\x01"
    entry.delete()


def refusal():
    try:
        write_entry(HOST_2, "forward", port="1")
    except P4RuntimeWriteException as error:
        assert "ALREADY_EXISTS" in str(error)
    else:
        raise AssertionError("the same entry was inserted twice")


def main():
    address, device_id, p4info, program, ca, certificate, key, *descriptors = sys.argv[1:]
    ports = {number: Port(int(each)) for number, each in enumerate(descriptors, 1)}
    sh.setup(
        device_id=int(device_id),
        grpc_addr=address,
        election_id=(0, 1),
        config=sh.FwdPipeConfig(p4info, program),
        ssl_options=SSLOptions(False, ca, certificate, key),
        verbose=False,
    )
    try:
        tables_and_counters(ports)
        ranked_entry()
        action_profile()
        groups(ports)
        clones(ports)
        refusal()
        digest(ports)
        packets(ports)
    finally:
        sh.teardown()


if __name__ == "__main__":
    main()
