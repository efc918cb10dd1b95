"""What a look-up in a slow table costs the embedded switch, in processor time.

The tables are filled by the same code as in the data plane. Keys are random, none comes twice, and
most match nothing, so that every mask or prefix length is tried: the worst case.
"""

from __future__ import annotations

import random
import time

from switch.p4json.objects import KeyField, LpmMatch, MatchKind, TernaryMatch
from switch.runtime.entries import Entry
from switch.runtime.keys import KeyLayout
from switch.runtime.ranked import TernaryTable
from switch.runtime.tables import LpmTable, RuntimeTable

ENTRIES = 1000
MASKS = 64
LENGTHS = range(8, 32)
TERNARY_BITS, LPM_BITS = 104, 32
"""A five-tuple; an address."""
_KEYS = 20_000
_ROUNDS = 5


def ternary_us() -> float:
    """Of 1,000 entries with 64 masks."""
    numbers = random.Random(1)
    layout = KeyLayout(MatchKind.TERNARY, (KeyField("key", MatchKind.TERNARY, TERNARY_BITS),))
    masks = [numbers.getrandbits(TERNARY_BITS) for _ in range(MASKS)]
    table = TernaryTable()
    for number in range(ENTRIES):
        mask = masks[number % MASKS]
        match = TernaryMatch(numbers.getrandbits(TERNARY_BITS) & mask, mask)
        table.insert(layout.encode((match,)), 1 + number, Entry(1, ()))
    return _us(table, TERNARY_BITS, numbers)


def lpm_us() -> float:
    """Of 1,000 prefixes of 24 lengths."""
    numbers = random.Random(2)
    layout = KeyLayout(MatchKind.LPM, (KeyField("key", MatchKind.LPM, LPM_BITS),))
    table = LpmTable()
    for number in range(ENTRIES):
        length = LENGTHS[number % len(LENGTHS)]
        key = layout.encode((LpmMatch(numbers.getrandbits(LPM_BITS), length),))
        if table.get(key, 0) is None:
            table.insert(key, 0, Entry(1, ()))
    return _us(table, LPM_BITS, numbers)


def _us(table: RuntimeTable, bits: int, numbers: random.Random) -> float:
    """Microseconds of processor time for one look-up, the best of some rounds."""
    find, best_s = table.find, float("inf")
    for _ in range(_ROUNDS):
        keys = [numbers.getrandbits(bits) for _ in range(_KEYS)]
        began = time.process_time()
        for key in keys:
            find(key)
        best_s = min(best_s, time.process_time() - began)
    return best_s / _KEYS * 1e6
