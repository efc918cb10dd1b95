"""Comparisons, logic and choice: Python source for them, decided here if it can be.

Booleans are the numbers 0 and 1, as in Python.
"""

from __future__ import annotations

from switch.codegen.code import (
    AND,
    BIT_OR,
    COMPARE,
    NOT,
    OR,
    TERNARY,
    Value,
    boolean,
    number,
)

_COMPARE = {
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}

_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def equal(left: Value, right: Value) -> Value:
    """Equality of data, or of booleans."""
    return _compare("==", left, right, _never_equal(left, right), False)


def not_equal(left: Value, right: Value) -> Value:
    """Inequality of data, or of booleans."""
    return _compare("!=", left, right, _never_equal(left, right), True)


def less(left: Value, right: Value) -> Value:
    """`<`."""
    return _compare("<", left, right, _at_least(left, right), False)


def less_or_equal(left: Value, right: Value) -> Value:
    """`<=`."""
    return _compare("<=", left, right, _at_least(right, left), True)


def greater(left: Value, right: Value) -> Value:
    """`>`."""
    return _compare(">", left, right, _at_least(right, left), False)


def greater_or_equal(left: Value, right: Value) -> Value:
    """`>=`."""
    return _compare(">=", left, right, _at_least(left, right), True)


def both(left: Value, right: Value) -> Value:
    """Logical and."""
    return _logical("and", AND, left, right, absorbing=0)


def either(left: Value, right: Value) -> Value:
    """Logical or."""
    return _logical("or", OR, left, right, absorbing=1)


def negate(operand: Value) -> Value:
    """Logical not."""
    if operand.constant is not None:
        return boolean(not operand.constant)
    if operand.text.startswith("not ") and operand.binds == NOT:
        inner = operand.text.removeprefix("not ")
        return Value(inner, NOT, operand.reads, 0, 1)
    if operand.text.endswith(" is not None"):
        return Value(f"{operand.text.removesuffix('not None')}None", COMPARE, operand.reads, 0, 1)
    if operand.binds == COMPARE:
        words = operand.text.split(" ")
        signs = [word for word in words if word in _OPPOSITES]
        if len(signs) == 1 and "(" not in operand.text:
            flipped = " ".join(_OPPOSITES.get(word, word) for word in words)
            return Value(flipped, COMPARE, operand.reads, 0, 1)
    return Value(f"not {operand.inside(COMPARE)}", NOT, operand.reads, 0, 1)


def choose(condition: Value, then: Value, otherwise: Value) -> Value:
    """`then if condition else otherwise`."""
    if condition.constant is not None:
        return then if condition.constant else otherwise
    text = f"{then.inside(OR)} if {condition.inside(OR)} else {otherwise.inside(TERNARY)}"
    reads = condition.reads | then.reads | otherwise.reads
    low = None if then.low is None or otherwise.low is None else min(then.low, otherwise.low)
    high = None if then.high is None or otherwise.high is None else max(then.high, otherwise.high)
    return Value(text, TERNARY, reads, low, high)


def to_bool(operand: Value) -> Value:
    """Data to boolean: a one-bit number may stand for itself."""
    if operand.fits(1):
        return operand
    return not_equal(operand, number(0))


def _compare(sign: str, left: Value, right: Value, decided: bool, outcome: bool) -> Value:
    if decided:
        return boolean(outcome)
    if left.constant is not None and right.constant is not None:
        return boolean(bool(_COMPARE[sign](left.constant, right.constant)))
    text = f"{left.inside(BIT_OR)} {sign} {right.inside(BIT_OR)}"
    return Value(text, COMPARE, left.reads | right.reads, 0, 1)


def _logical(word: str, binds: int, left: Value, right: Value, absorbing: int) -> Value:
    for side, other in ((left, right), (right, left)):
        if side.constant is not None:
            return boolean(bool(absorbing)) if side.constant == absorbing else other
    text = f"{left.inside(binds)} {word} {right.inside(binds)}"
    return Value(text, binds, left.reads | right.reads, 0, 1)


def _never_equal(left: Value, right: Value) -> bool:
    return any(
        a.high is not None and b.low is not None and a.high < b.low
        for a, b in ((left, right), (right, left))
    )


def _at_least(left: Value, right: Value) -> bool:
    """Whether left is certainly at least right."""
    return left.low is not None and right.high is not None and left.low >= right.high
