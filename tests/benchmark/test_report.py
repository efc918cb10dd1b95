"""The targets of the benchmark are judged as they are stated."""

from tests.benchmark.figures import (
    BATCHES,
    FIREWALL,
    L2,
    REGISTERS_READ,
    REGISTERS_WRITTEN,
    Figures,
    entries_title,
    latency_title,
    loss_free_title,
)
from tests.benchmark.report import as_dict, targets, text

SIZES = [64]


def figures(switch, scale):
    values = {loss_free_title(program, 64): 30_000 * scale for program in (FIREWALL, L2)}
    values[latency_title(64, "p99")] = 200.0 / scale
    for batch in BATCHES:
        values[entries_title(batch)] = 1000 * scale
    values[REGISTERS_READ] = values[REGISTERS_WRITTEN] = 100_000 * scale
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


def test_without_bmv2_only_the_rate_is_judged():
    assert missed(figures("embedded", 1), None) == [loss_free_title(L2, 64)]


def test_the_table_has_a_column_for_each_switch_and_names_misses():
    both = [figures("bmv2", 1), figures("embedded", 1)]
    judged = list(targets(both[1], both[0], SIZES))
    written = text(both, judged)
    assert written.splitlines()[0].split() == ["bmv2", "embedded"]
    assert f"MISSED   {loss_free_title(L2, 64)}: 30,000.0, target 120,000.0" in written
    assert as_dict(both, judged)["figures"]["bmv2"][REGISTERS_READ] == 100_000
