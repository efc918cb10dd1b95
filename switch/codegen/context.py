"""What every emitter is given: the program, the packet's state, names and links."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from switch.codegen.code import Block, Value, number
from switch.codegen.module import Links, Names
from switch.codegen.state import Bounds, PacketState
from switch.p4json.expressions import FieldRef
from switch.p4json.parsers import Extract
from switch.p4json.program import Program
from switch.p4json.source import ProgramError, SourceInfo


class Stage(Enum):
    """Where in a packet's life code runs; some primitives mean different things."""

    PARSER = "parser"
    INGRESS = "ingress"
    EGRESS = "egress"
    DEPARSER = "deparser"


@dataclass
class Features:
    """What the program can do to a packet besides forwarding it; found out while emitting."""

    clones_from: set[Stage] = field(default_factory=set)
    sends_digests: bool = False
    resubmits: bool = False
    recirculates: bool = False
    truncates: bool = False
    exits: set[Stage] = field(default_factory=set)


@dataclass
class Context:
    """The generator's working state for one program."""

    program: Program
    names: Names
    links: Links
    state: PacketState
    priority_queues: int
    """How many egress queues each port has."""
    features: Features = field(default_factory=Features)

    @classmethod
    def of(cls, program: Program, bounds: Bounds, priority_queues: int) -> Context:
        """A fresh context; `bounds` are what is known of fields beyond their width."""
        names = Names()
        state = PacketState(program.body.layout, names, _headers_on_wire(program), bounds)
        return cls(program, names, Links(names), state, priority_queues)

    def well_known(self, bmv2_name: str) -> FieldRef | None:
        """One of BMv2's standard fields; None if the program lacks it."""
        found = self.program.body.layout.resolve(bmv2_name)
        return FieldRef(*found) if found else None

    def standard(self, field_name: str) -> FieldRef:
        """A field of `standard_metadata` that v1model always has."""
        found = self.well_known(f"standard_metadata.{field_name}")
        if found is None:
            raise ProgramError("program", f"has no field standard_metadata.{field_name}")
        return found

    def read(self, ref: FieldRef) -> Value:
        """A field's value."""
        return self.state.field(ref.header, ref.field)

    def set_known(self, bmv2_name: str, value: Value) -> Block:
        """Assign one of BMv2's standard fields; nothing if the program lacks it."""
        found = self.well_known(bmv2_name)
        return self.state.assign(found.header, found.field, value) if found else []

    def parser_error(self, name: str) -> Value:
        """The number of a core parser error; the program may not list those it has no use for."""
        errors = self.program.body.errors
        if name in errors:
            return number(errors[name])
        return number(max(errors.values(), default=0) + 1 + CORE_ERRORS.index(name))


@dataclass(frozen=True)
class Place:
    """Where an emitter's code will stand, for what depends on it and for error messages."""

    stage: Stage
    what: str
    source: SourceInfo
    parameters: tuple[Value, ...] = ()
    """The run-time data of the action around it."""

    def error(self, why: str) -> ProgramError:
        """The error that refuses the program because of what stands here."""
        return ProgramError(self.what, why, self.source)


CORE_ERRORS = (
    "NoError",
    "PacketTooShort",
    "NoMatch",
    "StackOutOfBounds",
    "HeaderTooShort",
    "ParserTimeout",
    "ParserInvalidArgument",
)


def _headers_on_wire(program: Program) -> frozenset[str]:
    layout = program.body.layout
    found = set(program.body.deparser.order)
    for state in program.body.parser.states.values():
        for op in state.ops:
            if isinstance(op, Extract):
                match op.target.kind:
                    case "header":
                        found.add(op.target.name)
                    case "header_stack":
                        found.update(layout.stacks[op.target.name].headers)
                    case _:
                        for union in layout.union_stacks[op.target.name].unions:
                            found.update(layout.unions[union].headers)
    return frozenset(found)
