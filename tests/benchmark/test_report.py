"""The targets of the benchmark are judged as they are stated."""

from tests.benchmark.control import P4RUNTIME, THRIFT
from tests.benchmark.figures import (
    BATCHES,
    FIREWALL,
    L2,
    LPM,
    RELOAD_LOST,
    TERNARY,
    Figures,
    entries_title,
    latency_title,
    loss_free_title,
    registers_title,
    reload_title,
)
from tests.benchmark.report import as_dict, targets, text

SIZES = [64]


def figures(switch, scale):
    values = {loss_free_title(program, 64): 30_000 * scale for program in (FIREWALL, L2)}
    values[latency_title(64, "p99")] = 200.0 / scale
    for when in ("before", "during"):
        values |= {reload_title(when, "p99"): 300.0, reload_title(when, "max"): 900.0}
    values |= {TERNARY: 4.0, LPM: 2.0, RELOAD_LOST: 0}
    for batch in BATCHES:
        values[entries_title(batch)] = 1000 * scale
    for done in ("read", "written"):
        values[registers_title(done, THRIFT)] = 100_000 * scale
        values[registers_title(done, P4RUNTIME)] = 50_000 * scale
    return Figures(switch, values)


def missed(embedded, bmv2):
    return [target.title for target in targets(embedded, bmv2, SIZES) if not target.is_reached]


def test_a_switch_four_times_as_fast_reaches_everything():
    assert missed(figures("embedded", 4), figures("bmv2", 1)) == []


def test_a_switch_as_fast_as_bmv2_misses_the_rates():
    titles = [loss_free_title(L2, 64), loss_free_title(FIREWALL, 64)]
    assert set(missed(figures("embedded", 1), figures("bmv2", 1))) == set(titles)


def test_a_slower_control_plane_is_a_miss():
    slow = figures("embedded", 4)
    slow.values[entries_title(100)] = 999
    assert missed(slow, figures("bmv2", 1)) == [entries_title(100)]


def test_registers_are_judged_by_the_quicker_way():
    embedded = figures("embedded", 4)
    embedded.values[registers_title("written", THRIFT)] = 1000
    assert missed(embedded, figures("bmv2", 1)) == []
    embedded.values[registers_title("written", P4RUNTIME)] = 2000
    assert missed(embedded, figures("bmv2", 1)) == [registers_title("written", P4RUNTIME)]


def test_a_reload_that_is_felt_and_a_slow_table_are_misses():
    felt = figures("embedded", 4)
    felt.values |= {RELOAD_LOST: 1, reload_title("during", "p99"): 451.0, TERNARY: 5.1}
    felt.values[reload_title("during", "max")] = 2901.0
    late = {reload_title("during", which) for which in ("p99", "max")}
    assert set(missed(felt, figures("bmv2", 1))) == {RELOAD_LOST, TERNARY, *late}


def test_without_bmv2_only_the_rate_is_judged():
    assert missed(figures("embedded", 1), None) == [loss_free_title(L2, 64)]


def test_the_table_has_a_column_for_each_switch_and_names_misses():
    both = [figures("bmv2", 1), figures("embedded", 1)]
    judged = list(targets(both[1], both[0], SIZES))
    written = text(both, judged)
    assert written.splitlines()[0].split() == ["bmv2", "embedded"]
    assert f"MISSED   {loss_free_title(L2, 64)}: 30,000.0, target 120,000.0" in written
    assert as_dict(both, judged)["figures"]["bmv2"][registers_title("read", THRIFT)] == 100_000
