"""What the firewall lets through: its compiled program on both kinds of node, frame by frame."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from finsy.p4entity import P4TableAction, P4TableEntry, P4TableMatch
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Packet, Raw

from controller.southbound.driver import NodeAddress, NodeDriver, NodeState
from controller.southbound.factory import make_driver
from controller.southbound.program import Program
from topo.blueprint import Blueprint, HostSpec, NodeSpec
from topo.endpoints import allocate
from topo.errors import Refused
from topo.network import Network
from topo.nodes import KINDS
from topo.requirements import NODE_PROGRAMS, check_machine
from topo.runs import Run

pytestmark = pytest.mark.system

PROGRAMS = Path(__file__).resolve().parents[2] / "p4" / "build"
ALL_SLOTS = 0xFFFF
TIMEOUT_S = 60.0
FIREWALL = "NodeIngress.firewall"

OUTSIDE = Ether(src="00:00:00:00:00:0a", dst="00:00:00:00:00:0b")
INSIDE = Ether(src="00:00:00:00:00:0b", dst="00:00:00:00:00:0a")


class Port:
    """A host's interface: sends frames and returns those that arrive."""

    def __init__(self, pid: int, interface: str) -> None:
        helper = Path(__file__).with_name("frames.py")
        self._helper = subprocess.Popen(
            ["mnexec", "-a", str(pid), sys.executable, str(helper), interface],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._helper.stdout.readline() == "ready\n"

    def send(self, frame: bytes) -> None:
        self._helper.stdin.write(frame.hex() + "\n")
        self._helper.stdin.flush()

    def receive_until(self, marker: bytes) -> list[bytes]:
        """Return the frames that arrive before `marker`."""
        frames = []
        while (frame := bytes.fromhex(self._helper.stdout.readline())) != marker:
            assert frame, "the helper ended"
            frames.append(frame)
        return frames

    def close(self) -> None:
        self._helper.stdin.close()
        self._helper.wait(TIMEOUT_S)
        self._helper.stdout.close()


@dataclass
class Firewall:
    """A node that runs the guarded program, its outside and its inside."""

    driver: NodeDriver
    outside: Port
    inside: Port
    markers: int = 0

    def passes(self, packet: Packet) -> bool:
        """Tell whether a frame gets through; it must come out as it went in, and once."""
        frame = bytes(packet)
        inward = frame[6:12] == bytes(OUTSIDE)[6:12]
        source, sink = (self.outside, self.inside) if inward else (self.inside, self.outside)
        source.send(frame)
        source.send(marker := self._marker(OUTSIDE if inward else INSIDE))
        arrived = sink.receive_until(marker)
        assert arrived in ([], [frame])
        return bool(arrived)

    def _marker(self, ethernet: Ether) -> bytes:
        """Return a frame that no function touches, other than all before it."""
        self.markers += 1
        return bytes(ethernet / Raw(b"marker %d" % self.markers))

    def control(self, learn: int, enforce: int) -> None:
        """Write the control words."""
        self.driver.write_registers(f"{FIREWALL}.learn", {0: learn})
        self.driver.write_registers(f"{FIREWALL}.enforce", {0: enforce})

    def cells(self) -> dict[tuple[int, int], int]:
        """Return all cells that are not empty, by slot and index."""
        return {
            (slot, index): cell
            for slot in range(16)
            for index, cell in enumerate(
                self.driver.read_registers(f"{FIREWALL}.connections_{slot}", 0, 4096)
            )
            if cell
        }


class Silent:
    """A listener that ignores all news."""

    def on_state(self, node: str, state: NodeState, reason: str) -> None: ...

    def on_packet_in(self, node: str, packet: object) -> None: ...

    def on_digest(self, node: str, digest: object) -> None: ...


def entry(table: str, action: str, match: dict, priority: int = 0, **params: int) -> P4TableEntry:
    return P4TableEntry(
        f"NodeIngress.{table}",
        match=P4TableMatch(match),
        action=P4TableAction(action, **params),
        priority=priority,
    )


@pytest.fixture(scope="module", params=["embedded", pytest.param("bmv2", marks=pytest.mark.bmv2)])
def node(request: pytest.FixtureRequest) -> Iterator[Firewall]:
    """One node between an outside and an inside host, with its zones set."""
    try:
        check_machine([NODE_PROGRAMS[request.param]])
    except Refused as refusal:
        pytest.skip(str(refusal))
    blueprint = Blueprint.wire(
        "firewall",
        hosts=[
            HostSpec("hA", "10.0.0.1/24", "00:00:00:00:00:0a", "outside"),
            HostSpec("hB", "10.0.0.2/24", "00:00:00:00:00:0b", "inside"),
        ],
        nodes=[NodeSpec("s1", 1)],
        pairs=[("hA", "s1"), ("s1", "hB")],
        placement={},
    )
    run = Run.claim(["s1-eth1", "s1-eth2"])
    endpoints = allocate(["s1"], run.number)
    with Network(blueprint, KINDS[request.param], endpoints, run) as network:
        address = NodeAddress(
            "s1",
            1,
            endpoints["s1"].grpc_address,
            KINDS[request.param].driver,
            endpoints["s1"].thrift_address if request.param == "bmv2" else None,
        )
        driver = make_driver(address)
        driver.start(Silent())
        ports = [Port(network.net.get(h).pid, f"{h}-eth0") for h in ("hA", "hB")]
        try:
            driver.wait_ready(TIMEOUT_S)
            driver.load(
                Program.read(
                    "guarded", PROGRAMS / "guarded.json", PROGRAMS / "guarded.p4info.txtpb"
                )
            )
            for side, port, mac in (("outside", 1, "0a"), ("inside", 2, "0b")):
                driver.write(
                    [
                        +entry("firewall.zone", f"set_{side}", {"ingress_port": port}),
                        +entry(
                            "l2.dmac", "forward", {"dst_addr": f"00:00:00:00:00:{mac}"}, port=port
                        ),
                    ]
                )
            yield Firewall(driver, *ports)
        finally:
            for port in ports:
                port.close()
            driver.stop()


@pytest.fixture
def firewall(node: Firewall) -> Iterator[Firewall]:
    """The node, enforcing, with no connection recorded and no ACL."""
    node.control(learn=ALL_SLOTS, enforce=ALL_SLOTS)
    yield node
    for slot in range(16):
        node.driver.fill_registers(f"{FIREWALL}.connections_{slot}", 0, 4096, 0)
    rules = [e for e in node.driver.table_entries() if e.table_id.endswith("acl") and e.match]
    node.driver.write(-rule for rule in rules)
    node.driver.write([~timeout(4578)])


def timeout(units: int) -> P4TableEntry:
    """Return the idle time-out, in units of 65,536 us."""
    return P4TableEntry(
        "NodeIngress.firewall.timeout",
        action=P4TableAction("set_idle_timeout", units=units),
        is_default_action=True,
    )


def inward(*layers: Packet, **fields: object) -> Packet:
    """Return a packet from the outside host to the inside one."""
    return _stack(OUTSIDE / IP(src="10.0.0.1", dst="10.0.0.2", **fields), layers)


def outward(*layers: Packet, **fields: object) -> Packet:
    """Return a packet from the inside host to the outside one."""
    return _stack(INSIDE / IP(src="10.0.0.2", dst="10.0.0.1", **fields), layers)


def _stack(packet: Packet, layers: tuple[Packet, ...]) -> Packet:
    for layer in layers:
        packet = packet / layer
    return packet


@pytest.mark.parametrize("protocol", [UDP, TCP])
def test_only_replies_to_connections_from_the_inside_pass(firewall, protocol):
    reply = inward(protocol(sport=80, dport=4000))
    assert not firewall.passes(reply)
    assert firewall.passes(outward(protocol(sport=4000, dport=80)))
    assert firewall.passes(reply)
    assert not firewall.passes(inward(protocol(sport=81, dport=4000)))
    assert not firewall.passes(inward(protocol(sport=80, dport=4001)))


def test_a_record_of_one_protocol_does_not_open_another(firewall):
    assert firewall.passes(outward(UDP(sport=4000, dport=80)))
    assert not firewall.passes(inward(TCP(sport=80, dport=4000)))


def test_ipv6_connections_are_tracked_like_ipv4(firewall):
    there = OUTSIDE / IPv6(src="fc00::1", dst="fc00::2")
    back = INSIDE / IPv6(src="fc00::2", dst="fc00::1")
    assert not firewall.passes(there / TCP(sport=80, dport=4000))
    assert firewall.passes(back / TCP(sport=4000, dport=80))
    assert firewall.passes(there / TCP(sport=80, dport=4000))
    assert not firewall.passes(
        OUTSIDE / IPv6(src="fc00::3", dst="fc00::2") / TCP(sport=80, dport=4000)
    )


def test_ping_from_the_inside_is_answered_and_from_the_outside_is_not(firewall):
    assert firewall.passes(outward(ICMP(type="echo-request", id=7)))
    assert firewall.passes(inward(ICMP(type="echo-reply", id=7)))
    assert not firewall.passes(inward(ICMP(type="echo-request", id=8)))


def test_icmp_errors_pass_only_about_recorded_connections(firewall):
    ours = IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=4000, dport=80)
    stranger = IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=4000, dport=81)
    assert firewall.passes(outward(UDP(sport=4000, dport=80)))
    assert firewall.passes(inward(ICMP(type="dest-unreach", code=3), ours))
    assert not firewall.passes(inward(ICMP(type="dest-unreach", code=3), stranger))
    ours6 = IPv6(src="fc00::2", dst="fc00::1") / UDP(sport=4000, dport=80)
    about = OUTSIDE / IPv6(src="fc00::9", dst="fc00::2") / ICMPv6DestUnreach() / ours6
    assert not firewall.passes(about)
    assert firewall.passes(INSIDE / ours6)
    assert firewall.passes(about)


def test_an_icmp_error_from_the_inside_opens_nothing(firewall):
    probe = inward(UDP(sport=80, dport=4000))
    assert not firewall.passes(probe)
    assert firewall.passes(outward(ICMP(type="dest-unreach", code=3), probe[IP].copy()))
    assert not firewall.passes(probe)


def test_vlan_tags_neither_hide_a_packet_nor_get_lost(firewall):
    for tags in (Dot1Q(vlan=5), Dot1AD(vlan=7) / Dot1Q(vlan=5)):
        stranger = OUTSIDE / tags / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=80, dport=4000)
        assert not firewall.passes(stranger)
    assert firewall.passes(outward(UDP(sport=4000, dport=80)))
    assert firewall.passes(stranger)


def test_what_cannot_be_parsed_does_not_pass_from_the_outside(firewall):
    assert firewall.passes(outward(UDP(sport=4000, dport=80)))
    whole = bytes(inward(UDP(sport=80, dport=4000)))
    for length in range(15, 38):  # breaks off in the IP or in the UDP header
        assert not firewall.passes(Raw(whole[:length]))
    three_tags = OUTSIDE / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / IP() / UDP()
    assert not firewall.passes(three_tags)
    assert not firewall.passes(Raw(whole[:14] + b"\x44" + whole[15:]))  # a header of 16 bytes
    assert firewall.passes(Raw(whole))


def test_ip_options_do_not_hide_the_ports(firewall):
    options = [IPOption_NOP()] * 4
    assert firewall.passes(outward(UDP(sport=4000, dport=80)))
    assert firewall.passes(inward(UDP(sport=80, dport=4000), options=options))
    assert not firewall.passes(inward(UDP(sport=81, dport=4000), options=options))


def test_later_fragments_do_not_pass_from_the_outside(firewall):
    assert firewall.passes(outward(UDP(sport=4000, dport=80), frag=8))
    assert firewall.passes(outward(UDP(sport=4000, dport=80)))
    assert firewall.passes(inward(UDP(sport=80, dport=4000), flags="MF"))
    assert not firewall.passes(inward(Raw(b"rest of it"), proto=17, frag=8))


def test_what_is_not_ip_and_neighbour_discovery_is_forwarded(firewall):
    assert firewall.passes(OUTSIDE / ARP(psrc="10.0.0.1", pdst="10.0.0.2"))
    solicitation = IPv6(src="fc00::1", dst="fc00::2") / ICMPv6ND_NS(tgt="fc00::2")
    assert firewall.passes(OUTSIDE / solicitation)


def test_acl_entries_come_before_the_state(firewall):
    host = {"dst_addr": "::ffff:10.0.0.2"}
    firewall.driver.write([+entry("firewall.acl", "allow", {"dst_port": "22"}, priority=10)])
    assert firewall.passes(inward(TCP(sport=5000, dport=22)))
    assert not firewall.passes(inward(TCP(sport=5000, dport=23)))
    deny = entry("firewall.acl", "deny", {"dst_port": "22", **host}, priority=20)
    firewall.driver.write([+deny])
    assert not firewall.passes(inward(TCP(sport=5000, dport=22)))


def test_what_the_acl_denies_is_stopped_from_the_inside_and_not_recorded(firewall):
    firewall.driver.write([+entry("firewall.acl", "deny", {"dst_port": "25"}, priority=10)])
    assert not firewall.passes(outward(TCP(sport=4000, dport=25)))
    assert firewall.cells() == {}


def test_an_idle_connection_expires(firewall):
    reply = inward(UDP(sport=80, dport=4000))
    assert firewall.passes(outward(UDP(sport=4000, dport=80)))
    assert firewall.passes(reply)
    firewall.driver.write([~timeout(12)])  # 786 ms; not before, since replies may be slower
    time.sleep(1.0)
    assert not firewall.passes(reply)
    before = firewall.cells()
    assert firewall.passes(outward(UDP(sport=4000, dport=80)))
    after = firewall.cells()
    assert (before.keys(), before == after) == (after.keys(), False), "it is recorded anew"
    firewall.driver.write([~timeout(4578)])
    assert firewall.passes(reply)


def test_both_directions_of_a_flow_share_one_cell(firewall):
    firewall.passes(outward(UDP(sport=4000, dport=80)))
    firewall.passes(inward(UDP(sport=80, dport=4000)))
    assert len(firewall.cells()) == 1


def test_learning_alone_records_and_stops_nothing(firewall):
    firewall.control(learn=ALL_SLOTS, enforce=0)
    assert firewall.passes(inward(UDP(sport=80, dport=4000)))
    assert firewall.passes(outward(UDP(sport=4001, dport=80)))
    assert len(firewall.cells()) == 1
    firewall.control(learn=ALL_SLOTS, enforce=ALL_SLOTS)
    assert not firewall.passes(inward(UDP(sport=80, dport=4000)))
    assert firewall.passes(inward(UDP(sport=80, dport=4001)))


def test_with_both_words_off_nothing_is_recorded_or_stopped(firewall):
    firewall.control(learn=0, enforce=0)
    assert firewall.passes(outward(UDP(sport=4000, dport=80)))
    assert firewall.passes(inward(UDP(sport=81, dport=4000)))
    assert firewall.cells() == {}


def test_each_bit_of_the_words_governs_its_own_slot(firewall):
    firewall.passes(outward(UDP(sport=4000, dport=80)))
    ((slot, _),) = firewall.cells()
    stranger = inward(UDP(sport=80, dport=4000))
    firewall.driver.fill_registers(f"{FIREWALL}.connections_{slot}", 0, 4096, 0)
    firewall.control(learn=0, enforce=1 << slot)
    assert not firewall.passes(stranger)
    firewall.control(learn=0, enforce=ALL_SLOTS ^ 1 << slot)
    assert firewall.passes(stranger)


def test_a_thousand_connections_do_not_break_each_other(firewall):
    for port in range(1000):
        firewall.passes(outward(UDP(sport=4000, dport=10000 + port)))
    assert len(firewall.cells()) == 1000
    for port in range(0, 1000, 10):
        assert firewall.passes(inward(UDP(sport=10000 + port, dport=4000)))


def test_packets_and_drops_are_counted_by_slot(firewall):
    def counted(name: str) -> int:
        return sum(cell.packets for cell in firewall.driver.read_counters(f"{FIREWALL}.{name}"))

    handled, dropped = counted("handled"), counted("dropped")
    firewall.passes(outward(UDP(sport=4000, dport=80)))
    firewall.passes(inward(UDP(sport=81, dport=4000)))
    assert (counted("handled") - handled, counted("dropped") - dropped) == (2, 1)
