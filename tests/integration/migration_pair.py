"""Two real switches and a manager over them, for tests of migrations without a network.

The switches have no interfaces. Packets come in by packet-outs that run through the pipeline as if
they had come in at a port, and what becomes of them shows in registers and counters. So probes
have no way between the two, and need none: nothing is ever under way.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from southbound_tools import LIMIT_S, OPTIONS, Listener, program
from switch_processes import SwitchProcess

from controller.migration.journal import SqliteJournal
from controller.migration.manager import MigrationManager
from controller.migration.plan import MigrationRequest
from controller.migration.record import MigrationRecord
from controller.migration.site import MigrationOptions
from controller.model.network import NetworkDescription
from controller.model.parts import Entry, Host, Link, NodeDescription, Port, ProgramFiles
from controller.southbound.driver import NodeAddress, NodeDriver
from controller.southbound.factory import make_driver
from controller.southbound.p4runtime import P4RuntimeDriver
from controller.southbound.program import Program

FIREWALL = "NodeIngress.firewall"
OUTSIDE, INSIDE = 1, 2
"Ports of each node."
ALL = frozenset(range(16))
PROGRAMS = {name: program(name) for name in ("guarded", "l2", "l2_firewall")}
CELLS = 4096

_THROUGH_PIPELINE = 2


class Died(BaseException):
    """The management entity was killed at this point."""


class Pair:
    """Switches s1 and s2 of one kind, their drivers, and a manager."""

    def __init__(self, kind: str, programs: Mapping[str, Program] = PROGRAMS) -> None:
        self.kind = kind
        self.programs = programs
        self.flush: Callable[[str, str, frozenset[int]], None] = lambda *_: None
        "Waits for packets under way."
        self.switches = {f"s{i}": SwitchProcess(kind, device_id=i) for i in (1, 2)}
        self.drivers: dict[str, NodeDriver] = {}
        self.journal = SqliteJournal(":memory:")
        self.network: NetworkDescription
        self.manager: MigrationManager

    def __enter__(self) -> Pair:
        for switch in self.switches.values():
            switch.start()
        self.connect()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.disconnect()
        for switch in self.switches.values():
            switch.stop()

    def connect(self) -> None:
        """Begin a session with each switch."""
        for name, switch in self.switches.items():
            self.drivers[name] = make_driver(self._address(name, switch))
            self.drivers[name].start(Listener())
        for driver in self.drivers.values():
            driver.wait_ready(LIMIT_S)

    def disconnect(self) -> None:
        """End the sessions."""
        for driver in self.drivers.values():
            driver.stop()

    def _address(self, name: str, switch: SwitchProcess) -> NodeAddress:
        bmv2 = self.kind == "bmv2"
        return NodeAddress(
            name,
            switch.device_id,
            switch.grpc,
            "bmv2" if bmv2 else "p4runtime",
            thrift=switch.thrift if bmv2 else None,
            options=OPTIONS,
        )

    def set_up(
        self,
        programs: tuple[str, str],
        entries: Mapping[str, tuple[Entry, ...]],
        functions: tuple[str, ...] = ("firewall",),
    ) -> None:
        """Give both switches programs as if new, with functions at s1, and a new journal."""
        for driver, name in zip(self.drivers.values(), programs, strict=True):
            driver.load(self.programs[name])
        self.network = replace(
            _describe(self.switches, programs, entries),
            programs={name: ProgramFiles(name, Path(), Path()) for name in self.programs},
            functions={name: {"s1": ALL} for name in functions},
        )
        self.journal = SqliteJournal(":memory:")
        self.start_manager()

    def start_manager(self) -> list[MigrationRecord]:
        """Start a manager over the journal, as a new process would."""
        self.manager = MigrationManager(
            self.network,
            self.drivers,
            self.programs,
            self.journal,
            self,
            MigrationOptions(retry_s=0, again_s=0),
            flush=lambda *asked: self.flush(*asked),
            spawn=lambda work, _name: work(),
        )
        for name in self.drivers:
            self.manager.node_back(name)
        return self.manager.recover()

    def on_migration(self, record: MigrationRecord) -> None:
        """Hear of migrations; nobody here wants to know."""

    def move(
        self, source: str, destination: str, function: str = "firewall", **request: Any
    ) -> MigrationRecord:
        """Move slots and return how it came out."""
        wanted = MigrationRequest(function, source, destination, **request)
        return self.manager.get(self.manager.submit(wanted))

    def placement(self, function: str = "firewall") -> dict[str, frozenset[int]]:
        """Return who enforces what."""
        return self.manager.placement().by_node(function)

    # State

    def connections(self, name: str) -> dict[tuple[int, int, int], int]:
        """Return a node's connections: slot, bucket and fingerprint to age, in units."""
        driver = self.drivers[name]
        now = driver.clock().node_us >> 16
        found = {}
        for slot in ALL:
            cells = driver.read_registers(f"{FIREWALL}.connections_{slot}", 0, CELLS)
            for index, cell in enumerate(cells):
                if cell:
                    found[slot, index // 4, cell >> 32] = now - (cell & 0xFFFF_FFFF)
        return found

    def put_connections(self, name: str, cells: Mapping[int, Mapping[int, int]]) -> None:
        """Write cells, slot to index to fingerprint, last seen now."""
        driver = self.drivers[name]
        now = driver.clock().node_us >> 16
        for slot, values in cells.items():
            driver.write_registers(
                f"{FIREWALL}.connections_{slot}",
                {index: key << 32 | now for index, key in values.items()},
            )

    def send(self, name: str, port: int, *flows: tuple[int, int]) -> None:
        """Let a node receive UDP packets at one of its ports, of flows between addresses 10.0.0.x.

        They are through when this returns, since an echo that was sent after them has come back.
        (BMv2's driver reads the clock without a packet, which would not tell.)
        """
        driver = self.drivers[name]
        for source, destination in flows:
            frame = udp_frame(source, destination)
            driver.packet_out(frame, egress_port=port, mode=_THROUGH_PIPELINE)
        P4RuntimeDriver.clock(driver)

    def dropped(self, name: str) -> int:
        """Return how many packets the firewall of a node has dropped."""
        return sum(cell.packets for cell in self.drivers[name].read_counters(f"{FIREWALL}.dropped"))

    @contextlib.contextmanager
    def dying_at(self, name: str, call: str) -> Iterator[None]:
        """Make the process die when it is about to make this call of a node's driver."""
        driver = self.drivers[name]

        def die(*_args: object) -> None:
            raise Died(f"{name}: {call}")

        setattr(driver, call, die)
        try:
            yield
        finally:
            delattr(driver, call)


def udp_frame(source: int, destination: int) -> bytes:
    """Make an Ethernet frame with a UDP datagram from 10.0.0.source:1000 to …destination:1000."""
    udp = struct.pack("!HHHH", 1000, 1000, 8, 0)
    addresses = bytes([10, 0, 0, source, 10, 0, 0, destination])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + addresses
    words = struct.unpack("!10H", ip)
    total = sum(words)
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    ip = ip[:10] + struct.pack("!H", checksum) + ip[12:]
    ethernet = bytes([0, 0, 0, 0, 0, destination, 0, 0, 0, 0, 0, source]) + b"\x08\x00"
    return (ethernet + ip + udp).ljust(60, b"\0")


def _describe(
    switches: Mapping[str, SwitchProcess],
    programs: tuple[str, str],
    entries: Mapping[str, tuple[Entry, ...]],
) -> NetworkDescription:
    nodes = {
        name: NodeDescription(
            name, switch.device_id, switch.grpc, "p4runtime", None, started_with, (1, 2)
        )
        for (name, switch), started_with in zip(switches.items(), programs, strict=True)
    }
    return NetworkDescription(
        programs={},
        nodes=nodes,
        links=(Link(Port("s1", 2), Port("s2", 1)),),
        hosts={
            "hA": Host("hA", Port("s1", 1), "00:00:00:00:00:0a", ()),
            "hB": Host("hB", Port("s2", 2), "00:00:00:00:00:0b", ()),
        },
        groups={name: {1: (1, 2)} for name in nodes},
        entries=entries,
        functions={},
    )
