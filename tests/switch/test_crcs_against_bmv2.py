"""Custom CRCs on the embedded switch and on BMv2, given other parameters by BMv2's command line.

`hashes.p4` of the conformance corpus sends what it computed of a frame back out.
"""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.conformance.corpus_files import BUILD
from tests.switch.bmv2 import SimpleSwitch, command_line
from tests.switch.wires import Wire, add_pair, own_namespace

pytestmark = [pytest.mark.system, pytest.mark.bmv2]

JSON, P4INFO = BUILD / "hashes.json", BUILD / "hashes.p4info.txtpb"
OUR_THRIFT_PORT = 9791
FRAME = bytes.fromhex("12345678 9abc def0123456789abc") + bytes(46)
CHANGES = [
    "set_crc32_parameters calc_4 0x1edc6f41 0xffffffff 0xffffffff true true",
    "set_crc32_parameters calc_4 0x04c11db7 0x12345678 0 false true",
    "set_crc16_parameters calc_5 0x1021 0xffff 0x8001 true false",
    "set_crc16_parameters calc_5 0x8005 0x800d 0 false false",
    "set_crc16_parameters calc_4 0x8005 0x800d 0 false false",
]


def test_both_switches_compute_the_same():
    with own_namespace():
        for letter in "ob":
            for port in (0, 1):
                add_pair(f"s1{letter}{port}", f"s1{letter}h{port}")
        with SimpleSwitch(JSON, {port: f"s1b{port}" for port in (0, 1)}) as bmv2:
            theirs = _results("b", lambda change: bmv2.cli([change]))
        with _embedded():
            ours = _results("o", lambda change: command_line(OUR_THRIFT_PORT, [change]))
    assert ours == theirs
    assert len({frame for frame, _ in ours}) == len(CHANGES)


def _results(letter, change):
    """After each change the frame that comes out; and what the command line printed."""
    wires = [Wire(f"s1{letter}h{port}") for port in (0, 1)]
    results = []
    for command in ["", *CHANGES]:
        _, _, printed = change(command).partition("RuntimeCmd: ")
        wires[0].send(FRAME)
        results.append((wires[1].receive(), printed))
    for wire in wires:
        wire.close()
    return results


@contextmanager
def _embedded():
    ports = [word for port in (0, 1) for word in ("-i", f"{port}@s1o{port}")]
    thrift = ("--thrift", f"127.0.0.1:{OUR_THRIFT_PORT}")
    program = ("--program", str(JSON), "--p4info", str(P4INFO), "--log-level", "error")
    command = [sys.executable, "-m", "switch", "--grpc", "127.0.0.1:0"]
    process = subprocess.Popen(
        [*command, *ports, *thrift, *program], stdout=subprocess.PIPE, text=True
    )
    try:
        assert "is ready" in process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)
