"""The hash algorithms of BMv2 (`calculations.cpp`), each a function from bytes to a number."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable, Mapping
from itertools import count
from zlib import crc32

Hash = Callable[[bytes], int]

_MASK_32 = 0xFFFFFFFF
_MASK_64 = 0xFFFFFFFFFFFFFFFF


def csum16(octets: bytes | bytearray) -> int:
    """The Internet checksum (RFC 1071): the complement of the one's complement sum of words.

    The sum of 16-bit words with end-around carry is the whole number modulo 0xffff, except that a
    number other than 0 that is a multiple of 0xffff sums up to 0xffff.
    """
    number = int.from_bytes(octets, "big")
    if len(octets) & 1:
        number <<= 8
    return 0xFFFF ^ (number % 0xFFFF or (0xFFFF if number else 0))


def ccitt16(octets: bytes) -> int:
    """CRC-16/CCITT-FALSE."""
    return crc_hqx(octets, 0xFFFF)


def identity(octets: bytes) -> int:
    """The first eight bytes."""
    return int.from_bytes(octets[:8], "big")


def xor16(octets: bytes) -> int:
    """Exclusive or of 16-bit words."""
    return _xor_words(octets, 2)


def xor32(octets: bytes) -> int:
    """Exclusive or of 32-bit words."""
    return _xor_words(octets, 4)


def _xor_words(octets: bytes, size: int) -> int:
    padded = octets + bytes(-len(octets) % size)
    result = 0
    for start in range(0, len(padded), size):
        result ^= int.from_bytes(padded[start : start + size], "big")
    return result


def toeplitz(octets: bytes) -> int:
    """Toeplitz hash with BMv2's start key, which is 0: there is no call here to set another."""
    return 0


def fnv_like(octets: bytes) -> int:
    """BMv2's example hash (`hash_ex`): FNV-1a with a final mix, over signed bytes."""
    digest = 2166136261
    for octet in octets:
        signed = octet - 256 if octet > 127 else octet
        digest = ((digest ^ (signed & _MASK_32)) * 16777619) & _MASK_32
    digest = (digest + (digest << 13)) & _MASK_32
    digest ^= digest >> 7
    digest = (digest + (digest << 3)) & _MASK_32
    digest ^= digest >> 17
    return (digest + (digest << 5)) & _MASK_32


class CustomHash:
    """A hash whose function may be replaced while a program runs."""

    __slots__ = ("function",)

    def __init__(self, algorithm: str) -> None:
        self.function = HASHES[algorithm]()

    def __call__(self, octets: bytes) -> int:
        """The hash."""
        return self.function(octets)


def make_custom_crc(
    width: int, polynomial: int, initial: int, final: int, reflect_data: bool, reflect_result: bool
) -> Hash:
    """A CRC of which either its input or its result may be reflected."""
    if reflect_data == reflect_result:
        return make_crc(width, polynomial, initial, final, reflect_data)
    crc = make_crc(width, polynomial, initial, 0, reflect_data)
    return lambda octets: _reflect(crc(octets), width) ^ final


def make_crc(width: int, polynomial: int, initial: int, final: int, reflected: bool) -> Hash:
    """A CRC by table; `reflected`: of its input and of its result."""
    table = [_crc_step(index, width, polynomial, reflected) for index in range(256)]
    mask = (1 << width) - 1
    start = _reflect(initial, width) if reflected else initial

    def reflected_crc(octets: bytes) -> int:
        remainder = start
        for octet in octets:
            remainder = table[(remainder ^ octet) & 0xFF] ^ remainder >> 8
        return remainder ^ final

    def plain_crc(octets: bytes) -> int:
        remainder = start
        for octet in octets:
            remainder = table[remainder >> (width - 8) ^ octet] ^ (remainder << 8 & mask)
        return remainder ^ final

    return reflected_crc if reflected else plain_crc


def _crc_step(index: int, width: int, polynomial: int, reflected: bool) -> int:
    if reflected:
        remainder, poly = index, _reflect(polynomial, width)
        for _ in range(8):
            remainder = remainder >> 1 ^ (poly if remainder & 1 else 0)
        return remainder
    remainder, top = index << (width - 8), 1 << (width - 1)
    for _ in range(8):
        remainder = remainder << 1 ^ (polynomial if remainder & top else 0)
    return remainder & ((1 << width) - 1)


def _reflect(value: int, width: int) -> int:
    return int(f"{value:0{width}b}"[::-1], 2)


def _rotate(value: int, by: int) -> int:
    return ((value << by) | (value >> (64 - by))) & _MASK_64


_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def xxh64(octets: bytes) -> int:
    """XXH64 with seed 0 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""
    position = 0
    if len(octets) >= 32:
        lanes = [(_P1 + _P2) & _MASK_64, _P2, 0, -_P1 & _MASK_64]
        while position + 32 <= len(octets):
            for lane in range(4):
                word = int.from_bytes(octets[position : position + 8], "little")
                lanes[lane] = _round(lanes[lane], word)
                position += 8
        digest = sum(map(_rotate, lanes, (1, 7, 12, 18))) & _MASK_64
        for lane in lanes:
            digest = ((digest ^ _round(0, lane)) * _P1 + _P4) & _MASK_64
    else:
        digest = _P5
    return _finish((digest + len(octets)) & _MASK_64, octets[position:])


def _round(lane: int, word: int) -> int:
    return _rotate((lane + word * _P2) & _MASK_64, 31) * _P1 & _MASK_64


def _finish(digest: int, rest: bytes) -> int:
    while len(rest) >= 8:
        digest ^= _round(0, int.from_bytes(rest[:8], "little"))
        digest = (_rotate(digest, 27) * _P1 + _P4) & _MASK_64
        rest = rest[8:]
    if len(rest) >= 4:
        digest ^= int.from_bytes(rest[:4], "little") * _P1 & _MASK_64
        digest = (_rotate(digest, 23) * _P2 + _P3) & _MASK_64
        rest = rest[4:]
    for octet in rest:
        digest = _rotate(digest ^ octet * _P5 & _MASK_64, 11) * _P1 & _MASK_64
    digest = (digest ^ digest >> 33) * _P2 & _MASK_64
    digest = (digest ^ digest >> 29) * _P3 & _MASK_64
    return digest ^ digest >> 32


def _round_robin() -> Hash:
    """Counts its calls."""
    counter = count()
    return lambda octets: next(counter)


def _consistent_round_robin() -> Hash:
    """Numbers its inputs in the order in which they first came."""
    numbers: dict[bytes, int] = {}
    return lambda octets: numbers.setdefault(octets, len(numbers))


HASHES: Mapping[str, Callable[[], Hash]] = {
    "crc32": lambda: crc32,
    "crc32_custom": lambda: crc32,
    "crc16": lambda: make_crc(16, 0x8005, 0, 0, True),
    "crc16_custom": lambda: make_crc(16, 0x8005, 0, 0, True),
    "crcCCITT": lambda: ccitt16,
    "crc8_custom": lambda: make_crc(8, 0x07, 0, 0, False),
    "crc64_custom": lambda: make_crc(64, 0x1B, 0, 0, True),
    "csum16": lambda: csum16,
    "cksum16": lambda: csum16,
    "xor16": lambda: xor16,
    "xor32": lambda: xor32,
    "identity": lambda: identity,
    "xxh64": lambda: xxh64,
    "bmv2_hash": lambda: xxh64,
    "hash_ex": lambda: fnv_like,
    "toeplitz": lambda: toeplitz,
    "round_robin": _round_robin,
    "round_robin_consistent": _consistent_round_robin,
}
"""Makes the function of each algorithm; those that keep a state get one of their own each time."""
