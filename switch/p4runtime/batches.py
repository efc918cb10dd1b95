"""A Write request as it comes from the wire: its updates in runs that look alike.

The generated classes of protobuf would make some ten objects for each update. Here the updates of
a run stay bytes; who handles them asks for columns of values (`Pattern`), or for messages one by
one. Updates that have no pattern are messages at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from finsy.proto import p4r

from switch.p4runtime.wire_pattern import Columns, Pattern, Unfit, read_varint, skip_field

_MIN_BYTES = 512
"""Of a request in which patterns are looked for: a few updates are done sooner one by one."""
_UPDATES = 0x22
"""The tag of `WriteRequest.updates`: field 4, of a length."""
_MAX_PATTERNS = 256
"""Remembered at a time."""
_MAX_NEW_PATTERNS = 16
"""Taken from one request: a batch in which all updates look different is not worth more."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive updates of one pattern."""

    pattern: Pattern
    raw: memoryview

    def __len__(self) -> int:
        return len(self.raw) // self.pattern.size

    def columns(self) -> Columns:
        """The values of all updates."""
        return self.pattern.columns(self.raw)

    def updates(self) -> Iterator[p4r.Update]:
        """The updates as messages."""
        return self.pattern.messages(self.raw)


@dataclass(frozen=True, slots=True)
class Messages:
    """Consecutive updates that are messages already."""

    messages: list[p4r.Update]

    def __len__(self) -> int:
        return len(self.messages)

    def updates(self) -> Iterator[p4r.Update]:
        """The updates."""
        return iter(self.messages)


@dataclass(frozen=True, slots=True)
class Batch:
    """A Write request."""

    head: p4r.WriteRequest
    """All but the updates."""
    runs: Sequence[Run | Messages]

    def __len__(self) -> int:
        return sum(map(len, self.runs))


class BatchReader:
    """Reads Write requests, and remembers what updates look like. For one thread."""

    def __init__(self) -> None:
        self._patterns: dict[int, list[Pattern]] = {}
        """By size."""
        self._count = 0

    def read(self, raw: bytes) -> Batch:
        """The batch that a serialized `WriteRequest` is. Raises protobuf's `DecodeError`."""
        if len(raw) >= _MIN_BYTES:
            with suppress(Unfit):  # the general way is below
                return self._read(raw)
        head = p4r.WriteRequest.FromString(raw)
        messages = list(head.updates)
        del head.updates[:]
        return Batch(head, [Messages(messages)])

    def _read(self, raw: bytes) -> Batch:
        view = memoryview(raw)
        head = bytearray()
        runs: list[Run | Messages] = []
        may_learn = _MAX_NEW_PATTERNS
        start = 0
        while start < len(raw):
            tag, body = read_varint(raw, start, len(raw))
            end = skip_field(raw, tag, body, len(raw))
            if tag != _UPDATES:
                head += view[start:end]
                start = end
                continue
            run = self._known(view, start, end)
            if run is None and may_learn:
                may_learn -= 1
                run = self._learn(view, start, end)
            if run is None:
                _, body = read_varint(raw, body, end)
                update = p4r.Update.FromString(view[body:end])  # type: ignore[arg-type]  # views too
                _append(runs, update)
                start = end
            else:
                runs.append(run)
                start += len(run.raw)
        return Batch(p4r.WriteRequest.FromString(bytes(head)), runs)

    def _known(self, raw: memoryview, start: int, end: int) -> Run | None:
        """The updates from `start` on that fit a pattern; the first one ends at `end`."""
        for pattern in self._patterns.get(end - start, ()):
            run = _run(pattern, raw[start:])
            if run:
                return run
        return None

    def _learn(self, raw: memoryview, start: int, end: int) -> Run | None:
        """Remember what an update looks like; None for one that has no pattern."""
        try:
            pattern = Pattern(bytes(raw[start:end]))
        except Unfit:
            return None
        if self._count == _MAX_PATTERNS:
            self._patterns.clear()
            self._count = 0
        self._count += 1
        self._patterns.setdefault(pattern.size, []).append(pattern)
        return _run(pattern, raw[start:])


def _run(pattern: Pattern, raw: memoryview) -> Run:
    """The first updates that fit a pattern, maybe none."""
    return Run(pattern, raw[: pattern.count(raw) * pattern.size])


def _append(runs: list[Run | Messages], message: p4r.Update) -> None:
    if runs and isinstance(runs[-1], Messages):
        runs[-1].messages.append(message)
    else:
        runs.append(Messages([message]))
