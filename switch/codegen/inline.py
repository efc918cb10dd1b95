"""Puts temporaries where they are used: copies of variables, and values that are read only once.

p4c copies every argument into a temporary and names every intermediate result; each costs a store
and a load per packet, and hides what the code does. A forward pass over the statement tree keeps
in mind what each variable stands for, as long as neither it nor what it is made of changes.
`switch.codegen.liveness` then drops the assignments that are no longer read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from switch.codegen.code import (
    ATOM,
    Assign,
    Block,
    Extract,
    ForEach,
    If,
    Loop,
    Run,
    Statement,
    Unpack,
    Value,
)
from switch.codegen.liveness import assigned

Meanings = dict[str, Value]
"""What variables stand for at one place of the code."""

_NAME = re.compile(r"[A-Za-z_]\w*")
_IMPURE = re.compile(r"\[|[A-Za-z_]\w*\(|\.")
"""Reads of arrays, calls and attributes: what they give depends on when they are evaluated."""

_QUOTE = re.compile(r"['\"]")
"""Text in quotes may look like a variable."""


def inline(block: Block) -> Block:
    """The block with temporaries put where they are used."""
    return _Inliner(_count_reads(block)).block(block, {})


def _count_reads(block: Block) -> Counter[str]:
    """How often each variable is written down as being read."""
    counts: Counter[str] = Counter()
    for statement in block:
        for text in _texts(statement):
            counts.update(_NAME.findall(text))
        for inner in _inner_blocks(statement):
            counts += _count_reads(inner)
    return counts


def _texts(statement: Statement) -> Iterable[str]:
    match statement:
        case Assign(value=value) | Unpack(value=value) | ForEach(value=value):
            return (value.text,)
        case Extract(start=start):
            return (start.text,)
        case If(condition=condition):
            return (condition.text,)
        case Run(text=text):
            return (text,)
    return ()


def _inner_blocks(statement: Statement) -> Iterable[Block]:
    match statement:
        case If(then=then, otherwise=otherwise):
            return (then, otherwise)
        case Loop(body=body, exhausted=exhausted):
            return (body, exhausted or [])
        case ForEach(body=body):
            return (body,)
    return ()


class _Inliner:
    """Rewrites blocks; `meanings` are changed as the code goes along."""

    def __init__(self, reads: Counter[str]) -> None:
        self._reads = reads

    def block(self, block: Block, meanings: Meanings) -> Block:
        """One block, entered with these meanings."""
        return [self._statement(statement, meanings) for statement in block]

    def _statement(self, statement: Statement, meanings: Meanings) -> Statement:
        match statement:
            case Assign(target=target, value=value):
                value = _replace(value, meanings)
                _forget(meanings, (target,))
                if self._may_stand_for(target, value):
                    meanings[target] = value
                return Assign(target, value)
            case Unpack(targets=targets, value=value):
                value = _replace(value, meanings)
                _forget(meanings, targets)
                return Unpack(targets, value)
            case Extract(fields=fields, start=start):
                start = _replace(start, meanings)
                _forget(meanings, (field.name for field in fields))
                return Extract(fields, start)
            case Run():
                return self._run(statement, meanings)
            case If():
                return self._if(statement, meanings)
            case Loop(body=body, exhausted=exhausted):
                _forget(meanings, assigned(body) | assigned(exhausted or []))
                end = None if exhausted is None else self.block(exhausted, {})
                return Loop(self.block(body, _copies(meanings)), end)
            case ForEach(targets=targets, value=value, body=body):
                value = _replace(value, meanings)
                _forget(meanings, (*targets, *assigned(body)))
                return ForEach(targets, value, self.block(body, _copies(meanings)))
        return statement

    def _run(self, statement: Run, meanings: Meanings) -> Run:
        replaced = _replace(Value(statement.text, reads=statement.reads), meanings)
        _forget(meanings, statement.writes)
        return Run(replaced.text, replaced.reads, statement.writes)

    def _if(self, statement: If, meanings: Meanings) -> If:
        condition = _replace(statement.condition, meanings)
        then = self.block(statement.then, dict(meanings))
        otherwise = self.block(statement.otherwise, dict(meanings))
        _forget(meanings, assigned(statement.then) | assigned(statement.otherwise))
        return If(condition, then, otherwise)

    def _may_stand_for(self, target: str, value: Value) -> bool:
        """Whether the value may be written down in place of the variable."""
        if target in value.reads:
            return False
        if _is_copy(value):
            return True
        return self._reads[target] == 1 and not _IMPURE.search(value.text)


def _is_copy(value: Value) -> bool:
    return value.text.isidentifier() and bool(value.reads)


def _copies(meanings: Meanings) -> Meanings:
    """What may be put into a loop: there a value would be computed again in each round."""
    return {name: value for name, value in meanings.items() if _is_copy(value)}


def _forget(meanings: Meanings, changed: Iterable[str]) -> None:
    """Drop what is made of variables that change, and what they stood for."""
    names = frozenset(changed)
    for name in [name for name, value in meanings.items() if name in names or value.reads & names]:
        del meanings[name]


def _replace(value: Value, meanings: Meanings) -> Value:
    """The value with variables replaced by what they stand for."""
    used = value.reads & meanings.keys()
    if not used or _QUOTE.search(value.text):
        return value
    reads = value.reads - used
    for name in used:
        reads |= meanings[name].reads
    if value.text in used:
        only = meanings[value.text]
        return Value(only.text, only.binds, only.reads, value.low, value.high)
    text = _NAME.sub(lambda found: _written(found, meanings, used), value.text)
    return Value(text, value.binds, reads, value.low, value.high)


def _written(found: re.Match[str], meanings: Meanings, used: frozenset[str]) -> str:
    """One name, or what it stands for: in parentheses unless it stands alone between brackets."""
    name, text = found[0], found.string
    before, after = text[: found.start()], text[found.end() :]
    if name not in used or before.endswith("."):
        return name
    value = meanings[name]
    alone = before.endswith(("[", "(", ", ")) and after.startswith(("]", ")", ", "))
    return value.text if alone else value.inside(ATOM)
