"""Metrics: what is counted and shown, and that the dashboard asks for what there is."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from networks import line
from p4info_samples import gate_program
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from controller import events
from controller.config.metrics_options import MetricsOptions
from controller.discovery.crowding import Limit
from controller.discovery.delays import Delays
from controller.discovery.topology import Topology
from controller.errors import ConfigError
from controller.load.poller import PollCounts
from controller.load.snapshot import Level, LoadSnapshot, NodeLoad, PortRates
from controller.metrics import present
from controller.metrics.counters import Metrics, cell_sizes
from controller.migration.record import MigrationRecord, Programs, StepRecord
from controller.migration.states import MigrationState, StepState
from controller.model.parts import Port
from controller.model.placement import FunctionFacts, NodeFacts, Placement
from controller.model.standing import Readiness, Standing
from controller.model.thresholds import Thresholds
from switch.dataplane.errors import WorkerGone
from switch.metrics import SwitchMetrics
from switch.runtime.drops import Drop

DOCS = Path(__file__).resolve().parents[2] / "docs"
DASHBOARD = DOCS / "grafana" / "hitless.json"
REFERENCE = DOCS / "measuring.md"
NETWORK = line({"s1": "gated", "s2": "gated"})
SLOTS = frozenset(range(4))
LOAD = LoadSnapshot(
    {
        "s1": NodeLoad(
            90.0, {"gate": {3: 90.0}}, {1: PortRates(50.0, 40.0)}, 1.0, False, Level.HIGH
        ),
        "s2": NodeLoad(70.0, {"gate": {3: 70.0}}, {}, 1.0, stale=True),
    },
    at=1.0,
)
SWITCH_COUNTS = {
    "received": 10,
    "injected": 1,
    "sent": 7,
    "to_controller": 2,
    **{f"dropped.{drop.name.lower()}": int(drop) for drop in Drop},
}


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def metrics(registry):
    return Metrics(registry, cell_sizes({"gated": gate_program()}))


def record(**changes):
    steps = (StepRecord("copy", "s2"), StepRecord("enforce off", "s1"))
    programs = Programs("gated", "gated", "gated", "gated")
    first = MigrationRecord(4, "gate", "s1", "s2", SLOTS, "pm", "hitless", programs, steps, 100.0)
    return dataclasses.replace(first, **changes)


def with_step(before, position, to, ms=None, **changes):
    step = dataclasses.replace(before.steps[position], state=to, ms=ms)
    return dataclasses.replace(before.with_step(position, step), **changes)


def whole_migration():
    """Return the records of a migration whose second step fails once."""
    begun = with_step(record(state=MigrationState.RUNNING), 0, StepState.RUNNING)
    copied = with_step(begun, 0, StepState.DONE, 250.0, cells_moved=32)
    off = with_step(copied, 1, StepState.RUNNING, state=MigrationState.FINISHING)
    failed = with_step(off, 1, StepState.FAILED, 20.0)
    again = with_step(failed, 1, StepState.RUNNING)
    done = with_step(again, 1, StepState.DONE, 5.0)
    return (
        record(),
        begun,
        copied,
        off,
        failed,
        again,
        done,
        dataclasses.replace(done, state=MigrationState.FINISHED, ended_at=101.5),
    )


def test_a_migration_is_counted_with_its_steps_retries_cells_and_bytes(registry, metrics):
    for one in whole_migration():
        metrics.on_event(events.EventMigrationStep(one))
    value = registry.get_sample_value
    step = "hitless_migration_step_duration_seconds"
    assert value(f"{step}_sum", {"step": "copy", "outcome": "done"}) == 0.25
    assert value(f"{step}_count", {"step": "enforce off", "outcome": "failed"}) == 1
    assert value("hitless_migration_step_retries_total", {"step": "enforce off"}) == 1
    assert value("hitless_migration_cells_total", {"function": "gate"}) == 32
    assert value("hitless_migration_bytes_total", {"function": "gate"}) == 32 * 5
    ended = {"function": "gate", "method": "pm", "outcome": "finished"}
    assert value("hitless_migrations_total", ended) == 1
    took = {"method": "pm", "outcome": "finished"}
    assert value("hitless_migration_duration_seconds_sum", took) == 1.5


def test_migrations_under_way_and_blocked_are_shown_while_they_are(registry, metrics):
    def under_way():
        name = "hitless_migrations_in_progress"
        return [registry.get_sample_value(name, {"blocked": b}) for b in ("false", "true")]

    assert under_way() == [0, 0]
    metrics.on_event(events.EventMigrationStarted(record()))
    assert under_way() == [1, 0]
    metrics.on_event(events.EventMigrationBlocked(record(state=MigrationState.UNDO_BLOCKED)))
    assert under_way() == [0, 1]
    metrics.on_event(events.EventMigrationEnded(record(state=MigrationState.UNDONE, ended_at=1e3)))
    assert under_way() == [0, 0]


def test_sessions_and_crossings_are_counted_by_node(registry, metrics):
    for event in (
        events.EventNodePrimary("s1"),
        events.EventNodeReady("s1"),
        events.EventNodeDown("s1", "gone"),
        events.EventNodeDown("s1", "gone"),
        events.EventNodeLeave("s1"),
        events.EventLoadHigh("s1", 50.0, LOAD),
    ):
        metrics.on_event(event)
    value = registry.get_sample_value
    assert value("hitless_session_changes_total", {"node": "s1", "state": "down"}) == 2
    assert value("hitless_session_changes_total", {"node": "s1", "state": "leave"}) is None
    assert value("hitless_load_crossings_total", {"node": "s1", "level": "high"}) == 1
    assert value("hitless_events_total", {"event": "node_leave"}) == 1


def delays():
    """Return how long frames took over the network's link, one way, and through s1."""
    (link,) = NETWORK.links
    found = Delays()
    found.add(link.a, link.b, 1.0, 1.5)
    found.add(Port("s1", 0), Port("s1", 0), 1.0, 1.25)
    return found


def state_families():
    facts = {"s1": NodeFacts("s1", True, "gated", {"gate": FunctionFacts(4, SLOTS, SLOTS)})}
    view = Placement(NETWORK, facts, {"gate": frozenset(range(5))})
    standings = {"s1": Standing(Readiness.READY, ""), "s2": Standing(Readiness.SETTING_UP, "")}
    yield from present.nodes(standings)
    yield from present.placement(view)
    yield present.crowding(Topology(NETWORK, crowded=frozenset({(Port("s2", 7), Limit.COPIES)})))
    yield present.copies({Port("s2", 7): 65})
    yield from present.latency(delays(), NETWORK, 3.0)
    yield from present.load(LOAD)
    yield present.thresholds({"s1": Thresholds(high_pps=50.0, low_pps=10.0)})
    yield from present.polls({"s1": PollCounts(8, 2, 0.5)})


def samples(families):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_what_is_at_the_moment_is_shown_by_node():
    found = samples(state_families())

    def value(name, **labels):
        return found.get((name, tuple(sorted(labels.items()))))

    assert value("hitless_node_state", node="s2", state="setting_up") == 1
    assert value("hitless_node_state", node="s2", state="ready") == 0
    assert value("hitless_enforced_slots", node="s1", function="gate") == 4
    assert value("hitless_conflicting_slots", function="gate", kind="unknown") == 1
    assert value("hitless_host_copies_total", node="s2", port="7") == 65
    assert value("hitless_port_limit_reached", node="s2", port="7", limit="copies") == 1
    assert value("hitless_load_packets_per_second", node="s1") == 90.0
    assert value("hitless_load_level", node="s1", level="high") == 1
    assert value("hitless_slot_load_packets_per_second", node="s1", function="gate", slot="3") == 90
    assert value("hitless_port_packets_per_second", node="s1", port="1", direction="tx") == 40.0
    assert value("hitless_load_threshold_packets_per_second", node="s1", threshold="low") == 10.0
    assert value("hitless_poll_duration_seconds_count", node="s1") == 8
    assert value("hitless_poll_failures_total", node="s1") == 2


def test_load_that_is_not_known_any_more_is_not_shown_as_if_it_were():
    assert not any(
        labels == (("node", "s2"),)
        for name, labels in samples(state_families())
        if name == "hitless_load_packets_per_second"
    )


def switch_metrics(counters=lambda: SWITCH_COUNTS):
    return SwitchMetrics(7, counters, lambda: 3, lambda: {"queue full": 4})


def test_a_switch_shows_packets_drops_by_reason_and_reloads():
    found = samples(switch_metrics().collect())
    device = ("device_id", "7")
    assert found["hitless_switch_received_packets_total", (device,)] == 10
    assert found["hitless_switch_program_loads_total", (device,)] == 3
    dropped = {
        dict(labels)["reason"]: value
        for (name, labels), value in found.items()
        if name == "hitless_switch_dropped_packets_total"
    }
    assert dropped == {drop.name.lower(): int(drop) for drop in Drop}
    lost = (device, ("reason", "queue_full"))
    assert found["hitless_switch_lost_messages_total", lost] == 4


def test_a_switch_whose_worker_is_gone_says_so():
    def gone():
        raise WorkerGone("killed")

    found = samples(switch_metrics(gone).collect())
    assert found["hitless_switch_up", (("device_id", "7"),)] == 0
    assert not any(name.endswith("packets_total") for name, _ in found)


# Names


def exported(registry, metrics):
    """Return the names of all samples that there can be, of everything."""
    for one in whole_migration():
        metrics.on_event(events.EventMigrationStep(one))
    metrics.on_event(events.EventNodeReady("s1"))
    metrics.on_event(events.EventLoadLow("s1", 50.0, LOAD))
    ProcessCollector(registry=registry)
    registry.register(switch_metrics())
    families = [*text_string_to_metric_families(generate_latest(registry).decode())]
    families += state_families()
    return {sample.name for family in families for sample in family.samples} | {
        "hitless_build_info"
    }


def queries(part):
    """Yield every query in a dashboard."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("expr", "query") and isinstance(value, str):
                yield value
            yield from queries(value)
    elif isinstance(part, list):
        for value in part:
            yield from queries(value)


def test_the_dashboard_asks_only_for_metrics_that_exist(registry, metrics):
    asked = {
        name
        for query in queries(json.loads(DASHBOARD.read_text()))
        for name in re.findall(r"\b(?:hitless|process)_\w+", query)
    }
    assert len(asked) > 20
    assert asked - exported(registry, metrics) == set()


def test_the_reference_names_only_metrics_that_exist(registry, metrics):
    told = set(re.findall(r"`((?:hitless|process)_\w+)`", REFERENCE.read_text()))
    known = exported(registry, metrics)
    assert len(told) > 20
    assert {name for name in told if not {name, f"{name}_count"} & known} == set()
    ours = {re.sub(r"_(count|sum|bucket)$", "", n) for n in known if not n.endswith("_created")}
    assert {n for n in ours if n.startswith("hitless_") and n not in told} == set()


def test_names_and_help_follow_the_conventions(registry, metrics):
    families = [*registry.collect(), *state_families(), *switch_metrics().collect()]
    for family in families:
        assert family.name.startswith("hitless_")
        assert family.documentation.endswith(".")
        for sample in family.samples:
            assert family.type != "counter" or sample.name.endswith(("_total", "_created"))
        assert not re.search(r"_(ms|milliseconds|kb|percent)(_|$)", family.name)


@pytest.mark.parametrize("listen", ["9464", "localhost", "h:70000", "a b:1"])
def test_an_address_that_cannot_be_is_refused(listen):
    with pytest.raises(ConfigError, match=r"\[metrics\] listen.*127\.0\.0\.1:9464"):
        MetricsOptions.of(listen)


def test_an_address_is_host_and_port():
    assert MetricsOptions.of(None) is None
    assert MetricsOptions.of("[::1]:9464") == MetricsOptions("::1", 9464)
