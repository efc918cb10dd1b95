"""The network's description: what is read from YAML, and how each mistake is told."""

import textwrap

import pytest

from controller.errors import ConfigError
from controller.model.network import NetworkDescription
from controller.model.parts import Link, Port

GOOD = """
programs: {guarded: {json: build/g.json, p4info: build/g.txt}, l2: {json: l.json, p4info: l.txt}}
nodes:
  s1: {device_id: 1, grpc: "127.0.0.1:50051", program: guarded, ports: [1, 2]}
  s2: {device_id: 2, grpc: "127.0.0.1:50052", driver: bmv2, thrift: "127.0.0.1:9092", program: l2,
       ports: [1, 2, 3]}
links: [["s1:2", "s2:1"]]
hosts:
  hA: {attached: "s1:1", mac: "00:00:00:00:00:0A", ip: ["10.0.0.1", "fd00::1"],
       zone: outside}
  hB: {attached: "s2:2", mac: 00:11:22:33:44:55}
groups: {s1: {1: [1, 2]}}
entries:
  s1:
    - {table: dmac, match: {dst_addr: "00:00:00:00:00:0a"}, action: forward, params: {port: 1}}
    - {table: timeout, action: set_idle_timeout, params: {units: 5}, default: true}
functions: {firewall: {s1: 0-7, s2: "8-15"}}
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "network.yaml"
        path.write_text(textwrap.dedent(text))
        return NetworkDescription.read(path)

    return read


def test_a_whole_description_is_read(read, tmp_path):
    network = read(GOOD)
    assert network.programs["guarded"].json == tmp_path / "build/g.json"
    assert network.nodes["s2"].thrift == "127.0.0.1:9092"
    assert network.nodes["s1"].driver == "p4runtime"
    assert network.links == (Link(Port("s1", 2), Port("s2", 1)),)
    assert network.hosts["hA"].mac == "00:00:00:00:00:0a"
    assert network.hosts["hA"].zone == "outside"
    assert network.hosts["hB"].zone is None
    assert network.groups["s1"] == {1: (1, 2)}
    assert network.entries["s1"][1].default
    assert network.functions["firewall"]["s1"] == frozenset(range(8))


def test_a_mac_address_of_digits_only_stays_text(read):
    assert read(GOOD).hosts["hB"].mac == "00:11:22:33:44:55"


def test_a_node_gives_the_southbound_its_address(read):
    address = read(GOOD).nodes["s2"].address()
    assert (address.name, address.device_id, address.driver) == ("s2", 2, "bmv2")


def test_a_description_cannot_be_changed(read):
    with pytest.raises(TypeError):
        read(GOOD).nodes["s3"] = None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("programs:", "program:", "program: this key is unknown; these would do: entries"),
        ("device_id: 1,", "devid: 1,", "nodes.s1.device_id: is missing"),
        ("device_id: 1,", "device_id: one,", "nodes.s1.device_id: must be a whole number"),
        ("device_id: 1,", "device_id: 1, colour: red,", "nodes.s1.colour: this key is unknown"),
        ("program: guarded", "program: nat", "'nat' is unknown; these would do: guarded, l2"),
        ("driver: bmv2", "driver: tofino", "'tofino' is unknown; these would do: p4runtime, bmv2"),
        ("127.0.0.1:50051", "127.0.0.1", "must be host:port"),
        ("127.0.0.1:50051", "127.0.0.1:99999", "must be host:port"),
        ("127.0.0.1:50052", "127.0.0.1:50051", "is an address of s1 already"),
        ('thrift: "127.0.0.1:9092", ', "", "nodes.s2.thrift: is missing"),
        ("ports: [1, 2]}", "ports: [1, 1]}", "nodes.s1.ports: must be different"),
        ("ports: [1, 2]}", "ports: [1, two]}", "nodes.s1.ports[1]: must be a whole number"),
        ('"s1:2", "s2:1"', '"s1:2"', "links[0]: a link has two ends"),
        ('"s1:2", "s2:1"', '"s1:9", "s2:1"', "s1 has no port 9; these would do: 1, 2"),
        ('"s1:2", "s2:1"', '"s9:2", "s2:1"', "no node 's9'; these would do: s1, s2"),
        ('"s1:2", "s2:1"', '"s1-2", "s2:1"', "must be node:port"),
        ('"s1:2", "s2:1"', '"s1:2", "s1:1"', "links[0]: both ends are at s1"),
        ('"s1:2", "s2:1"', '"s1:2", "s1:2"', "s1:2 is an end of links[0] already"),
        ('["s1:2", "s2:1"]]', '["s1:2", "s2:1"], ["s1:2", "s2:3"]]', "is an end of links[0]"),
        ('attached: "s1:1"', 'attached: "s1:2"', "s1:2 is used by a link already"),
        ("mac: 00:11:22:33:44:55", 'mac: "00:00:00:00:00:0a"', "is the address of hA already"),
        ("00:00:00:00:00:0A", "00:00:0A", "must look like 00:00:00:00:00:0a"),
        ('"10.0.0.1"', '"10.0.0.300"', "'10.0.0.300' is no IPv4 or IPv6 address"),
        ("zone: outside", "zone: ''", "hosts.hA.zone: must be a word"),
        ("groups: {s1: {1:", "groups: {s1: {0:", "groups.s1.0: must be a number from 1 to 65535"),
        ("{1: [1, 2]}", "{1: [1, 7]}", "s1 has no port 7"),
        ("s1: 0-7", "s1: 0-8", "slots 8 are placed at s1 already"),
        ("s1: 0-7", "s1: all", "'all' is no slot"),
        ("s1: 0-7", "s9: 0-7", "no node 's9'; these would do: s1, s2"),
        ("hA: {", "s1: {", "a node has this name already"),
        ("params: {units: 5}, default", "match: {a: 1}, default", "a default action has no match"),
        ("links:", "nodes: {}\nlinks:", "the key 'nodes' stands here twice"),
        ("links: [", "links: {", "is not YAML"),
    ],
)
def test_each_mistake_is_told_with_its_place_and_what_would_do(read, old, new, told):
    assert old in GOOD
    with pytest.raises(ConfigError) as error:
        read(GOOD.replace(old, new, 1))
    assert told in str(error.value)
    assert "network.yaml" in str(error.value)


def test_a_description_without_nodes_is_refused(read):
    with pytest.raises(ConfigError, match="there must be at least one node"):
        read("programs: {}")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        NetworkDescription.read(tmp_path / "none.yaml")
