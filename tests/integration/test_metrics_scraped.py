"""Metrics scraped over real HTTP from a management entity, on both hubs."""

import json
import socket
import urllib.request

import me_files
import pytest
from me_process import MeProcess
from p4runtime_peer import FakeNode
from prometheus_client.parser import text_string_to_metric_families


def scrape(port):
    """Return sample name to (labels, value) pairs."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def is_served(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def one(found, name, **labels):
    return next((v for has, v in found.get(name, ()) if labels.items() <= has.items()), None)


def start(directory, port, grpc_ports, hub="native"):
    arguments = me_files.write_files(directory, me_files.describe_line(grpc_ports))
    config = directory / "metrics.conf"
    config.write_text(
        "[DEFAULT]\nevent_log = events.jsonl\n"
        f"[metrics]\nlisten = 127.0.0.1:{port}\n"
        "[load]\ninterval_s = 0.1\n"
    )
    return MeProcess(directory, [*arguments, "--config-file", str(config)], hub)


@pytest.mark.parametrize("hub", ["native", "eventlet"])
def test_nodes_polls_and_sessions_are_scraped(tmp_path, hub):
    port, nobody = me_files.free_ports(2)
    node = FakeNode()
    node.start()
    try:
        with start(tmp_path, port, {"s1": node.port, "s2": nobody}, hub) as me:
            me.wait_for(lambda: is_served(port), "metrics are served")
            me.wait_for(
                lambda: one(scrape(port), "hitless_node_state", node="s1", state="ready") == 1,
                "s1 is ready",
            )
            me.wait_for(
                lambda: one(scrape(port), "hitless_load_packets_per_second", node="s1") == 0,
                "the load of s1 is known",
            )
            found = scrape(port)
            assert one(found, "hitless_node_state", node="s2", state="down") == 1
            assert one(found, "hitless_poll_duration_seconds_count", node="s1") > 1
            assert one(found, "hitless_poll_failures_total", node="s1") == 0
            assert one(found, "hitless_session_changes_total", node="s1", state="primary") == 1
            assert one(found, "hitless_build_info", hub=hub) == 1
            assert one(found, "process_cpu_seconds_total") > 0
            lines = (tmp_path / "events.jsonl").read_text().splitlines()
            told = [(e["event"], e.get("node")) for e in map(json.loads, lines)]
            assert ("node_ready", "s1") in told
            assert me.stop() == 0
            assert "Traceback" not in me.log
    finally:
        node.stop()


def test_a_port_that_is_taken_is_told_with_its_option(tmp_path):
    first, second = me_files.free_ports(2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start(tmp_path, port, {"s1": first, "s2": second}) as me:
            assert me.process.wait(20) == 1
            assert f"metrics cannot be served at 127.0.0.1:{port}" in me.log
            assert "[metrics] listen" in me.log
