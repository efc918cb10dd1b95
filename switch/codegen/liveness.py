"""Which variables are read later: drops what nobody reads, finds what needs a start value.

A backward pass over the statement tree. p4c leaves many temporaries behind, and the generator
notes positions and flags that only some programs use: this is where they go.
"""

from __future__ import annotations

from dataclasses import dataclass

from switch.codegen.code import (
    Again,
    Assign,
    Block,
    Comment,
    Extract,
    ForEach,
    If,
    Leave,
    Loop,
    Return,
    Run,
    Statement,
    Unpack,
    Value,
    ends,
)
from switch.codegen.conditions import negate

Names = frozenset[str]
NONE: Names = frozenset()


@dataclass(frozen=True, slots=True)
class _Exits:
    """What is live where control may jump to."""

    at_break: Names = NONE
    at_continue: Names = NONE


def prune(block: Block, live_after: Names = NONE) -> tuple[Block, Names]:
    """Drop what is dead. Returns the block and the variables that it reads before setting them."""
    return _block(block, live_after, _Exits())


def assigned(block: Block) -> Names:
    """Every variable that the block may set."""
    names: set[str] = set()
    for statement in block:
        match statement:
            case Assign(target=target):
                names.add(target)
            case Unpack(targets=targets):
                names.update(targets)
            case Extract(fields=fields):
                names.update(field.name for field in fields)
            case Run(writes=writes):
                names |= writes
            case If(then=then, otherwise=otherwise):
                names |= assigned(then) | assigned(otherwise)
            case Loop(body=body, exhausted=exhausted):
                names |= assigned(body) | assigned(exhausted or [])
            case ForEach(targets=targets, body=body):
                names.update(targets)
                names |= assigned(body)
    return frozenset(names)


def _block(block: Block, live: Names, exits: _Exits) -> tuple[Block, Names]:
    kept: Block = []
    for statement in reversed(block):
        statements, before = _statement(statement, live, exits)
        if _changes_nothing(statements, kept):
            continue
        live = before
        kept = statements if ends(statements) else statements + kept
    return _without_idle_comments(kept), live


def _changes_nothing(statements: Block, following: Block) -> bool:
    """Whether this is an `if` that leaves by doing just what follows it anyway."""
    match statements:
        case [If(then=then, otherwise=[])]:
            return ends(then) and _same(then, following)
    return False


def _same(one: Block, other: Block) -> bool:
    """Whether two blocks do the same, comments aside."""
    return _code(one) == _code(other)


def _code(block: Block) -> Block:
    return [statement for statement in block if not isinstance(statement, Comment)]


def _statement(statement: Statement, live: Names, exits: _Exits) -> tuple[Block, Names]:
    match statement:
        case Assign(target=target, value=value):
            if target not in live or value.text == target:
                return [], live
            return [statement], (live - {target}) | value.reads
        case Unpack(targets=targets, value=value):
            if live.isdisjoint(targets):
                return [], live
            return [statement], (live - frozenset(targets)) | value.reads
        case Extract(fields=fields, start=start):
            wanted = tuple(field for field in fields if field.name in live)
            if not wanted:
                return [], live
            live_before = live - {field.name for field in wanted}
            return [Extract(wanted, start)], live_before | start.reads
        case Run(reads=reads, writes=writes):
            return [statement], (live - writes) | reads
        case Leave():
            return [statement], exits.at_break
        case Again():
            return [statement], exits.at_continue
        case Return():
            return [statement], NONE
        case If():
            return _if(statement, live, exits)
        case Loop():
            return _loop(statement, live)
        case ForEach():
            return _for_each(statement, live)
        case Comment():
            return [statement], live


def _if(statement: If, live: Names, exits: _Exits) -> tuple[Block, Names]:
    known = statement.condition.constant
    if known is not None:
        return _block(statement.then if known else statement.otherwise, live, exits)
    then, live_then = _block(statement.then, live, exits)
    otherwise, live_otherwise = _block(statement.otherwise, live, exits)
    live_before = live_then | live_otherwise | statement.condition.reads
    if _same(then, otherwise):
        return then, live_then
    if _is_empty(then):
        return [If(negate(statement.condition), otherwise)], live_before
    return [If(statement.condition, then, [] if _is_empty(otherwise) else otherwise)], live_before


def _loop(statement: Loop, live: Names) -> tuple[Block, Names]:
    exhausted, at_end = statement.exhausted, NONE
    if exhausted is not None:
        exhausted, at_end = _block(exhausted, live, _Exits())
    at_head = at_end
    while True:
        body, before = _block(statement.body, at_head, _Exits(live, at_head))
        if before | at_end == at_head:
            return [Loop(body, exhausted)], at_head
        at_head = before | at_end


def _for_each(statement: ForEach, live: Names) -> tuple[Block, Names]:
    targets = frozenset(statement.targets)
    at_head = live
    while True:
        body, before = _block(statement.body, at_head, _Exits(live, at_head))
        joined = live | (before - targets)
        if joined == at_head:
            loop = ForEach(statement.targets, statement.value, body)
            return [loop], joined | statement.value.reads
        at_head = joined


def _is_empty(block: Block) -> bool:
    return all(isinstance(statement, Comment) for statement in block)


def _without_idle_comments(block: Block) -> Block:
    """A comment says what follows it; nothing follows, nothing to say."""
    kept: Block = []
    for statement in block:
        if isinstance(statement, Comment) and kept and isinstance(kept[-1], Comment):
            kept.pop()
        kept.append(statement)
    return kept


def initial_values(names: Names, defaults: dict[str, Value]) -> list[tuple[Value, list[str]]]:
    """Group variables that need a start value by that value, in a stable order."""
    groups: dict[str, tuple[Value, list[str]]] = {}
    for name in sorted(names):
        value = defaults[name]
        groups.setdefault(value.text, (value, []))[1].append(name)
    return list(groups.values())
