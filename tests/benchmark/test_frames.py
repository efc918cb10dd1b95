"""The generator's frames are right, and arrive with latencies that can be true."""

import json
import subprocess
import sys
import time

import pytest

from tests.benchmark.frames import SMALLEST_BYTES, build
from tests.benchmark.traffic import ROOT
from tests.conformance import pool

WIRE = """
import json
from tests.benchmark.links import INTERFACES, SOURCE, make_links
from tests.benchmark.traffic import measure
make_links()
print(json.dumps(vars(measure(SOURCE, INTERFACES[1], 64, 2000, 0.5))))
"""


def test_frames_have_the_size_that_was_asked_for():
    scapy = pytest.importorskip("scapy.all")
    for size in (SMALLEST_BYTES, 64, 512, 1500):
        frame = build(size, 7)
        assert len(frame) == size
        packet = scapy.Ether(frame)
        assert packet["IP"].len == size - 14
        assert packet["UDP"].sport == 10007


def test_the_ip_checksum_is_right():
    scapy = pytest.importorskip("scapy.all")
    frame = build(64, 0)
    packet = scapy.Ether(frame)
    del packet["IP"].chksum
    assert bytes(packet)[:34] == frame[:34]


@pytest.mark.skipif(pool.obstacle() is not None, reason=str(pool.obstacle()))
def test_a_wire_loses_nothing_and_is_quick():
    command = ["unshare", "--net", "--mount", sys.executable, "-c", WIRE]
    began = time.monotonic()
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    took_us = (time.monotonic() - began) * 1e6
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen["sent"] == seen["received"] == 1000
    assert 0 < seen["p50_us"] <= seen["p99_us"] <= seen["max_us"] < took_us
