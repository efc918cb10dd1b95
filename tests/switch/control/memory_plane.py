"""A data plane without packets: it holds state in memory and refuses what a worker would refuse.

Stands in for `switch.dataplane.client.DataPlane` where a test is about the control process alone.
"""

from dataclasses import dataclass, field
from itertools import repeat

from switch.dataplane.errors import NoSavedProgram, RequestRefused, WorkerGone
from switch.dataplane.messages import (
    Config,
    CounterCell,
    DefaultOp,
    MeterCell,
    OpKind,
    TableOp,
)
from switch.p4json.objects import ActionCall, GroupRef, MemberRef
from switch.p4json.source import ProgramError
from switch.runtime.egress_queues import EgressQueues
from switch.runtime.errors import Refused


@dataclass
class MemoryConfig:
    """The state of one program."""

    program: object
    entries: dict = field(default_factory=dict)
    """(table, key, priority) -> action."""
    idle_timeouts_ms: dict = field(default_factory=dict)
    defaults: dict = field(default_factory=dict)
    counters: dict = field(default_factory=dict)
    meters: dict = field(default_factory=dict)
    members: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    registers: dict = field(default_factory=dict)
    counter_arrays: dict = field(default_factory=dict)
    meter_arrays: dict = field(default_factory=dict)
    value_sets: dict = field(default_factory=dict)
    crcs: dict = field(default_factory=dict)


class MemoryPlane:
    """Has the methods of `DataPlane` that the control process calls."""

    def __init__(self, ports=(1, 2, 3)):
        self.configs = {}
        self.multicast_groups = {}
        self.clone_sessions = {}
        self.queues = EgressQueues()
        self.injected = []
        self.calls = []
        self.refuse_program = None
        self.is_gone = False
        self.before_write = lambda: None
        self._ports = dict.fromkeys(ports, True)

    def __getitem__(self, config):
        if self.is_gone:
            raise WorkerGone("the worker is gone")
        return self.configs[config]

    # -- programs

    def save(self, program):
        if self.refuse_program is not None:
            raise ProgramError("program", self.refuse_program)
        config = MemoryConfig(program)
        for name, register in program.registers.items():
            config.registers[name] = [0] * register.size
        for name, counter in program.counters.items():
            config.counter_arrays[name] = [CounterCell()] * counter.size
        for name, meter in program.meters.items():
            config.meter_arrays[name] = [MeterCell()] * meter.size
        for table in program.tables.values():
            for entry in table.const_entries:
                config.entries[table.name, tuple(entry.key), entry.priority] = entry.action
        self.configs[Config.SAVED] = config

    def commit(self):
        if Config.SAVED not in self.configs:
            raise NoSavedProgram("no program is saved")
        self.configs[Config.RUNNING] = self.configs.pop(Config.SAVED)

    def discard_saved(self):
        self.configs.pop(Config.SAVED, None)

    # -- tables

    def write_table(self, config, ops):
        self.before_write()
        self.calls.append(("write_table", len(ops)))
        self._change(self[config], ops)

    def _change(self, state, ops):
        for place, op in enumerate(ops):
            if isinstance(op, DefaultOp):
                state.defaults[op.table] = op.action
                continue
            name = (op.table, tuple(op.key), op.priority)
            if (name in state.entries) == (op.kind is OpKind.INSERT):
                raise RequestRefused(f"{op.kind.value} of {name}", place)
            self._check_reference(state, op, place)
            if op.kind is OpKind.DELETE:
                del state.entries[name]
                state.counters.pop(name, None)
                state.meters.pop(name, None)
            else:
                state.entries[name] = op.action
                state.idle_timeouts_ms[name] = op.idle_timeout_ms

    def change_entries(self, config, changes):
        keys = zip(*changes.keys, strict=True)
        args = zip(*changes.args, strict=True) if changes.args else repeat(())
        action = changes.action
        ops = [
            TableOp(changes.kind, changes.table, key, priority, action and ActionCall(action, row))
            for key, priority, row in zip(keys, changes.priorities, args, strict=False)
        ]
        self.before_write()
        self.calls.append(("change_entries", len(ops)))
        changes.meanwhile()
        self._change(self[config], ops)

    def _check_reference(self, state, op, place):
        profile = state.program.tables[op.table].action_profile
        if isinstance(op.action, MemberRef) and (profile, op.action.member_id) not in state.members:
            raise RequestRefused(f"no member {op.action}", place)
        if isinstance(op.action, GroupRef) and (profile, op.action.group_id) not in state.groups:
            raise RequestRefused(f"no group {op.action}", place)

    def _name(self, state, entry, place=0):
        if entry.key is None:
            return entry.table
        name = (entry.table, tuple(entry.key), entry.priority)
        if name not in state.entries:
            raise RequestRefused(f"no entry {entry}", place)
        return name

    def read_direct_counters(self, config, entries):
        state = self[config]
        return [state.counters.get(self._name(state, e), CounterCell()) for e in entries]

    def write_direct_counters(self, config, cells):
        self.calls.append(("write_direct_counters", len(cells)))
        state = self[config]
        for place, (entry, cell) in enumerate(cells):
            state.counters[self._name(state, entry, place)] = cell

    def read_direct_meters(self, config, entries):
        state = self[config]
        return [state.meters.get(self._name(state, e), MeterCell()) for e in entries]

    def write_direct_meters(self, config, meters):
        state = self[config]
        for place, (entry, meter) in enumerate(meters):
            state.meters[self._name(state, entry, place)] = meter

    def read_idle_times_ms(self, config, entries):
        return [1500 for _ in entries]

    # -- action profiles

    def write_members(self, config, ops):
        self._write_ops(self[config].members, ops, lambda op: op.member_id, lambda op: op.action)

    def write_groups(self, config, ops):
        self._write_ops(self[config].groups, ops, lambda op: op.group_id, lambda op: op.members)

    def _write_ops(self, state, ops, key, value):
        for place, op in enumerate(ops):
            name = (op.profile, key(op))
            if (name in state) == (op.kind is OpKind.INSERT):
                raise RequestRefused(f"{op.kind.value} of {name}", place)
            if op.kind is OpKind.DELETE:
                del state[name]
            else:
                state[name] = value(op)

    # -- arrays

    def read_registers(self, config, name, first, count):
        self.calls.append(("read_registers", first, count))
        return self[config].registers[name][first : first + count]

    def read_packed_registers(self, config, name, first, count):
        values = self[config].registers[name][first : first + count]
        return b"".join(min(value, (1 << 63) - 1).to_bytes(8, "big") for value in values)

    def write_registers(self, config, name, first, values):
        self.calls.append(("write_registers", first, len(values)))
        self[config].registers[name][first : first + len(values)] = values

    def write_register_cells(self, config, name, indices, values):
        self.calls.append(("write_register_cells", len(indices)))
        cells = self[config].registers[name]
        mask = (1 << self[config].program.registers[name].width) - 1
        for index, value in zip(indices, values, strict=True):
            cells[index] = value & mask

    def fill_registers(self, config, name, first, count, value):
        self[config].registers[name][first : first + count] = [value] * count

    def read_counters(self, config, name, first, count):
        return self[config].counter_arrays[name][first : first + count]

    def write_counters(self, config, name, first, cells):
        self[config].counter_arrays[name][first : first + len(cells)] = cells

    def read_meters(self, config, name, first, count):
        return self[config].meter_arrays[name][first : first + count]

    def write_meters(self, config, name, first, meters):
        self[config].meter_arrays[name][first : first + len(meters)] = meters

    def write_value_set(self, config, name, members):
        self[config].value_sets[name] = list(members)

    def set_crc(self, config, calculation, parameters):
        self[config].crcs[calculation] = parameters

    # -- replication, packets, ports

    def set_multicast_group(self, group_id, replicas):
        self.multicast_groups[group_id] = list(replicas)

    def delete_multicast_group(self, group_id):
        del self.multicast_groups[group_id]

    def set_clone_session(self, session_id, replicas, packet_length_bytes=0):
        self.clone_sessions[session_id] = (list(replicas), packet_length_bytes)

    def delete_clone_session(self, session_id):
        del self.clone_sessions[session_id]

    def set_queue_depth(self, depth, port=None, priority=None):
        self._set_queue(self.queues.set_depth, depth, port, priority)

    def set_queue_rate(self, rate_pps, port=None, priority=None):
        self._set_queue(self.queues.set_rate, rate_pps, port, priority)

    def _set_queue(self, change, *what):
        try:
            change(*what)
        except Refused as refusal:
            raise RequestRefused(str(refusal)) from refusal

    def inject(self, port, frame):
        self.injected.append((port, frame))

    def ports(self):
        return dict(self._ports)

    def clock_us(self):
        return 123456
