"""A network that is up: Mininet's hosts and links, our nodes, an ending without leftovers.

Mininet's own `stop` talks to the shells of its nodes and gives up in the middle when a signal has
interrupted one of them, and its clean-up command kills by name whatever looks like Mininet's. Here
the ending needs no shell: processes are stopped by their id, interfaces deleted by the names that
this run has noted, and what still runs in the hosts' network namespaces, which nobody else can have
entered, is killed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from mininet.net import Mininet
from mininet.node import Node

from topo.blueprint import Blueprint, End
from topo.endpoints import Endpoints
from topo.hosts import EndHost
from topo.interruption import uninterrupted
from topo.nodes import ForwardingNode
from topo.process import ManagedProcess
from topo.quiet import silence_switch_port
from topo.runs import Run


class Emulation(Mininet):
    """Mininet without its start-up, which changes a dozen sysctls of the machine for good."""

    @classmethod
    def init(cls) -> None:
        """Do nothing: `requirements` has checked for root, and no limit needs to be raised."""
        cls.inited = True


class Network:
    """A blueprint brought up with nodes of one kind; a context manager.

    With `known_neighbours` hosts know each other's MAC addresses and never send ARP.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        kind: type[ForwardingNode],
        endpoints: Mapping[str, Endpoints],
        run: Run,
        known_neighbours: bool = False,
    ) -> None:
        self.blueprint = blueprint
        self.run = run
        self.net = Emulation(topo=None, build=False, controller=None)
        self._kind = kind
        self._endpoints = endpoints
        self._known_neighbours = known_neighbours
        self._processes: list[ManagedProcess] = []

    def __enter__(self) -> Network:
        try:
            self._build()
            self._start_nodes()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def node(self, name: str) -> ForwardingNode:
        """Return the forwarding node of that name."""
        return self.net.nameToNode[name]

    @property
    def nodes(self) -> list[ForwardingNode]:
        """All forwarding nodes."""
        return self.net.switches

    def process(self, name: str, argv: Sequence[str], host: str | None = None) -> ManagedProcess:
        """Start a process, inside a host if one is named; it ends with the network."""
        pid = None if host is None else self.net.nameToNode[host].pid
        process = ManagedProcess(name, argv, self.run.directory / f"{name}.log", namespace_pid=pid)
        process.start()
        self._processes.append(process)
        self.run.note_process(process.pid)
        return process

    def restart_node(self, name: str) -> None:
        """Start a node's process again, what is left of the old one ended before."""
        node = self.node(name)
        node.process.stop()
        node.start()
        self.run.note_process(node.process.pid)
        node.wait_ready()

    def close(self) -> None:
        """Stop and remove everything that this network consists of. Harmless when repeated."""
        with uninterrupted():
            for process in reversed(self._processes):
                process.stop()
            for node in self.nodes:
                node.process.terminate()
            for node in self.nodes:
                node.process.stop()
            for host in self.net.hosts:
                _empty_namespace(host)
            for node in (*self.net.hosts, *self.net.switches):
                _end_shell(node)
            self.net.hosts, self.net.switches, self._processes = [], [], []
            self.run.close()

    def _build(self) -> None:
        for host in self.blueprint.hosts:
            others = [other for other in self.blueprint.hosts if other is not host]
            known = {other.address: other.mac for other in others} if self._known_neighbours else {}
            self.net.addHost(host.name, cls=EndHost, ip=host.ip, mac=host.mac, neighbours=known)
        for node in self.blueprint.nodes:
            self.net.addSwitch(
                node.name,
                cls=self._kind,
                device_id=node.device_id,
                endpoints=self._endpoints[node.name],
                directory=self.run.directory,
            )
        for link in self.blueprint.links:
            self._link(*link)
        self.net.build()

    def _link(self, first: End, second: End) -> None:
        names = {end: self._interface(end) for end in (first, second)}
        macs = {end: self._mac(end, name) for end, name in names.items()}
        self.net.addLink(
            *(first.owner, second.owner),
            port1=first.port,
            port2=second.port,
            intfName1=names[first],
            intfName2=names[second],
            addr1=macs[first],
            addr2=macs[second],
        )
        for end, name in names.items():
            if end.port > 0:
                silence_switch_port(name)

    def _interface(self, end: End) -> str:
        return self.run.interface(end.interface) if end.port > 0 else end.interface

    def _mac(self, end: End, name: str) -> str:
        return self.run.note_interface(name) if end.port > 0 else self.blueprint.host(end.owner).mac

    def _start_nodes(self) -> None:
        for node in self.nodes:
            node.start()
            self.run.note_process(node.process.pid)
        for node in self.nodes:
            node.wait_ready()


def _empty_namespace(host: Node) -> None:
    """Kill all processes in a host's network namespace but its shell."""
    namespace = os.stat(f"/proc/{host.pid}/ns/net")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == host.pid:
            continue
        with suppress(OSError):  # it ended meanwhile
            if os.path.samestat(os.stat(entry / "ns/net"), namespace):
                os.kill(int(entry.name), signal.SIGKILL)


def _end_shell(node: Node) -> None:
    """Kill a Mininet node's shell and whatever runs in it, and free its terminal."""
    if node.shell is not None:
        with suppress(ProcessLookupError):
            os.killpg(node.shell.pid, signal.SIGKILL)
        node.cleanup()
