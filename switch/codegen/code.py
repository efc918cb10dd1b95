"""The intermediate form: Python expressions with their bounds, and structured statements.

Values are Python source text with what a generator must know of it: how tightly it binds, which
variables it reads, and between which bounds it lies (so that a mask which changes nothing is left
out). Statements are a small tree; `switch.codegen.liveness` drops what nobody reads, and
`render` writes it down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

# How tightly a Python expression binds, loosest first.
TERNARY, OR, AND, NOT, COMPARE, BIT_OR, BIT_XOR, BIT_AND, SHIFT, SUM, PRODUCT, SIGN, ATOM = range(
    13
)


@dataclass(frozen=True, slots=True)
class Value:
    """A Python expression without side effects."""

    text: str
    binds: int = ATOM
    reads: frozenset[str] = frozenset()
    low: int | None = None
    """No value is below; None: unbounded."""
    high: int | None = None
    """No value is above; None: unbounded."""

    def inside(self, context: int) -> str:
        """The text, in parentheses unless it binds at least as tightly as `context`."""
        return self.text if self.binds >= context else f"({self.text})"

    @property
    def constant(self) -> int | None:
        """The value, if it is known; booleans are 0 and 1."""
        return self.low if self.low is not None and self.low == self.high else None

    def fits(self, width: int) -> bool:
        """Whether it is known to be an unsigned number of that many bits."""
        return (
            self.low is not None
            and self.high is not None
            and self.low >= 0
            and self.high < (1 << width)
        )


@dataclass(slots=True)
class Assign:
    """`target = value`."""

    target: str
    value: Value


@dataclass(slots=True)
class Unpack:
    """`a, b, c = value`; dropped if nobody reads any of the targets."""

    targets: tuple[str, ...]
    value: Value


@dataclass(frozen=True, slots=True)
class BitField:
    """Some bits of the packet that go into a variable."""

    name: str
    offset: int
    """In bits, from where the extraction starts."""
    width: int
    signed: bool = False


@dataclass(slots=True)
class Extract:
    """Reads bits of the packet from byte `start` of the frame on; fields nobody reads are dropped.

    `switch.codegen.packing` turns it into one `unpack_from`.
    """

    fields: tuple[BitField, ...]
    start: Value


@dataclass(slots=True)
class Run:
    """A line with side effects, always kept. `writes` are variables that it certainly sets."""

    text: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()


@dataclass(slots=True)
class If:
    """A condition with two branches."""

    condition: Value
    then: Block
    otherwise: Block = field(default_factory=list)


@dataclass(slots=True)
class Loop:
    """A loop left by `Leave` and started again by `Again`."""

    body: Block
    exhausted: Block | None = None
    """What to do after `MAX_STEPS` rounds; None for a loop that cannot take so many."""


@dataclass(slots=True)
class ForEach:
    """`for targets in value`."""

    targets: tuple[str, ...]
    value: Value
    body: Block


@dataclass(slots=True)
class Leave:
    """`break`."""


@dataclass(slots=True)
class Again:
    """`continue`."""


@dataclass(slots=True)
class Return:
    """`return`."""


@dataclass(slots=True)
class Comment:
    """A comment line."""

    text: str


Statement: TypeAlias = (
    Assign | Unpack | Extract | Run | If | Loop | ForEach | Leave | Again | Return | Comment
)
Block: TypeAlias = list[Statement]

INDENT = "    "

MAX_STEPS = 1 << 17
"""Rounds of a loop of the program for one packet, after which it is taken to be endless."""


def number(value: int) -> Value:
    """A literal; large ones in hexadecimal."""
    text = str(value) if abs(value) < 1000 else hex(value)
    return Value(text, SIGN if value < 0 else ATOM, frozenset(), value, value)


def boolean(value: bool) -> Value:
    """`True` or `False`."""
    return Value(str(value), ATOM, frozenset(), int(value), int(value))


def variable(name: str, low: int | None = None, high: int | None = None) -> Value:
    """A local variable."""
    return Value(name, ATOM, frozenset({name}), low, high)


def call(
    function: str, *arguments: Value, low: int | None = None, high: int | None = None
) -> Value:
    """A call of a function without side effects."""
    text = f"{function}({', '.join(argument.text for argument in arguments)})"
    return Value(text, ATOM, reads_of(arguments), low, high)


def reads_of(values: Iterable[Value]) -> frozenset[str]:
    """What several values read together."""
    return frozenset().union(*(value.reads for value in values))


def ends(block: Block) -> bool:
    """Whether control never comes out at the end of the block."""
    last = next((item for item in reversed(block) if not isinstance(item, Comment)), None)
    match last:
        case Leave() | Again() | Return():
            return True
        case If(then=then, otherwise=otherwise):
            return ends(then) and ends(otherwise)
    return False


def render(block: Block, depth: int = 0) -> Iterator[str]:
    """The lines of a block."""
    indent = INDENT * depth
    if not any(not isinstance(statement, Comment) for statement in block):
        yield from (indent + _comment(item) for item in block if isinstance(item, Comment))
        yield f"{indent}pass"
        return
    for statement in block:
        match statement:
            case If():
                yield from _render_if(statement, depth, "if")
            case Loop():
                yield from _render_loop(statement, depth)
            case ForEach(targets=targets, value=value, body=body):
                yield f"{indent}for {', '.join(targets)} in {value.text}:"
                yield from render(body, depth + 1)
            case _:
                yield indent + _render_line(statement)


def _render_line(statement: Statement) -> str:
    match statement:
        case Assign(target=target, value=value):
            return f"{target} = {value.text}"
        case Unpack(targets=targets, value=value):
            return f"{_target_list(targets)} = {value.text}"
        case Run(text=text):
            return text
        case Comment():
            return _comment(statement)
        case Leave():
            return "break"
        case Again():
            return "continue"
        case Return():
            return "return"
    raise TypeError(statement)


def _comment(comment: Comment) -> str:
    """One line, whatever names it holds: they come from the JSON."""
    return "# " + "".join(letter if letter.isprintable() else "?" for letter in comment.text)


def _target_list(targets: Sequence[str]) -> str:
    return ", ".join(targets) + ("," if len(targets) == 1 else "")


def _render_loop(loop: Loop, depth: int) -> Iterator[str]:
    indent = INDENT * depth
    yield (
        f"{indent}while True:"
        if loop.exhausted is None
        else f"{indent}for _ in range({MAX_STEPS}):"
    )
    yield from render(loop.body, depth + 1)
    if loop.exhausted is not None:
        yield f"{indent}else:"
        yield from render(loop.exhausted, depth + 1)


def _render_if(statement: If, depth: int, keyword: str) -> Iterator[str]:
    indent = INDENT * depth
    yield f"{indent}{keyword} {statement.condition.text}:"
    yield from render(statement.then, depth + 1)
    otherwise = statement.otherwise
    while otherwise and isinstance(otherwise[0], Comment) and len(otherwise) == 2:
        if not isinstance(otherwise[1], If):
            break
        yield indent + _comment(otherwise[0])
        otherwise = otherwise[1:]
    if len(otherwise) == 1 and isinstance(otherwise[0], If):
        yield from _render_if(otherwise[0], depth, "elif")
    elif otherwise:
        yield f"{indent}else:"
        yield from render(otherwise, depth + 1)
