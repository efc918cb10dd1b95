"""Gives the names of a generated module the run-time objects that they stand for.

`switch.codegen` asks for objects by *requests*: a kind, and what of that kind. Each kind is one
entry of `_MAKERS`.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from random import randrange
from struct import Struct
from time import monotonic_ns
from types import CodeType
from typing import Any

from switch.runtime.bits import patch, read_bytes, to_whole_bytes
from switch.runtime.config import Config
from switch.runtime.errors import AssertionFailed, EndlessLoop
from switch.runtime.hashes import HASHES
from switch.runtime.replication import ReplicationEngine


@dataclass(frozen=True)
class Surroundings:
    """What a program's code uses of the worker, whatever the program."""

    replication: ReplicationEngine
    queues: Mapping[int, list[int]]
    """By port, if its packets need not wait: addresses and lengths of frames to be sent."""
    hold: Callable[[Config, int, int, int, bytes, int, tuple], bool]
    """Queues a packet of a program before egress: port, instance, priority, frame, port it came
    from, variables. False: it need not wait."""
    drops: list[int]
    """Counters by `switch.runtime.drops.Drop`."""
    start_ns: int
    """When the switch started, on the monotonic clock."""
    buffer_address: int
    """Where the packet buffer is in memory."""
    stash: Callable[[bytes], int]
    """Copies a frame to the packet buffer and gives its address."""
    requeue: Callable[[Config, bytes, int, int, tuple], None]
    """Has a packet of a program processed once more: frame, port, `Instance`, what it carries."""
    digest: Callable[[str, tuple[int, ...]], None]
    log: Callable[[str, tuple[int, ...]], None]


def random_between(low: int, high: int) -> int:
    """A random number, both ends included."""
    return randrange(low, high + 1)


class SourceLoader:
    """Lets tracebacks and debuggers show the generated source (`linecache.lazycache`)."""

    def __init__(self, source: str) -> None:
        self._source = source

    def get_source(self, name: str) -> str:
        """The source of the module."""
        return self._source


def link(
    config: Config,
    code: CodeType,
    source: str,
    requests: Iterable[tuple[str, tuple[str, ...]]],
    around: Surroundings,
) -> None:
    """Run the generated module in a namespace of the objects that it asked for."""
    namespace: dict[str, Any] = {"__name__": code.co_filename, "__loader__": SourceLoader(source)}
    for name, (kind, *what) in requests:
        namespace[name] = _MAKERS[kind](config, around, *what)
    linecache.lazycache(code.co_filename, namespace)
    exec(code, namespace)
    config.namespace = namespace
    config.process, config.egress = namespace["process"], namespace["egress"]


_MAKERS: Mapping[str, Callable[..., Any]] = {
    "unpack": lambda config, around, layout: Struct(layout).unpack_from,
    "pack": lambda config, around, layout: Struct(layout).pack,
    "table": lambda config, around, name: config.tables[name].table,
    "lookup": lambda config, around, name: config.tables[name].table.find,
    "register": lambda config, around, name: config.registers[name],
    "counter_packets": lambda config, around, name: config.counter_packets[name],
    "counter_bytes": lambda config, around, name: config.counter_bytes[name],
    "meter": lambda config, around, name: config.meters[name],
    "value_set": lambda config, around, name: config.value_sets[name],
    "hash": lambda config, around, algorithm: HASHES[algorithm](),
    "custom_hash": lambda config, around, algorithm, name: config.custom_hash(name, algorithm),
    "random": lambda config, around: random_between,
    "to_whole_bytes": lambda config, around: to_whole_bytes,
    "read_bytes": lambda config, around: read_bytes,
    "patch": lambda config, around: patch,
    "clock": lambda config, around: monotonic_ns,
    "start_ns": lambda config, around: around.start_ns,
    "drops": lambda config, around: around.drops,
    "multicast_groups": lambda config, around: around.replication.groups.get,
    "clone_sessions": lambda config, around: around.replication.sessions.get,
    "queues": lambda config, around: around.queues.get,
    "buffer_address": lambda config, around: around.buffer_address,
    "stash": lambda config, around: around.stash,
    "hold": lambda config, around: partial(around.hold, config),
    "requeue": lambda config, around: partial(around.requeue, config),
    "digest": lambda config, around: around.digest,
    "log": lambda config, around: around.log,
    "assertion_error": lambda config, around: AssertionFailed,
    "endless_loop": lambda config, around: EndlessLoop,
}
