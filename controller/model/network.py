"""The description of a network: which nodes, ports, links, hosts and entries there are.

Read once from YAML and never changed. Unknown keys are refused with their path and the keys that
would do; what refers to something (a link to a port, a host to a node) is checked here, so that
nobody below meets a name that does not exist. What only a P4 program can tell (whether a table or
a function exists) is checked where the program is known.

The file (paths are relative to it)::

    programs: {guarded: {json: build/guarded.json, p4info: build/guarded.p4info.txtpb}}
    nodes:
      s1: {device_id: 1, grpc: "127.0.0.1:50051", program: guarded, ports: [1, 2]}
      s2: {device_id: 2, grpc: "127.0.0.1:50052", driver: bmv2, thrift: "127.0.0.1:9092",
           program: guarded, ports: [1, 2]}
    links: [["s1:2", "s2:1"]]
    hosts:
      hA: {attached: "s1:1", mac: "00:00:00:00:00:0a", ip: ["10.0.0.1"], zone: outside}
    groups: {s1: {1: [1, 2]}, s2: {1: [1, 2]}}          # multicast group to ports
    entries:
      s1:
        - {table: NodeIngress.l2.dmac, match: {dst_addr: "00:00:00:00:00:0a"}, action: forward,
           params: {port: 1}}
    functions: {firewall: {s1: 0-15}}                   # where slots are placed at first
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import networkx as nx

from controller.addresses import problem_of_address
from controller.errors import ConfigError
from controller.model.graph import network_graph
from controller.model.parts import Entry, Host, Link, NodeDescription, Port, ProgramFiles
from controller.model.slots import format_slots, parse_slots
from controller.model.strict import Section, load_yaml

_MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
_PORT = re.compile(r"([^\s:]+):(\d{1,9})")


@dataclass(frozen=True)
class NetworkDescription:
    """A whole network, as its operator described it."""

    programs: Mapping[str, ProgramFiles]
    nodes: Mapping[str, NodeDescription]
    links: tuple[Link, ...]
    hosts: Mapping[str, Host]
    groups: Mapping[str, Mapping[int, tuple[int, ...]]]
    "Node to multicast group to ports."
    entries: Mapping[str, tuple[Entry, ...]]
    "Node to the entries that it shall have, in any program that has their table."
    functions: Mapping[str, Mapping[str, frozenset[int]]]
    "Function to node to slots: where they are placed until nodes or journal say otherwise."

    @cached_property
    def graph(self) -> nx.Graph:
        """Nodes, hosts and links as a frozen graph, made when it is first asked for.

        Names are the graph's nodes (attribute ``kind``); an edge has all links between its ends.
        """
        return nx.freeze(network_graph(self))

    @classmethod
    def read(cls, path: Path | str) -> NetworkDescription:
        """Read and check a description.

        Raises:
            ConfigError: naming the file, the path of the key, and what would do.
        """
        path = Path(path)
        root = load_yaml(path)
        named = ("programs", "nodes", "hosts", "groups", "entries", "functions")
        sections = {key: root.take_section(key) for key in named}
        cables = root.take_list("links", list, [])
        root.end()
        programs = dict(_programs(sections["programs"], path.parent))
        nodes = dict(_nodes(sections["nodes"], programs))
        links = _links(cables, f"{path}: links", nodes)
        hosts = dict(_hosts(sections["hosts"], nodes, links))
        groups = dict(_groups(sections["groups"], nodes))
        entries = dict(_entries(sections["entries"], nodes))
        functions = dict(_functions(sections["functions"], nodes))
        return cls(
            MappingProxyType(programs),
            MappingProxyType(nodes),
            links,
            MappingProxyType(hosts),
            MappingProxyType(groups),
            MappingProxyType(entries),
            MappingProxyType(functions),
        )


def with_entries(network: NetworkDescription, entries: tuple[Entry, ...]) -> NetworkDescription:
    """Return the network with entries that every node shall have besides its own."""
    if not entries:
        return network
    all_entries = {name: (*network.entries.get(name, ()), *entries) for name in network.nodes}
    return replace(network, entries=MappingProxyType(all_entries))


def _programs(section: Section, folder: Path) -> Iterator[tuple[str, ProgramFiles]]:
    for name in section.take_names():
        one = section.take_section(name)
        json, p4info = (folder / one.take(key, str) for key in ("json", "p4info"))
        one.end()
        yield name, ProgramFiles(name, json, p4info)


def _nodes(
    section: Section, programs: Mapping[str, ProgramFiles]
) -> Iterator[tuple[str, NodeDescription]]:
    taken: dict[str, str] = {}
    for name in section.take_names():
        one = section.take_section(name)
        node = _node(name, one, programs)
        one.end()
        for address in filter(None, (node.grpc, node.thrift)):
            if address in taken:
                raise section.error(name, f"{address} is an address of {taken[address]} already")
            taken[address] = name
        yield name, node
    if not taken:
        raise ConfigError(f"{section.file}: nodes: there must be at least one node")


def _node(name: str, one: Section, programs: Mapping[str, ProgramFiles]) -> NodeDescription:
    driver = one.take_choice("driver", ("p4runtime", "bmv2"), "p4runtime")
    thrift = _address(one, "thrift") if driver == "bmv2" else None
    program = one.take("program", str)
    if program not in programs:
        would_do = ", ".join(programs) or "none is described"
        raise one.error("program", f"{program!r} is unknown; these would do: {would_do}")
    ports = one.take_list("ports", int)
    if len(set(ports)) != len(ports) or any(not 0 < port < 2**32 for port in ports):
        raise one.error("ports", f"must be different positive numbers, not {ports}")
    device_id = one.take("device_id", int)
    if not 0 <= device_id < 2**64:
        raise one.error("device_id", f"must be a number of 64 bits, not {device_id}")
    kind: Literal["p4runtime", "bmv2"] = "bmv2" if driver == "bmv2" else "p4runtime"
    return NodeDescription(
        name, device_id, _address(one, "grpc"), kind, thrift, program, tuple(ports)
    )


def _address(one: Section, key: str) -> str:
    text = one.take(key, str)
    problem = problem_of_address(text)
    if problem:
        raise one.error(key, problem)
    return text


def _port(text: object, at: str, nodes: Mapping[str, NodeDescription]) -> Port:
    """Read ``s1:2`` and check that there is such a port; ``at`` begins the error text."""
    match = _PORT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ConfigError(f'{at}: {text!r} must be node:port, for example "s1:2"')
    node = nodes.get(match[1])
    if node is None:
        raise ConfigError(f"{at}: no node {match[1]!r}; these would do: {', '.join(nodes)}")
    if int(match[2]) not in node.ports:
        would_do = ", ".join(map(str, node.ports)) or "it has none"
        raise ConfigError(f"{at}: {node.name} has no port {match[2]}; these would do: {would_do}")
    return Port(node.name, int(match[2]))


def _links(
    cables: list[list[object]], where: str, nodes: Mapping[str, NodeDescription]
) -> tuple[Link, ...]:
    links: list[Link] = []
    used: dict[Port, int] = {}
    for i, ends in enumerate(cables):
        at = f"{where}[{i}]"
        if len(ends) != 2:
            raise ConfigError(f'{at}: a link has two ends, for example ["s1:2", "s2:1"]')
        a, b = (_port(end, at, nodes) for end in ends)
        for port in (a, b):
            if port in used:
                raise ConfigError(f"{at}: {port} is an end of links[{used[port]}] already")
            used[port] = i
        if a.node == b.node:
            raise ConfigError(f"{at}: both ends are at {a.node}: a link joins two nodes")
        links.append(Link(a, b))
    return tuple(links)


def _hosts(
    section: Section, nodes: Mapping[str, NodeDescription], links: tuple[Link, ...]
) -> Iterator[tuple[str, Host]]:
    used = {port: "a link" for link in links for port in (link.a, link.b)}
    macs: dict[str, str] = {}
    for name in section.take_names():
        if name in nodes:
            raise section.error(name, "a node has this name already")
        one = section.take_section(name)
        at = f"{section.file}: hosts.{name}"
        attached = _port(one.take("attached", str), f"{at}.attached", nodes)
        if attached in used:
            raise ConfigError(f"{at}.attached: {attached} is used by {used[attached]} already")
        used[attached] = name
        mac = _mac(one)
        if mac in macs:
            raise one.error("mac", f"{mac} is the address of {macs[mac]} already")
        macs[mac] = name
        yield name, Host(name, attached, mac, _ips(one), _zone(one))
        one.end()


def _mac(one: Section) -> str:
    mac = one.take("mac", str)
    if _MAC.fullmatch(mac) is None:
        raise one.error("mac", f"{mac!r} must look like 00:00:00:00:00:0a")
    return mac.lower()


def _ips(one: Section) -> tuple[str, ...]:
    ips = one.take_list("ip", str, [])
    for ip in ips:
        try:
            ipaddress.ip_address(ip)
        except ValueError as exc:
            raise one.error("ip", f"{ip!r} is no IPv4 or IPv6 address") from exc
    return tuple(ips)


def _zone(one: Section) -> str | None:
    zone: str | None = one.take("zone", str, None)
    if zone is not None and not zone.strip():
        raise one.error("zone", "must be a word such as inside, or be left out")
    return zone


def _known_node(section: Section, name: str, nodes: Mapping[str, NodeDescription]) -> None:
    if name not in nodes:
        raise section.error(name, f"no node {name!r}; these would do: {', '.join(nodes)}")


def _groups(
    section: Section, nodes: Mapping[str, NodeDescription]
) -> Iterator[tuple[str, Mapping[int, tuple[int, ...]]]]:
    for name in section.take_names():
        _known_node(section, name, nodes)
        one = section.take_section(name)
        groups: dict[int, tuple[int, ...]] = {}
        for group in one.take_numbers(1, 0xFFFF):
            ports = one.take_list(group, int)
            for port in ports:
                _port(f"{name}:{port}", f"{one.file}: {one.path}.{group}", nodes)
            groups[group] = tuple(ports)
        yield name, MappingProxyType(groups)


def _entries(
    section: Section, nodes: Mapping[str, NodeDescription]
) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    for name in section.take_names():
        _known_node(section, name, nodes)
        yield name, tuple(_entry(one) for one in section.take_sections(name))


def _entry(one: Section) -> Entry:
    entry = Entry(
        table=one.take("table", str),
        match=MappingProxyType(one.take("match", dict, {})),
        action=one.take("action", str),
        params=MappingProxyType(one.take("params", dict, {})),
        priority=one.take("priority", int, 0),
        default=one.take("default", bool, False),
        at=f"{one.file}: {one.path}",
    )
    one.end()
    if entry.default and entry.match:
        raise one.error("match", "a default action has no match")
    return entry


def _functions(
    section: Section, nodes: Mapping[str, NodeDescription]
) -> Iterator[tuple[str, Mapping[str, frozenset[int]]]]:
    for function in section.take_names():
        one = section.take_section(function)
        placed: dict[str, frozenset[int]] = {}
        for name in one.take_names():
            _known_node(one, name, nodes)
            slots = _slots(one, name)
            for other, others in placed.items():
                if slots & others:
                    twice = format_slots(slots & others)
                    raise one.error(name, f"slots {twice} are placed at {other} already")
            placed[name] = slots
        yield function, MappingProxyType(placed)


def _slots(one: Section, name: str) -> frozenset[int]:
    value = one.take_scalar(name)
    try:
        return parse_slots(value)
    except ValueError as exc:
        raise one.error(name, str(exc)) from exc
