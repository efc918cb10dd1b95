"""Compares two observations of one test.

Choices: the order of frames within a port is not compared, since frames that go round (clones,
recirculated ones) meet later ones at a moment of chance. Of programs that read a clock or draw
random numbers only that is compared which does not depend on them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from enum import Enum
from typing import Any

_CLOCKS = ("ingress_global_timestamp", "egress_global_timestamp", "enq_timestamp", "deq_timedelta")
_DRAWS = ("modify_field_rng_uniform",)


class Determinism(Enum):
    """What of a program's behaviour is the same each time."""

    ALL = "all"
    FRAMES = "frames"
    """It reads a clock: its state and what it tells the controller may differ."""
    NOTHING = "nothing"


def determinism(program_json: bytes) -> Determinism:
    """What can be compared of a program, by its BMv2 JSON."""
    program = json.loads(program_json)
    text = json.dumps([program["actions"], program["pipelines"], program["parsers"]])
    if any(f'"{name}"' in text for name in _DRAWS):
        return Determinism.NOTHING
    if any(f'"standard_metadata", "{name}"' in text for name in _CLOCKS):
        return Determinism.FRAMES
    return Determinism.ALL


def differences(
    reference: dict[str, Any], found: dict[str, Any], extent: Determinism
) -> Iterator[str]:
    """What a switch did otherwise than the reference, in words."""
    if reference["refused"].keys() != found["refused"].keys():
        yield f"refused {found['refused']}, the reference {reference['refused']}"
    for port, frames in reference["frames"].items():
        if port != "cpu" or extent is Determinism.ALL:
            yield from _frames(port, frames, found["frames"][port])
    if extent is Determinism.ALL:
        for kind in ("registers", "counters"):
            yield from _cells(kind, reference[kind], found[kind])


def _frames(port: str, reference: list[str], found: list[str]) -> Iterator[str]:
    missing = Counter(reference) - Counter(found)
    extra = Counter(found) - Counter(reference)
    if missing or extra:
        yield (
            f"port {port}: {len(found)} frames, {len(reference)} of the reference\n"
            f"  missing {list(missing)[:2]}\n  instead {list(extra)[:2]}"
        )


def _cells(
    kind: str, reference: dict[str, list[Any]], found: dict[str, list[Any]]
) -> Iterator[str]:
    for name, cells in reference.items():
        for index, (wanted, seen) in enumerate(zip(cells, found[name], strict=True)):
            if wanted != seen:
                yield f"{kind}: {name}[{index}] is {seen}, on the reference {wanted}"
                break
