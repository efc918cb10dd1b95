"""Each command over a real socket: a management entity over two embedded switches."""

from __future__ import annotations

import json
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import me_files
import pytest
from holding import Hold, write_app
from line_network import LineNetwork
from me_process import HITLESS, MeProcess
from terminal import LIMIT_S, Terminal

from controller.operator.client import RpcClient
from controller.operator.faults import RequestFailed

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeProcess]:
    directory = tmp_path_factory.mktemp("me")
    with LineNetwork(tmp_path_factory.mktemp("line")) as network:
        description = me_files.describe_line(network.grpc_ports)
        arguments = me_files.write_files(directory, description)
        apps = [write_app(directory), *arguments]
        with MeProcess(directory, apps, prefix=network.command()) as me:
            me.wait_serving()
            me.wait_for(lambda: me.ask("status")["nodes"]["ready"] == 2, "both nodes are ready")
            assert network.on_host("hB", "ping", "-c3", "-i0.2", "10.0.0.1").returncode == 0
            yield me
            assert "Traceback" not in me.log


def lines(me: MeProcess, *words: str) -> list[list[str]]:
    """Run a command for people; return the words of its lines."""
    done = me.hitless(*words)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def test_nodes_are_shown_all_or_one(me: MeProcess) -> None:
    assert [line[0] for line in lines(me, "nodes")] == ["NODE", "s1", "s2"]
    (node,) = me.data("nodes", "s2")["nodes"]
    assert (node["name"], node["state"], node["program"]) == ("s2", "ready", "guarded")


def test_the_network_is_shown_at_a_glance(me: MeProcess) -> None:
    data = me.data("overview")
    assert [node["name"] for node in data["nodes"]] == ["s1", "s2"]
    assert [node["enforces"] for node in data["nodes"]] == [{"firewall": "0-15"}, {}]
    assert data["functions"]["firewall"]["able"] == ["s1", "s2"]
    assert data["links"] == [{"a": "s1:2", "b": "s2:1"}]
    assert data["scaling"]["paused"] is False
    assert ["nodes", "ready", "2", "of", "2"] in lines(me, "overview")
    assert ["firewall", "s1", "0-15"] in lines(me, "overview")


def test_links_and_hosts_are_shown(me: MeProcess) -> None:
    (link,) = me.data("links")["links"]
    assert (link["a"], link["b"]) == ("s1:2", "s2:1")
    assert all(ms > 0 for ms in link["lldp_ms"])  # frames go over it both ways
    hosts = {host["name"]: host for host in me.data("hosts")["hosts"]}
    assert hosts["hA"].items() >= {"attached": "s1:1", "ip": ["10.0.0.1"]}.items()
    assert "00:00:00:00:00:0b" in lines(me, "hosts")[2]


def test_ports_tell_what_they_face(me: MeProcess) -> None:
    peers = {port["port"]: port["peer"] for port in me.data("ports")["ports"]}
    assert peers.items() <= {"s1:1": "hA", "s1:2": "s2:1", "s2:1": "s1:2", "s2:2": "hB"}.items()
    assert me.hitless("ports", "s1").returncode == 0


def test_the_path_between_hosts_is_shown_by_slot(me: MeProcess) -> None:
    ways = me.data("path", "hA", "hB")["paths"]
    assert ways == [{"slots": list(range(16)), "nodes": ["s1", "s2"]}]
    assert lines(me, "path", "hB", "hA")[1] == ["0-15", "s2", "-", "s1"]
    done = me.hitless("path", "hA", "hC")
    assert (done.returncode, "no host 'hC'; these would do: hA, hB" in done.stderr) == (2, True)


def test_slots_tell_who_enforces_each(me: MeProcess) -> None:
    slots = me.data("slots", "firewall")["slots"]
    assert [slot["slot"] for slot in slots] == list(range(16))
    assert all(slot["enforced_by"] == ["s1"] for slot in slots)
    assert lines(me, "slots")[1][:3] == ["firewall", "0", "s1"]


def test_tables_are_listed_and_their_entries_shown(me: MeProcess) -> None:
    tables = {table["name"]: table for table in me.data("tables", "s1")["tables"]}
    assert tables["NodeIngress.l2.dmac"]["entries"] == 2
    assert tables["NodeIngress.l2.dmac"]["match"] == ["dst_addr:exact"]
    entries = me.data("tables", "s1", "dmac")["entries"]
    assert {entry["match"] for entry in entries} == {"dst_addr=0xa", "dst_addr=0xb"}
    assert all(entry["action"].startswith("forward(port=") for entry in entries)
    assert lines(me, "tables", "s1", "dmac")[0][:2] == ["NodeIngress.l2.dmac", "of"]


def test_registers_are_listed_and_their_cells_shown(me: MeProcess) -> None:
    registers = {r["name"]: r for r in me.data("registers", "s1")["registers"]}
    assert registers["NodeIngress.firewall.enforce"] == {
        "name": "NodeIngress.firewall.enforce",
        "cells": 1,
        "bits": 16,
    }
    assert me.data("registers", "s1", "enforce")["cells"] == [[0, 0xFFFF]]
    assert me.data("registers", "s2", "enforce")["cells"] == []
    assert me.data("registers", "s2", "enforce", "--zeros")["cells"] == [[0, 0]]


def test_a_large_register_comes_in_parts(me: MeProcess) -> None:
    arguments = {"node": "s1", "register": "connections_0", "zeros": True}
    with RpcClient(me.socket) as client:
        parts = list(client.stream("registers", arguments))
        assert [len(part["cells"]) for part in parts] == [1024] * 4
        whole = client.call("registers", arguments)
        assert [cell[0] for cell in whole["cells"]] == list(range(4096))
        some = client.call("registers", arguments | {"first": 4090, "count": 100})
        assert [cell[0] for cell in some["cells"]] == list(range(4090, 4096))


def test_counters_are_listed_and_their_cells_shown(me: MeProcess) -> None:
    counters = {c["name"]: c for c in me.data("counters", "s1")["counters"]}
    assert counters["NodeIngress.firewall.handled"]["cells"] == 16
    cells = me.data("counters", "s1", "handled")["cells"]
    assert sum(packets for _, packets, _ in cells) >= 6, "three pings and their answers"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["tables", "s9"], "NODE: there is no node 's9'; these would do: s1, s2"),
        (["tables", "s1", "acls"], "TABLE: the program of s1 has no table 'acls'; .*acl"),
        (["registers", "s1", "x"], "REGISTER: .*learn"),
        (["counters", "s1", "x"], "COUNTER: .*handled"),
        (["registers", "s1", "learn", "--first", "1"], "--first: must be below 1"),
    ],
)
def test_what_a_node_does_not_have_is_answered_with_what_would_do(
    me: MeProcess, words: list[str], text: str
) -> None:
    done = me.hitless(*words)
    assert done.returncode == 2
    assert re.search(text, done.stderr), done.stderr


def test_values_are_those_of_the_live_network(me: MeProcess) -> None:
    assert me.data("values", "migrate", "source") == {"values": ["s1", "s2"]}
    found = me.data("values", "registers", "register", "--given", "node=s1")["values"]
    assert {"learn", "enforce", "connections_0"} <= set(found)
    assert lines(me, "values", "slots", "function") == [["firewall"]]
    given = ("--given", "function=firewall,source=s1")
    assert me.data("values", "migrate", "slots", *given)["values"][:2] == ["0-15", "0"]


def test_all_commands_are_told_to_those_who_write_clients(me: MeProcess) -> None:
    told = {command["name"] for command in me.data("commands")["commands"]}
    assert {"migrate", "watch", "values"} <= told


def test_events_are_watched_as_they_happen(me: MeProcess) -> None:
    words = [HITLESS, "--rpc", str(me.socket), "watch", "--json", "--timeout", "120"]
    words += ["--kinds", "migration_started,migration_ended"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        for _ in range(20):  # it takes its time to start
            move_there_and_back(me)
            if select.select([watch.stdout], [], [], 0)[0]:
                break
        move_there_and_back(me)
        seen = [json.loads(watch.stdout.readline()) for _ in range(4)]
        watch.terminate()
    first = 1 if seen[0]["event"] == "migration_ended" else 0
    begun, ended = seen[first : first + 2]
    assert (begun["event"], ended["event"]) == ("migration_started", "migration_ended")
    assert begun["migration"]["id"] == ended["migration"]["id"]
    assert ended["at"] >= begun["at"]


def test_who_watches_for_a_time_is_told_nothing_else(me: MeProcess) -> None:
    done = me.hitless("watch", "--kinds", "node_failed", "--timeout", "0.3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_latest_events_are_kept(me: MeProcess) -> None:
    move_there_and_back(me)
    kept = me.data("events", "--kinds", "migration_started,migration_ended", "--last", "2")
    assert [e["event"] for e in kept["events"]] == ["migration_started", "migration_ended"]
    assert "migration_ended" in me.hitless("events", "--last", "10").stdout
    assert {"node_ready", "placement_changed"} <= {
        event["event"] for event in me.data("events", "--last", "1000")["events"]
    }


def move_there_and_back(me: MeProcess) -> None:
    for source, destination in (("s1", "s2"), ("s2", "s1")):
        words = ("--from", source, "--to", destination, "--slots", "3")
        assert me.hitless("migrate", "firewall", *words).returncode == 0


def test_a_program_that_was_just_compiled_is_checked_taken_in_and_given_to_a_node(
    me: MeProcess, tmp_path: Path
) -> None:
    compiled, p4info = tmp_path / "l2.json", me_files.BUILD / "l2.p4info.txtpb"
    compiled.write_text((me_files.BUILD / "l2.json").read_text().replace('"node.p4"', '"l2v2.p4"'))
    done = me.hitless("program", "add", "l2v2", str(compiled), str(tmp_path / "none"))
    assert (done.returncode, f"cannot read {tmp_path / 'none'}" in done.stderr) == (1, True)
    done = me.hitless("program", "add", "l2v2", str(compiled), "build/l2.p4info.txtpb")
    assert (done.returncode, "P4INFO: must be an absolute path" in done.stderr) == (2, True)
    assert (
        me.data("program", "add", "l2v2", str(compiled), str(p4info), "--dry-run")["added"] is False
    )
    assert me.hitless("program", "push", "s2", "l2v2").returncode == 2
    assert (
        "l2v2 added; functions: none"
        in me.hitless("program", "add", "l2v2", str(compiled), str(p4info)).stdout
    )
    compiled.unlink()
    for program in ("l2v2", "guarded"):
        assert me.data("program", "push", "s2", program)["pushed"] is True
        assert me.data("nodes", "s2")["nodes"][0]["program"] == program
    assert "already" in me.hitless("program", "add", "l2v2", str(compiled), str(p4info)).stderr


def test_a_node_gets_another_program_and_its_own_again(me: MeProcess) -> None:
    done = me.hitless("program", "push", "s1", "l2")
    assert (done.returncode, "s1 enforces firewall, slots" in done.stderr) == (2, True)
    assert me.hitless("program", "push", "s2", "l3").returncode == 2
    for program in ("l2", "guarded"):
        assert me.data("prog", "push", "s2", program)["pushed"] is True
        assert me.data("nodes", "s2")["nodes"][0]["program"] == program
    assert me.hitless("program", "push", "s2", "guarded").stdout == "s2 runs guarded already\n"
    move_there_and_back(me)


def test_a_node_is_added_and_removed(me: MeProcess) -> None:
    (port,) = me_files.free_ports(1)
    where = ("--grpc", f"127.0.0.1:{port}", "--device-id", "3", "--program", "guarded")
    added = me.data("node", "add", "s3", *where, "--ports", "1,2")
    assert added == {"nodes": ["s1", "s2", "s3"]}
    assert me.data("nodes", "s3")["nodes"][0]["state"] == "down"
    assert me.hitless("node", "add", "s3", *where, "--ports", "1,2").returncode == 2
    done = me.hitless("node", "add", "s4", *where, "--ports", "1", "--driver", "bmv2")
    assert (done.returncode, "--thrift: is for nodes with" in done.stderr) == (2, True)
    assert me.data("node", "rem", "s3") == {"nodes": ["s1", "s2"]}
    assert me.hitless("node", "remove", "s1").returncode in (1, 2), "it enforces slots"
    assert me.hitless("node", "remove", "s3").returncode == 2


def test_two_operators_who_want_the_same_slots_are_told_apart(me: MeProcess) -> None:
    there = {"function": "firewall", "source": "s1", "destination": "s2"}
    back = {"function": "firewall", "source": "s2", "destination": "s1"}
    with RpcClient(me.socket) as one, RpcClient(me.socket) as other:
        one.subscribe(["migration_ended"])
        with Hold(me):
            one.call("migrate", there)
            with pytest.raises(RequestFailed, match="slots 5, are being moved") as caught:
                other.call("migrate", there | {"slots": [5]})
        assert caught.value.kind == "conflict"
        assert one.next_event(LIMIT_S)["migration"]["state"] == "finished"
        one.call("migrate", back)
        assert one.next_event(LIMIT_S)["migration"]["state"] == "finished"


def test_load_is_shown_for_all_nodes_or_one(me: MeProcess) -> None:
    me.wait_for(lambda: all(node["load"] for node in me.data("load")["nodes"]), "load was measured")
    (node,) = me.data("load", "s1")["nodes"]
    assert node["load"]["level"] in ("unknown", "normal", "low")
    assert {"pps", "functions", "ports", "age_s"} <= set(node["load"])
    assert [line[0] for line in lines(me, "load")] == ["NODE", "s1", "s2"]


def test_thresholds_are_shown_and_set(me: MeProcess) -> None:
    shown = me.data("thresholds")["thresholds"]
    assert [(one["node"], one["high_pps"], one["own"]) for one in shown] == [
        ("s1", None, False),
        ("s2", None, False),
    ]
    (own,) = me.data("thresholds", "set", "s1", "--high", "8e3", "--low", "3000")["thresholds"]
    assert (own["high_pps"], own["low_pps"], own["own"]) == (8000.0, 3000.0, True)
    assert me.data("thresholds", "s1")["thresholds"] == [own]
    assert "8,000" in me.hitless("thresholds", "s1").stdout
    done = me.hitless("thresholds", "set", "s1", "--low", "9000")
    assert (done.returncode, "must be below high_pps" in done.stderr) == (2, True)
    # Nothing is below 0: nothing is moved by itself while the other tests run.
    assert me.data("thresholds", "set", "s1", "--low", "0")["thresholds"][0]["low_pps"] == 0
    done = me.hitless("thresholds", "set", "s1")
    assert (done.returncode, "give --high, --low or --capacity" in done.stderr) == (2, True)
    assert "high none, low none" in me.hitless("thresholds", "s1").stdout, "what the file says"
    assert me.data("thresholds", "reset", "s1") == {"thresholds": shown[:1]}
    assert me.data("thresholds", "reset") == {"thresholds": shown}


def test_the_policy_is_shown(me: MeProcess) -> None:
    assert me.data("policy")["policy_file"] is None
    assert "there is no policy file" in me.hitless("policy").stdout


def test_a_node_is_drained_as_planned_and_undrained(me: MeProcess) -> None:
    plan = me.data("plan", "drain", "s1")["plan"]
    assert {(move["from"], move["to"]) for move in plan["moves"]} == {("s1", "s2")}
    shown = me.hitless("drain", "s1", "--dry-run")
    assert "nothing was done" in shown.stdout
    done = me.hitless("drain", "s1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "finished; its migrations: " in done.stdout
    assert me.data("scaling")["draining"] == ["s1"]
    assert "s1" not in me.data("placement")["functions"]["firewall"]["placement"]
    done = me.hitless("drain", "s2")
    assert (done.returncode, "s2 cannot be drained" in done.stderr) == (2, True)
    assert me.data("undrain", "s1")["draining"] == []
    assert me.hitless("undrain", "s1").returncode == 2
    assert me.hitless("migrate", "firewall", "--from", "s2", "--to", "s1").returncode == 0


def test_scaling_is_paused_and_resumed(me: MeProcess) -> None:
    assert me.data("pause")["paused"] is True
    assert "paused" in me.hitless("scaling").stdout
    assert me.data("resume")["paused"] is False
    assert re.search(r"process \d+: pause", me.log), "the log says who asked for it"
    told = me.data("events", "--kinds", "scaling_paused,scaling_resumed", "--last", "2")["events"]
    assert [event["event"] for event in told] == ["scaling_paused", "scaling_resumed"]


def test_scaling_names_what_it_needs(me: MeProcess) -> None:
    done = me.hitless("scale", "out")
    assert (done.returncode, "NODE: is missing: out of which?" in done.stderr) == (2, True)
    done = me.hitless("scale", "up")
    assert (done.returncode, "'up' is none of out, in" in done.stderr) == (2, True)
    assert me.data("plan", "in")["begun"] is False
    assert me.data("scale", "in", "--dry-run")["begun"] is False


def test_the_shell_shows_a_migration_as_it_runs_and_ctrl_c_stops_the_waiting_only(
    me: MeProcess, tmp_path: Path
) -> None:
    with Terminal(me.socket, tmp_path) as shell, RpcClient(me.socket) as client:
        client.subscribe(["migration_ended"])
        shell.wait_for("1mhitless>")
        with Hold(me):
            shell.type("migrate firewall --from s1 --to s2\r")
            shell.wait_for("learn on")
            shell.process.send_signal(signal.SIGINT)
            shell.wait_for("stopped waiting; migration")
        assert client.next_event(LIMIT_S)["migration"]["state"] == "finished"
        shell.type("migrate firewall --from s2 --to s1\r")
        shell.wait_for("finished")
        shell.type("exit\r")
        assert shell.process.wait(LIMIT_S) == 0
    assert re.search(r"release +s2 +running *\r  release +s2 +done", shell.shown)


def test_recovering_with_nothing_to_recover_says_so(me: MeProcess) -> None:
    assert me.data("recover") == {"migrations": []}
    assert me.hitless("recover").stdout == "there is no migration\n"


def test_files_of_the_test_stay_in_its_directory(me: MeProcess) -> None:
    assert Path(me.data("status")["journal_file"]).parent == me.log_file.parent
