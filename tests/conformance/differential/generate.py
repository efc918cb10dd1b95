"""Random tests for a program, as STF without expectations, so that each can be kept and replayed.

Choices: what is random is drawn near what matters. Frames are made from those of a test of the same
program, if there is one, by changing, cutting, growing and mixing them. Values of keys are pieces
of those frames or small numbers, so that entries are hit; ports and groups are among those that
exist. Entries of a table differ in priority, since which of two equals wins is not said. Frames are
cut only for programs that never read a header that is not there: BMv2 finds in one what an earlier
packet has left.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from finsy.proto import p4i

from tests.conformance.program import Program

PORTS = (0, 1, 2, 3)
GROUPS = (1, 2, 3)
SESSIONS = (1, 2, 5)
ENTRIES_PER_TABLE = 6
_PORT_BITS = 9
_GROUP_BITS = 16
_REGISTER_BITS = 63
"""BMv2's Thrift interface carries no more."""
_LONGEST_FRAME_BYTES = 300


class Generator:
    """Makes the tests of one program."""

    def __init__(
        self, program: Program, frames: Sequence[bytes], seed: int, *, cut: bool = False
    ) -> None:
        """`frames`: some that the program knows; may be empty. `cut`: also shorter ones."""
        self._info = program.p4info
        self._random = random.Random(f"{program.name} {seed}")
        self._frames = list(frames) or [self._random.randbytes(64)]
        self._cut = cut

    def test(self, frame_count: int) -> str:
        """The text of a test with so many frames."""
        lines = [*self._replication(), *self._registers()]
        for table in self._info.tables:
            lines += self._entries(table)
        lines += [self._packet() for _ in range(frame_count)]
        return "\n".join(lines) + "\n"

    def _replication(self) -> Iterator[str]:
        node = 0
        for group in GROUPS:
            yield f"mc_mgrp_create {group}"
            for instance in range(self._random.randint(1, 2)):
                ports = self._random.sample(PORTS, self._random.randint(1, 3))
                yield f"mc_node_create {instance} {' '.join(map(str, ports))}"
                yield f"mc_node_associate {group} {node}"
                node += 1
        for session in SESSIONS:
            yield f"mirroring_add {session} {self._random.choice(PORTS)}"

    def _registers(self) -> Iterator[str]:
        for register in self._info.registers:
            width = register.type_spec.bitstring.bit.bitwidth
            if 0 < width <= _REGISTER_BITS:
                for _ in range(3):
                    index = self._random.randrange(register.size)
                    name = register.preamble.name
                    yield f'register_write "{name}" {index} {self._number(width)}'

    def _entries(self, table: p4i.Table) -> Iterator[str]:
        if table.is_const_table or table.implementation_id or not _is_random(table):
            return
        actions = self._actions(table)
        for priority in range(self._random.randint(0, ENTRIES_PER_TABLE) if actions else 0):
            key = " ".join(self._field(field) for field in table.match_fields)
            yield f'add "{table.preamble.name}" {priority} {key} {self._call(actions)}'

    def _actions(self, table: p4i.Table) -> list[p4i.Action]:
        ids = {
            reference.id
            for reference in table.action_refs
            if reference.scope != p4i.ActionRef.DEFAULT_ONLY
        }
        return [action for action in self._info.actions if action.preamble.id in ids]

    def _call(self, actions: Sequence[p4i.Action]) -> str:
        action = self._random.choice(actions)
        arguments = ", ".join(
            f'"{parameter.name}":{self._argument(parameter.bitwidth)}'
            for parameter in action.params
        )
        return f'"{action.preamble.name}"({arguments})'

    def _field(self, field: p4i.MatchField) -> str:
        """A key field; an empty text leaves it open."""
        width = field.bitwidth
        value = self._number(width)
        match field.match_type:
            case p4i.MatchField.EXACT:
                return f'"{field.name}":{value}'
            case p4i.MatchField.LPM:
                return f'"{field.name}":{value}/{self._random.randint(0, width)}'
            case p4i.MatchField.RANGE:
                low, high = sorted((value, self._number(width)))
                is_open = (low, high) == (0, (1 << width) - 1)  # which P4Runtime has left out
                return "" if is_open else f'"{field.name}":{low}..{high}'
            case p4i.MatchField.TERNARY:
                return f'"{field.name}":{value}&&&{self._mask(width)}'
        return self._random.choice(["", f'"{field.name}":{value}'])

    def _argument(self, width: int) -> int:
        """A number, but of as many bits as a multicast group has mostly one that exists.

        Otherwise an entry that most frames hit makes a test in which nothing leaves the switch.
        """
        if width == _GROUP_BITS and self._random.random() < 0.75:
            return self._random.choice(GROUPS)
        return self._number(width)

    def _number(self, width: int) -> int:
        """A number of so many bits: a port, a small one, a piece of a frame, or any."""
        limit = 1 << width
        if width == _PORT_BITS and self._random.random() < 0.9:
            return self._random.choice(PORTS)
        kind = self._random.random()
        if kind < 0.3:
            return self._random.randrange(min(limit, 8))
        if kind < 0.8:
            frame = int.from_bytes(self._random.choice(self._frames), "big")
            place = self._random.randrange(0, max(8, frame.bit_length()), 4)
            return frame >> place & (limit - 1)
        return self._random.choice([limit - 1, self._random.getrandbits(width)])

    def _mask(self, width: int) -> int:
        full = (1 << width) - 1
        cut = self._random.randint(0, width)
        choices = [0, full, full << cut & full, full >> cut, self._random.getrandbits(width)]
        return self._random.choice(choices)

    def _packet(self) -> str:
        frame = bytearray(self._random.choice(self._frames))
        for _ in range(self._random.choice([0, 1, 1, 2, 4])):
            self._change(frame)
        if self._cut and self._random.random() < 0.2:
            del frame[self._random.randint(1, len(frame)) :]
        return f"packet {self._random.choice(PORTS)} {frame[:_LONGEST_FRAME_BYTES].hex()}"

    def _change(self, frame: bytearray) -> None:
        place = self._random.randrange(len(frame))
        match self._random.randrange(6):
            case 0:
                frame[place] ^= 1 << self._random.randrange(8)
            case 1:
                frame[place] = self._random.choice([0, 1, 2, 0xFF, self._random.randrange(256)])
            case 2:
                frame += self._random.randbytes(self._random.randrange(1, 40))
            case 3:
                other = self._random.choice(self._frames)
                frame[place : len(other)] = other[place:]
            case 4:
                frame[place:place] = self._random.randbytes(self._random.randrange(1, 8))
            case _:
                piece = self._random.randbytes(min(4, len(frame) - place))
                frame[place : place + len(piece)] = piece


def _is_random(table: p4i.Table) -> bool:
    """Whether random entries of a table are taken by BMv2.

    Its P4Runtime server refuses prefixes of fields whose width is no number of bytes, and those
    that the runner cannot write.
    """
    return bool(table.match_fields) and all(
        field.bitwidth and not (field.match_type == p4i.MatchField.LPM and field.bitwidth % 8)
        for field in table.match_fields
    )
