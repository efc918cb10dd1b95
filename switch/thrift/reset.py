"""Everything at once: back to the state in which a program begins."""

from __future__ import annotations

from collections.abc import Iterator

from finsy.proto import p4r

from switch.dataplane.messages import CounterCell, MeterCell
from switch.p4json.program import Program
from switch.p4runtime.device import Device
from switch.p4runtime.pipeline import Pipeline
from switch.thrift.calls import Calls
from switch.thrift.entries import cleared
from switch.thrift.multicast import MulticastCalls
from switch.thrift.profiles import emptied


class ResetCalls(Calls):
    """The call of `standard` that resets the state."""

    def __init__(self, device: Device, multicast: MulticastCalls) -> None:
        super().__init__(device)
        self._multicast = multicast

    def bm_reset_state(self) -> None:
        """Empty tables, action profiles, arrays and multicast groups.

        As in BMv2 the program, mirroring sessions and queues stay. So do constant entries.
        """
        with self.device.lock:
            pipeline = self.device.controlled
            if pipeline is None:
                return
            self.device.update(list(_deletions(pipeline)))
            for table in pipeline.tables.values():
                if not table.is_const:
                    table.handles.clear()
            self._multicast.reset()
            self._empty_arrays(pipeline.program)

    def _empty_arrays(self, program: Program) -> None:
        plane, config = self.device.plane, self.device.control_config
        for register in program.registers.values():
            plane.fill_registers(config, register.name, 0, register.size, 0)
        for counter in program.counters.values():
            if not counter.is_direct:
                plane.write_counters(config, counter.name, 0, [CounterCell()] * counter.size)
        for meter in program.meters.values():
            if not meter.is_direct:
                unset = MeterCell(None, (CounterCell(),) * 3)
                plane.write_meters(config, meter.name, 0, [unset] * meter.size)


def _deletions(pipeline: Pipeline) -> Iterator[p4r.Update]:
    """Updates that leave no entry, member or group, each before what it refers to."""
    for table in pipeline.tables.values():
        if not table.is_const:
            yield from cleared(table, with_default=True)
    for profile in pipeline.profiles.values():
        yield from emptied(profile)
