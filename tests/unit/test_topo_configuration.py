"""The management entity's configuration as it is written for a network."""

import pytest
import yaml

from controller.model.network import NetworkDescription
from controller.planning.policy import Policy
from topo.configuration import Behaviour, describe, describe_policy, write_configuration
from topo.endpoints import Endpoints
from topo.errors import Refused
from topo.topologies import TOPOLOGIES, diamond, line

ENDPOINTS = {"s1": Endpoints(50051, 9091), "s2": Endpoints(50052, 9092)}


def written(directory, driver="p4runtime"):
    return write_configuration(directory, directory / "state", line(), ENDPOINTS, driver)


@pytest.mark.parametrize("driver", ["p4runtime", "bmv2"])
def test_the_management_entity_reads_the_network_file(tmp_path, driver):
    network = NetworkDescription.read(written(tmp_path, driver).network)
    assert list(network.nodes) == ["s1", "s2"]
    assert network.functions["firewall"] == {"s1": frozenset(range(16))}


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_the_management_entity_reads_the_files_of_every_topology(tmp_path, name):
    blueprint = TOPOLOGIES[name].blueprint()
    endpoints = {node: Endpoints(50051 + i, 0) for i, node in enumerate(blueprint.node_names)}
    files = write_configuration(tmp_path, tmp_path / "state", blueprint, endpoints, "p4runtime")
    network = NetworkDescription.read(files.network)
    Policy.read(files.policy).check(network, ["firewall"])
    assert {host.name: host.zone for host in network.hosts.values()} == {
        host.name: host.zone for host in blueprint.hosts
    }
    entries = network.entries[blueprint.node_names[0]]
    forwarded = [entry for entry in entries if entry.table.endswith("dmac")]
    assert bool(forwarded) is not blueprint.looped
    assert f"enabled = {str(blueprint.looped).lower()}" in files.me.read_text()


def test_bmv2_nodes_have_a_thrift_address_and_others_none():
    assert describe(line(), ENDPOINTS, "bmv2")["nodes"]["s2"]["thrift"] == "127.0.0.1:9092"
    assert "thrift" not in describe(line(), ENDPOINTS, "p4runtime")["nodes"]["s2"]


def test_each_node_forwards_to_each_host_and_knows_its_zones():
    entries = describe(line(), ENDPOINTS, "p4runtime")["entries"]["s2"]
    forwarding = {e["match"]["dst_addr"]: e["params"]["port"] for e in entries if "params" in e}
    zones = {e["match"]["ingress_port"]: e["action"] for e in entries if "params" not in e}
    assert forwarding == {"00:00:00:00:00:0a": 1, "00:00:00:00:00:0b": 2}
    assert zones == {1: "set_outside", 2: "set_inside"}


def test_links_between_nodes_are_listed_and_hosts_are_attached():
    document = describe(line(), ENDPOINTS, "p4runtime")
    assert document["links"] == [["s1:2", "s2:1"]]
    assert document["hosts"]["hB"]["attached"] == "s2:2"


def test_a_program_that_is_not_compiled_is_refused_with_those_that_are():
    with pytest.raises(Refused, match=r"no program nat in .*guarded, l2"):
        describe(line().with_programs({"s1": "nat"}), ENDPOINTS, "p4runtime")


def test_files_of_others_are_not_overwritten(tmp_path):
    (tmp_path / "network.yaml").write_text("mine")
    with pytest.raises(Refused, match="exists already"):
        written(tmp_path)
    assert (tmp_path / "network.yaml").read_text() == "mine"


def test_removing_takes_what_was_written_and_no_more(tmp_path):
    (tmp_path / "note").write_text("not ours")
    written(tmp_path).remove()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["note"]


def test_the_network_file_is_plain_yaml(tmp_path):
    document = yaml.safe_load(written(tmp_path).network.read_text())
    assert document == describe(line(), ENDPOINTS, "p4runtime")


def test_thresholds_are_written_where_there_is_a_choice_of_nodes(tmp_path):
    behaviour = Behaviour(high_pps=1_200, low_pps=500, hold_s=0.0, poll_interval_s=0.25)
    assert "defaults" not in describe_policy(line(), behaviour)
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump(describe_policy(diamond(), behaviour)))
    thresholds = Policy.read(path).thresholds("s3")
    assert (thresholds.high_pps, thresholds.low_pps, thresholds.hold_s) == (1_200, 500, 0)


def test_how_often_load_is_measured_is_written_too(tmp_path):
    endpoints = {name: Endpoints(50051, 9091) for name in ("s1", "s2", "s3", "s4")}
    behaviour = Behaviour(poll_interval_s=0.25, smoothing_s=0.0)
    files = write_configuration(
        tmp_path, tmp_path / "state", diamond(), endpoints, "p4runtime", behaviour
    )
    assert "[load]\ninterval_s = 0.25\nsmoothing_s = 0.0\n" in files.me.read_text()
