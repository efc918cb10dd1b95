"""Nothing grows while packets pass, and what grows is seen."""

import os
import random
import subprocess

import pytest

from tests.benchmark.growth import Sample, findings, growth_of
from tests.benchmark.traffic import ROOT
from tests.conformance import pool

COUNT = 120
CONNECTIONS = 10_000
MB = 1 << 20


def flat(seed):
    rng = random.Random(seed)
    return [50 + rng.uniform(-0.2, 0.2) for _ in range(COUNT)]


def saw(seed, height_mb):
    """Goes to and fro, a tooth in at most a quarter of the time."""
    rng = random.Random(seed)
    tooth, phase = rng.uniform(2, COUNT / 4), rng.random()
    teeth = (height_mb * ((place / tooth + phase) % 1) for place in range(COUNT))
    return [level + tooth for level, tooth in zip(flat(seed), teeth, strict=True)]


def rising(levels, mb):
    return [level + mb * place / COUNT for place, level in enumerate(levels)]


@pytest.mark.parametrize("seed", range(20))
def test_a_kilobyte_kept_of_each_connection_is_a_leak(seed):
    leaked_mb = CONNECTIONS * 1024 / MB
    assert growth_of(rising(flat(seed), leaked_mb)).is_leak
    assert growth_of(rising(saw(seed, 4), leaked_mb)).is_leak
    assert growth_of(rising(flat(seed), 200 * CONNECTIONS / MB)).is_leak


@pytest.mark.parametrize("seed", range(20))
def test_memory_that_goes_to_and_fro_is_no_leak(seed):
    assert not growth_of(flat(seed)).is_leak
    assert not growth_of(saw(seed, 1)).is_leak
    assert not growth_of(saw(seed, 7)).is_leak


@pytest.mark.parametrize("seed", range(20))
def test_memory_that_levels_out_is_no_leak(seed):
    level = flat(seed)
    curve = [mb + 7 - 7 * 0.5 ** (10 * place / COUNT) for place, mb in enumerate(level)]
    assert not growth_of(curve).is_leak
    for step in (COUNT // 5, COUNT // 2, COUNT * 4 // 5):
        assert not growth_of([mb + 4 * (place >= step) for place, mb in enumerate(level)]).is_leak


def test_samples_far_off_neither_hide_a_leak_nor_make_one():
    dips = [mb - 4.5 * (place % 10 == 7) for place, mb in enumerate(flat(1))]
    assert not growth_of(dips).is_leak
    assert growth_of(rising(dips, 3)).is_leak


def test_few_samples_say_nothing():
    with pytest.raises(ValueError, match="take 8 or more"):
        growth_of([50.0] * 7)


def test_what_grew_is_told_by_process():
    memory = zip(flat(1), rising(flat(2), 5), strict=True)
    samples = [Sample({"one": one, "other": other}, 30) for one, other in memory]
    (finding,) = findings(samples)
    assert finding.startswith("memory of the other: ")
    assert "goes on growing by 4." in finding or "goes on growing by 5." in finding


def test_descriptors_that_stay_open_are_told():
    samples = [Sample({}, 30 + place) for place in range(10)]
    assert findings(samples) == ["39 descriptors are open at the end, 30 were at the beginning"]


@pytest.mark.system
@pytest.mark.skipif(pool.obstacle() is not None, reason=str(pool.obstacle()))
def test_a_short_soak_finds_no_growth():
    command = [ROOT / "scripts" / "soak_switch", "--seconds", "8", "--connects", "200"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=110, env=os.environ)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "sent" in ended.stdout
