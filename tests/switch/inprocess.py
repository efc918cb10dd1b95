"""Runs a program's generated code in this process: no worker, no sockets, the same structures."""

from __future__ import annotations

from collections import deque
from time import monotonic_ns
from typing import Any

from switch.codegen.manifest import compile_program, table_descriptions, target_of
from switch.dataplane.traffic import TrafficManager
from switch.p4json.objects import ActionCall, EntryAction, MatchKey, MemberRef
from switch.p4json.program import Program
from switch.runtime.config import Config, Process, Profile, Target
from switch.runtime.drops import Drop
from switch.runtime.link import Surroundings, link
from switch.runtime.replication import ReplicationEngine
from switch.runtime.sets import RuntimeValueSet

FRAME_AT = 64
STASH_AT = 16384
MAX_ROUNDS = 100


class InProcessSwitch:
    """A program, its state and its ports, for tests of what it does to packets."""

    def __init__(self, program: Program, ports: int = 511, priority_queues: int = 1) -> None:
        self.program = program
        self.compiled = compile_program(program, priority_queues)
        self.config = Config()
        self.port_is_up: dict[int, bool] = {}
        self.replication = ReplicationEngine(self.port_is_up)
        self.drops = [0] * len(Drop)
        self.digests: list[tuple[str, tuple[int, ...]]] = []
        self.messages: list[str] = []
        self._data = bytearray(65536)
        self._stashed = STASH_AT
        self._start_ns = monotonic_ns()
        self.traffic = TrafficManager(priority_queues, self._start_ns, self.drops)
        for port in range(ports + 1):
            self.traffic.add_port(port, [])
        self._again: deque[tuple[bytes, int, int, tuple]] = deque()
        self._build()

    def send(self, port: int, frame: bytes) -> list[tuple[int, bytes]]:
        """Process a frame received at a port. Returns the frames sent, with their ports."""
        sent = self._run(frame, port, 0, ())
        for _ in range(MAX_ROUNDS):
            if not self._again:
                return sent
            sent += self._run(*self._again.popleft())
        raise AssertionError("the packet comes round for ever")

    def insert(self, table: str, key: MatchKey, action: EntryAction, priority: int = 0) -> None:
        encoded = self.compiled.layouts[table].encode(key)
        self.config.insert(table, encoded, priority, self.target(table, action), 0, key)

    def set_default(self, table: str, action: EntryAction) -> None:
        self.config.set_default(table, self.target(table, action))

    def target(self, table: str, action: EntryAction) -> Target:
        match action:
            case ActionCall():
                return target_of(action, self.compiled.action_ids[table])
            case MemberRef(member_id=number):
                return ("member", number, ())
            case _:
                return ("group", action.group_id, ())

    def serve(self, now_ns: int | None = None) -> list[tuple[int, bytes]]:
        """Process packets that may leave their queues. Returns the frames sent."""
        sent = []
        while found := self.traffic.next_packet(now_ns or monotonic_ns()):
            config, frame, port, needs = found
            assert config is self.config
            sent += self._do(config.egress, frame, port, 0, needs)
        return sent

    def _run(self, *packet: Any) -> list[tuple[int, bytes]]:
        sent = self._do(self.config.process, *packet)
        return sent + self.serve()

    def _do(
        self, process: Process | None, frame: bytes, port: int, kind: int, carried: tuple
    ) -> list[tuple[int, bytes]]:
        self._data[FRAME_AT : FRAME_AT + len(frame)] = frame
        self._stashed = STASH_AT
        assert process is not None
        process(self._data, FRAME_AT, len(frame), port, kind, carried)
        sent = []
        for number, queue in self.traffic.outputs.items():
            for at, size in zip(queue[::2], queue[1::2], strict=True):
                sent.append((number, bytes(self._data[at : at + size])))
            queue.clear()
        return sent

    def _build(self) -> None:
        program = self.program
        for name in program.action_profiles:
            self.config.profiles[name] = Profile()
        for description in table_descriptions(program):
            self.config.add_table(*description)
        for kind, arrays in (
            ("register", program.registers),
            ("counter", program.counters),
            ("meter", program.meters),
        ):
            for array in arrays.values():
                self.config.grow(kind, array.name, array.size)
        for found in program.value_sets.values():
            self.config.value_sets[found.name] = RuntimeValueSet(found.width)
        self._fill_tables()
        around = Surroundings(
            replication=self.replication,
            queues=self.traffic.direct,
            hold=self.traffic.hold,
            drops=self.drops,
            start_ns=self._start_ns,
            buffer_address=0,
            stash=self._stash,
            requeue=lambda config, *item: self._again.append(item),
            digest=lambda name, values: self.digests.append((name, values)),
            log=lambda template, values: self.messages.append(template % values),
        )
        link(self.config, self.compiled.code, self.compiled.source, self.compiled.links, around)

    def _fill_tables(self) -> None:
        for name, state in self.config.tables.items():
            table = self.program.tables[name]
            if table.default_action is not None:
                state.original_default = self.target(name, table.default_action)
                self.config.set_default(name, None)
            for entry in table.const_entries:
                self.insert(name, entry.key, entry.action, entry.priority)

    def _stash(self, frame: bytes) -> int:
        at = self._stashed
        self._data[at : at + len(frame)] = frame
        self._stashed += len(frame)
        return at
