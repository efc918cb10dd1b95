"""The switch's metrics over real HTTP."""

import socket
import urllib.request

from finsy.proto import p4r
from p4rt import DEVICE_ID, Set, everything_config, wait_for
from prometheus_client.parser import text_string_to_metric_families
from switch_process import refused, running_switch

from switch.runtime.drops import Drop


def scrape(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        (sample.name, sample.labels.get("reason")): sample.value
        for family in families
        for sample in family.samples
        if sample.labels.get("device_id") in (None, str(DEVICE_ID))
    }


def test_packets_drops_and_reloads_are_scraped():
    with running_switch("--metrics", "127.0.0.1:0") as switch:
        before = scrape(switch.metrics)
        assert before["hitless_switch_up", None] == 1
        assert before["hitless_switch_program_loads_total", None] == 0
        assert {r for n, r in before if n == "hitless_switch_dropped_packets_total"} == {
            drop.name.lower() for drop in Drop
        }
        client = switch.primary()
        client.set_config(Set.VERIFY_AND_COMMIT, everything_config())
        out = p4r.PacketOut(payload=b"x" * 60)
        out.metadata.add(metadata_id=1, value=b"\x02")
        out.metadata.add(metadata_id=2, value=b"\x00")
        client.primary_stream.send(packet=out)
        wait_for(lambda: scrape(switch.metrics)["hitless_switch_packet_outs_total", None] == 1)
        after = scrape(switch.metrics)
        assert after["hitless_switch_dropped_packets_total", "no_port"] == 1
        assert after["hitless_switch_program_loads_total", None] == 1
        assert after["process_cpu_seconds_total", None] > 0


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        errors = refused("--grpc", "127.0.0.1:0", "--metrics", address)
    assert f"cannot serve metrics at {address}" in errors
    assert "--metrics" in errors
