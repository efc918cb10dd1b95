"""Nothing grows while packets pass, and what grows is seen."""

import os
import subprocess

import pytest

from tests.benchmark.growth import Sample, findings
from tests.benchmark.traffic import ROOT
from tests.conformance import pool


def samples(step_mb=0.0, step_descriptors=0):
    return [Sample(60.0 + n * step_mb, 30 + n * step_descriptors) for n in range(50)]


def test_memory_that_goes_up_and_down_is_no_growth():
    wavy = [Sample(60.0 + n % 3, 30) for n in range(50)]
    assert findings(samples()) == findings(wavy) == []


def test_growth_of_either_is_told():
    assert "memory grew by 4." in findings(samples(step_mb=0.1))[0]
    assert "79 descriptors" in findings(samples(step_descriptors=1))[0]


@pytest.mark.system
@pytest.mark.skipif(pool.obstacle() is not None, reason=str(pool.obstacle()))
def test_a_short_soak_finds_no_growth():
    command = [ROOT / "scripts" / "soak_switch", "--seconds", "8", "--connects", "200"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, env=os.environ)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "sent" in ended.stdout
