"""Updates on their way to a write request: encoded, and cut into batches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from finsy.p4entity import flatten
from finsy.p4schema import P4Schema
from finsy.proto import p4r

from controller.errors import UpdateFailure
from controller.southbound.driver import P4Update

BATCH_BYTES = 1024 * 1024
"Largest batch; a gRPC server with default settings takes no message over 4 MiB."


class EncodedUpdate(NamedTuple):
    """An update as the caller gave it, and as it is sent."""

    place: int
    "Its place among all updates of the call."
    update: P4Update
    message: p4r.Update


def encode_updates(
    updates: Iterable[P4Update], schema: P4Schema
) -> tuple[list[EncodedUpdate], dict[int, UpdateFailure]]:
    """Encode updates; those that the program cannot hold come back as failures, by their place."""
    encoded: list[EncodedUpdate] = []
    failures: dict[int, UpdateFailure] = {}
    for index, update in enumerate(flatten(updates)):
        try:
            message = update if isinstance(update, p4r.Update) else update.encode_update(schema)
        except (ValueError, TypeError, OverflowError) as exc:
            failures[index] = UpdateFailure(update, "INVALID_ARGUMENT", str(exc))
        else:
            encoded.append(EncodedUpdate(index, update, message))
    return encoded, failures


def cut(
    updates: Sequence[EncodedUpdate], count: int, size: int = BATCH_BYTES
) -> Iterator[list[EncodedUpdate]]:
    """Cut updates into batches of at most ``count`` updates and about ``size`` bytes, in order."""
    batch: list[EncodedUpdate] = []
    room = size
    for update in updates:
        weight = update.message.ByteSize()
        if batch and (len(batch) == count or weight > room):
            yield batch
            batch, room = [], size
        batch.append(update)
        room -= weight
    if batch:
        yield batch
