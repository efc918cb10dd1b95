"""`read_stf`: from the text of an STF file to its statements.

One statement a line; `#` begins a comment; keywords in upper or lower case. What is not understood
is an error, never skipped: a runner that passes over a check proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from tests.conformance.stf.statements import (
    CPU,
    ActionCall,
    Add,
    AddGroup,
    AddMember,
    ArrayRead,
    Check,
    CounterWrite,
    Expect,
    ExpectDigest,
    ExpectIdle,
    GroupCreate,
    MeterRate,
    MeterWrite,
    Mirror,
    Modify,
    NodeAssociate,
    NodeCreate,
    NodeUpdate,
    Packet,
    Port,
    RegisterWrite,
    Reload,
    Remove,
    SetDefault,
    SetPort,
    SetValues,
    Statement,
    Wait,
)
from tests.conformance.stf.tokens import StfError, Words
from tests.conformance.stf.values import MatchValue, Number, read_number

_FRAME_LINE = re.compile(rf"(?:(\d+)|({CPU}))(?:\s+(.*))?$", re.IGNORECASE)
_OPERATORS = ("==", "!=", "<=", ">=", "<", ">")


def read_stf(text: str) -> list[Statement]:
    """Read the statements of a file. Raises `StfError` naming the line."""
    statements = []
    for line, raw in enumerate(text.splitlines(), start=1):
        content = raw.partition("#")[0].strip()
        if content:
            statements.append(_read_line(line, content))
    return statements


def _read_line(line: int, content: str) -> Statement:
    keyword, _, rest = content.partition(" ")
    keyword, *after_tab = keyword.split("\t", 1)
    rest = " ".join([*after_tab, rest]).strip()
    match keyword.lower():
        case "packet":
            return _packet(line, rest)
        case "expect":
            return _expect(line, rest)
        case word if word in _READERS:
            words = Words(line, rest)
            statement = _READERS[word](words)
            words.end()
            return statement
    raise StfError(line, f"unknown statement '{keyword}'")


# -- frames -----------------------------------------------------------------------------------


def _packet(line: int, rest: str) -> Packet:
    port, digits = _port_and_digits(line, rest)
    try:
        frame = bytes.fromhex(digits)
    except ValueError:
        raise StfError(line, f"'{digits}' is not a whole number of bytes in hexadecimal") from None
    if not frame:
        raise StfError(line, "the packet is empty")
    return Packet(line, port, frame)


def _expect(line: int, rest: str) -> Expect:
    port, digits = _port_and_digits(line, rest)
    pattern = digits.removesuffix("$")
    if not re.fullmatch(r"[0-9a-f*]*", pattern):
        raise StfError(line, f"'{pattern}' is not hexadecimal digits and *")
    return Expect(line, port, pattern if digits else None, digits.endswith("$"))


def _port_and_digits(line: int, rest: str) -> tuple[Port, str]:
    match = _FRAME_LINE.match(rest)
    if match is None:
        raise StfError(line, f"a port number is expected before '{rest}'")
    port: Port = CPU if match[1] is None else int(match[1])
    return port, "".join((match[3] or "").split()).lower()


# -- tables -----------------------------------------------------------------------------------


def _add(words: Words) -> Add:
    table = words.qualified_name()
    priority = int(words.number_text()) if words.at_number() else None
    match = []
    while True:
        name = words.qualified_name()
        if words.peek() == "(":
            action = _arguments(words, name)
            break
        words.expect(":")
        match.append((name, _match_value(words)))
    label = _label(words) if words.skip("=") else None
    idle_timeout_ms = 0
    if words.peek() == "idle":
        words.name()
        words.expect(":")
        idle_timeout_ms = _integer(words)
    return Add(words.line, table, priority, tuple(match), action, label, idle_timeout_ms)


def _match_value(words: Words) -> MatchValue:
    number = _number(words)
    if words.skip("/"):
        return MatchValue(number, prefix_length=_integer(words))
    if words.skip("&&&"):
        return MatchValue(number, mask=_number(words))
    if words.skip(".."):
        return MatchValue(number, high=_number(words))
    return MatchValue(number)


def _action(words: Words) -> ActionCall:
    return _arguments(words, words.qualified_name())


def _arguments(words: Words, name: str) -> ActionCall:
    words.expect("(")
    arguments = []
    while not words.skip(")"):
        if arguments:
            words.expect(",")
        parameter = words.qualified_name()
        words.expect(":")
        arguments.append((parameter, _integer(words)))
    return ActionCall(name, tuple(arguments))


def _label(words: Words) -> str:
    return words.name().removeprefix("$")


def _remove(words: Words) -> Remove:
    name = _label(words)
    return Remove(words.line, None if name.lower() == "all" else name)


# -- checks -----------------------------------------------------------------------------------


def _check_counter(words: Words) -> Check:
    name, index = _cell(words)
    kind, operator, number = "packets", "==", 0
    if not words.at_end():
        kind = words.name().lower()
        if kind not in ("packets", "bytes"):
            raise StfError(words.line, f"'{kind}' stands where packets or bytes is expected")
        operator, number = _condition(words)
    return Check(words.line, kind, name, index, operator, number)


def _check_register(words: Words) -> Check:
    name, index = _cell(words)
    return Check(words.line, "register", name, index, *_condition(words))


def _cell(words: Words) -> tuple[str, int | str]:
    name = words.qualified_name()
    words.expect("(")
    index = _index_or_label(words)
    words.expect(")")
    return name, index


def _index_or_label(words: Words) -> int | str:
    return _integer(words) if words.at_number() else _label(words)


def _condition(words: Words) -> tuple[str, int]:
    for operator in _OPERATORS:
        if words.skip(operator):
            return operator, _integer(words)
    raise words.error("a comparison")


# -- replication, arrays, profiles, value sets ------------------------------------------------


def _integer(words: Words) -> int:
    number = _number(words)
    if number.open_bits:
        raise StfError(words.line, f"{number.text} leaves digits open where a value is expected")
    return number.value


def _number(words: Words) -> Number:
    text = words.number_text()
    try:
        return read_number(text)
    except ValueError:
        raise StfError(words.line, f"{text} stands where an integer is expected") from None


def _rest_of_integers(words: Words) -> tuple[int, ...]:
    numbers = []
    while not words.at_end():
        numbers.append(_integer(words))
    return tuple(numbers)


def _rates(words: Words) -> tuple[MeterRate, ...]:
    rates = []
    while not words.at_end():
        per_microsecond = Decimal(words.number_text())
        words.expect(":")
        rates.append(MeterRate(int(per_microsecond * 1_000_000), _integer(words)))
    if len(rates) != 2:
        raise StfError(words.line, f"a meter has 2 rates, not {len(rates)}")
    return tuple(rates)


def _meter_set_rates(words: Words) -> MeterWrite:
    name = words.qualified_name()
    return MeterWrite(words.line, name, _index_or_label(words), _rates(words))


def _value_set(words: Words) -> SetValues:
    name = words.qualified_name()
    values = []
    while not words.at_end():
        values.append(_match_value(words))
    return SetValues(words.line, name, tuple(values))


def _wait(words: Words) -> Wait:
    if words.at_end():
        return Wait(words.line)
    return Wait(words.line, int(words.number_text().removesuffix("ms")) / 1000)


def _array_read(kind: str) -> Callable[[Words], ArrayRead]:
    return lambda words: ArrayRead(words.line, kind, words.qualified_name(), _integer(words))


_READERS: dict[str, Callable[[Words], Statement]] = {
    "add": _add,
    "modify": lambda words: Modify(words.line, _label(words), _action(words)),
    "remove": _remove,
    "setdefault": lambda words: SetDefault(words.line, words.qualified_name(), _action(words)),
    "wait": _wait,
    "check_counter": _check_counter,
    "check_register": _check_register,
    "mirroring_add": lambda words: Mirror(words.line, _integer(words), port=_integer(words)),
    "mirroring_add_mc": lambda words: Mirror(words.line, _integer(words), group=_integer(words)),
    "mirroring_delete": lambda words: Mirror(words.line, _integer(words)),
    "mirroring_get": lambda words: ArrayRead(words.line, "session", "", _integer(words)),
    "mc_mgrp_create": lambda words: GroupCreate(words.line, _integer(words)),
    "mc_node_create": lambda words: NodeCreate(
        words.line, _integer(words), _rest_of_integers(words)
    ),
    "mc_node_update": lambda words: NodeUpdate(
        words.line, _integer(words), _rest_of_integers(words)
    ),
    "mc_node_associate": lambda words: NodeAssociate(words.line, _integer(words), _integer(words)),
    "counter_read": _array_read("counter"),
    "counter_write": lambda words: CounterWrite(
        words.line, words.qualified_name(), _integer(words), _integer(words), _integer(words)
    ),
    "register_read": _array_read("register"),
    "register_write": lambda words: RegisterWrite(
        words.line, words.qualified_name(), _integer(words), _integer(words)
    ),
    "register_reset": lambda words: RegisterWrite(words.line, words.qualified_name(), None, 0),
    "meter_get_rates": _array_read("meter"),
    "meter_set_rates": _meter_set_rates,
    "meter_array_set_rates": lambda words: MeterWrite(
        words.line, words.qualified_name(), None, _rates(words)
    ),
    "add_member": lambda words: AddMember(
        words.line, words.qualified_name(), _integer(words), _action(words)
    ),
    "add_group": lambda words: AddGroup(
        words.line, words.qualified_name(), _integer(words), _rest_of_integers(words)
    ),
    "value_set": _value_set,
    "expect_digest": lambda words: ExpectDigest(
        words.line, words.qualified_name(), _rest_of_integers(words)
    ),
    "expect_idle": lambda words: ExpectIdle(words.line, _label(words)),
    "port_up": lambda words: SetPort(words.line, _integer(words), True),
    "port_down": lambda words: SetPort(words.line, _integer(words), False),
    "reload": lambda words: Reload(words.line),
}
