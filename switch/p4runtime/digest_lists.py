"""Digests on their way to controllers: buffered into lists, and not sent twice.

A state machine without a clock, after the pseudo-code of the specification 1.4, "DigestEntry":
every method is given `now` in nanoseconds of a monotonic clock. A digest that is buffered, or
sent and neither acknowledged nor older than `ack_timeout_ns`, is not reported again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from finsy.proto import p4r

from switch.p4runtime.state import DigestList

MAX_LIST_SIZE = 1024
"""Where the configuration sets no limit."""
MAX_UNACKNOWLEDGED_LISTS = 4096
"""Per digest; the oldest are forgotten."""


@dataclass
class _Buffer:
    """One digest's list in the making, and its lists that wait for their acknowledgement."""

    samples: dict[tuple[int, ...], None] = field(default_factory=dict)
    first_ns: int = 0
    last_list_id: int = 0
    sent: OrderedDict[int, tuple[int, frozenset[tuple[int, ...]]]] = field(
        default_factory=OrderedDict
    )
    """By list id: when it was sent, and what was in it."""
    unacknowledged: set[tuple[int, ...]] = field(default_factory=set)


class DigestReporter:
    """The digests of one running program."""

    def __init__(self) -> None:
        self._buffers: dict[int, _Buffer] = {}

    @property
    def is_in_use(self) -> bool:
        """Whether there ever was a digest that is enabled."""
        return bool(self._buffers)

    def add(
        self, digest: DigestList, sample: tuple[int, ...], now_ns: int
    ) -> p4r.DigestList | None:
        """Take in a sample; the list to send if it is full now."""
        config = digest.config
        if config is None:
            return None
        buffer = self._buffers.setdefault(digest.digest_id, _Buffer())
        self._forget_old(buffer, config, now_ns)
        if sample in buffer.samples or sample in buffer.unacknowledged:
            return None
        if not buffer.samples:
            buffer.first_ns = now_ns
        buffer.samples[sample] = None
        size = config.max_list_size or MAX_LIST_SIZE
        if len(buffer.samples) >= size or not config.max_timeout_ns:
            return self._send(digest, buffer, now_ns)
        return None

    def due(self, digest: DigestList, now_ns: int) -> p4r.DigestList | None:
        """The list of a digest whose time is up; of one that is disabled all is forgotten."""
        buffer, config = self._buffers.get(digest.digest_id), digest.config
        if buffer is None:
            return None
        if config is None:
            self._buffers[digest.digest_id] = _Buffer(last_list_id=buffer.last_list_id)
            return None
        if not buffer.samples or now_ns - buffer.first_ns < config.max_timeout_ns:
            return None
        return self._send(digest, buffer, now_ns)

    def next_due_ns(self, digests: dict[int, DigestList]) -> int | None:
        """When the next buffered list must be sent; None if nothing is buffered."""
        times = [
            buffer.first_ns + digest.config.max_timeout_ns
            for digest_id, buffer in self._buffers.items()
            if (digest := digests.get(digest_id)) is not None
            and digest.config is not None
            and buffer.samples
        ]
        return min(times, default=None)

    def acknowledge(self, digest_id: int, list_id: int) -> None:
        """A controller has acted on a list: its samples may be reported again."""
        buffer = self._buffers.get(digest_id)
        if buffer is not None:
            self._forget(buffer, list_id)

    def not_sent(self, digest_id: int, list_id: int) -> None:
        """A list found no receiver; it counts as never reported."""
        self.acknowledge(digest_id, list_id)

    def clear(self) -> None:
        """Another program runs: forget everything."""
        self._buffers.clear()

    def _send(self, digest: DigestList, buffer: _Buffer, now_ns: int) -> p4r.DigestList:
        buffer.last_list_id += 1
        message = p4r.DigestList(digest_id=digest.digest_id, list_id=buffer.last_list_id)
        for sample in buffer.samples:
            digest.codec.encode(iter(sample), message.data.add())
        if digest.config is not None and digest.config.ack_timeout_ns:
            buffer.sent[buffer.last_list_id] = now_ns, frozenset(buffer.samples)
            buffer.unacknowledged.update(buffer.samples)
            if len(buffer.sent) > MAX_UNACKNOWLEDGED_LISTS:
                self._forget(buffer, next(iter(buffer.sent)))
        buffer.samples.clear()
        return message

    def _forget_old(self, buffer: _Buffer, config: p4r.DigestEntry.Config, now_ns: int) -> None:
        while buffer.sent:
            list_id, (sent_ns, _) = next(iter(buffer.sent.items()))
            if now_ns - sent_ns < config.ack_timeout_ns:
                return
            self._forget(buffer, list_id)

    def _forget(self, buffer: _Buffer, list_id: int) -> None:
        _, samples = buffer.sent.pop(list_id, (0, frozenset()))
        buffer.unacknowledged -= samples
