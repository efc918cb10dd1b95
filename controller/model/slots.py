"""Sets of slots: as operators write them ("0-7,12"), and as the bits of a control word.

A slot is a flow's share of a function: ``slot = hash(flow) mod slots``. Bit i of a control word
is slot i. Pure functions; a set of slots is a ``frozenset`` of ints everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_RANGE = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")


def parse_slots(text: str | int) -> frozenset[int]:
    """Read a set of slots: ``"3"``, ``"0-7"``, ``"0-3,8,10-11"``; an int is one slot.

    Raises:
        ValueError: saying which part cannot be read.
    """
    slots: set[int] = set()
    for part in str(text).split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise ValueError(f"{part.strip()!r} is no slot and no range of slots such as 0-7")
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        if last < first:
            raise ValueError(f"the range {part.strip()!r} ends before it begins")
        if last > 65_535:
            raise ValueError(f"{part.strip()!r}: no function has that many slots")
        slots.update(range(first, last + 1))
    return frozenset(slots)


def format_slots(slots: Iterable[int]) -> str:
    """Write a set of slots the way ``parse_slots`` reads it; the empty set is ``"none"``."""
    ordered = sorted(slots)
    parts: list[str] = []
    while ordered:
        first = last = ordered.pop(0)
        while ordered and ordered[0] == last + 1:
            last = ordered.pop(0)
        parts.append(str(first) if first == last else f"{first}-{last}")
    return ",".join(parts) or "none"


def word_of(slots: Iterable[int]) -> int:
    """Return the control word in which exactly these slots' bits are set."""
    word = 0
    for slot in slots:
        word |= 1 << slot
    return word


def slots_of(word: int) -> frozenset[int]:
    """Return the slots whose bits are set in a control word."""
    return frozenset(i for i in range(word.bit_length()) if word >> i & 1)
