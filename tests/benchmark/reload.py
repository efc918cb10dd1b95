"""A reload under traffic: what it does to the packets, and how long it takes.

The new program is the firewall, all guarded: 530 kB of JSON, 65,536 cells of state. A controller
carries over what the running one holds, as it does on any P4Runtime switch: it reads the cells,
saves the new program, writes 10,000 entries and all cells, and commits. Traffic lasts only a moment
longer than that, so that what happens meanwhile is not lost in a long time of calm.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass

from finsy.proto import p4i

from tests.benchmark import control
from tests.benchmark.links import DESTINATION, SOURCE
from tests.benchmark.subject import Subject, forward, read_program
from tests.benchmark.traffic import MeasurementError, Traffic, measure
from tests.conformance.program import Program

PROGRAM = "guarded"
ENTRIES = 10_000
FRAME_BYTES = 64
PPS = 4000
_TABLE_SIZE = 16_384
_BATCH = 1000
_LEAD_S = 0.2
"""Traffic before and after."""


@dataclass(frozen=True)
class Reload:
    """What was seen."""

    before: Traffic
    during: Traffic
    took_s: float


def reload_program() -> Program:
    """The program, with room for the entries."""
    program = read_program(PROGRAM)
    info = p4i.P4Info()
    info.CopyFrom(program.p4info)
    (table,) = (table for table in info.tables if table.preamble.alias == control.TABLE)
    table.size = _TABLE_SIZE
    document = json.loads(program.json)
    for pipeline in document["pipelines"]:
        for described in pipeline["tables"]:
            if described["name"] == table.preamble.name:
                described["max_size"] = _TABLE_SIZE
    return Program("reload", json.dumps(document, indent=2).encode(), info)


def measure_reload(subject: Subject, seconds: float) -> Reload:
    """Reload a switch that runs `reload_program`. `seconds`: how long it is watched before."""
    _fill(subject)
    _reload(subject)  # nothing is to be the first time, and how long it takes is to be known
    took_s = _reload(subject)
    before = measure(SOURCE, DESTINATION, FRAME_BYTES, PPS, seconds)
    during: list[Traffic] = []
    watched_s = took_s + 2 * _LEAD_S
    flow = threading.Thread(
        target=lambda: during.append(measure(SOURCE, DESTINATION, FRAME_BYTES, PPS, watched_s))
    )
    flow.start()
    time.sleep(_LEAD_S)
    took_s = _reload(subject)
    flow.join()
    if not during:
        raise MeasurementError("the traffic during the reload failed")
    return Reload(before, during[0], took_s)


def _fill(subject: Subject) -> None:
    for batch in control.batches(subject, _BATCH, count=ENTRIES):
        subject.client.write_request(batch)
    for number, register in enumerate(_state(subject.program)):
        control.write_cells(subject, register, [(number + n) % 251 for n in range(register.size)])


def _reload(subject: Subject) -> float:
    """Carry everything over into the same program; how long it took."""
    registers = _state(subject.program)
    entries = control.batches(subject, _BATCH, count=ENTRIES)
    began = time.monotonic()
    cells = [subject.extras.read_registers(register) for register in registers]
    subject.client.save(subject.program)
    forward(subject)
    for batch in entries:
        subject.client.write_request(batch)
    for register, values in zip(registers, cells, strict=True):
        control.write_cells(subject, register, values)
    subject.client.commit()
    return time.monotonic() - began


def _state(program: Program) -> list[p4i.Register]:
    """The arrays that hold the firewall's connections."""
    return [register for register in program.p4info.registers if register.size > 1]
