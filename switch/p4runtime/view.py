"""What the handlers of entities see of the switch while they serve a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from finsy.proto import p4r

from switch.dataplane.client import DataPlane
from switch.dataplane.messages import Config
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.roles import RoleScope
from switch.p4runtime.state import Array, Register, Replication
from switch.p4runtime.status import invalid_argument, out_of_range

_T = TypeVar("_T")

Response: TypeAlias = p4r.ReadResponse | bytes
"""A `ReadResponse`, or one that is serialized already."""

Answer: TypeAlias = Iterator[p4r.Entity | bytes]
"""What a read request gets: entities, or whole serialized messages where there are many."""

MAX_ENTITIES_PER_RESPONSE = 1024
MAX_RESPONSE_BYTES = 1 << 20
"""A quarter of what gRPC clients accept by default; one large entity may exceed it."""


@dataclass(frozen=True)
class View:
    """The state that a request is about: that of the saved config if there is one."""

    pipeline: Pipeline
    replication: Replication
    plane: DataPlane
    config: Config
    scope: RoleScope


def find(objects: Mapping[int, _T], object_id: int, kind: str) -> _T:
    """An object of the pipeline; raises INVALID_ARGUMENT, as PI does, if there is none."""
    found = objects.get(object_id)
    if found is None:
        raise invalid_argument(f"there is no {kind} 0x{object_id:08x}")
    return found


def select(view: View, objects: Mapping[int, _T], object_id: int, kind: str) -> list[_T]:
    """The objects that a read is about: one, or all for id 0; without those outside the role."""
    chosen = {object_id: find(objects, object_id, kind)} if object_id else objects
    return [found for found_id, found in chosen.items() if view.scope.allows(found_id)]


def check_index(index: p4r.Index, array: Array | Register) -> int:
    """An index of an array; raises INVALID_ARGUMENT below 0 and OUT_OF_RANGE past the end."""
    place = index.index
    if place < 0:
        raise invalid_argument(f"{array.name} has no index {place}")
    if place >= array.size:
        raise out_of_range(f"index {place} is past the end of {array.name} ({array.size} cells)")
    return place


def responses(answers: Iterable[p4r.Entity | bytes]) -> Iterator[Response]:
    """Entities in messages of bounded size; messages that are made already are passed on."""
    response, size = p4r.ReadResponse(), 0
    for answer in answers:
        length = 0 if isinstance(answer, bytes) else answer.ByteSize()
        if response.entities and (
            isinstance(answer, bytes)
            or len(response.entities) >= MAX_ENTITIES_PER_RESPONSE
            or size + length > MAX_RESPONSE_BYTES
        ):
            yield response
            response, size = p4r.ReadResponse(), 0
        if isinstance(answer, bytes):
            yield answer
        else:
            response.entities.append(answer)
            size += length
    if response.entities:
        yield response
