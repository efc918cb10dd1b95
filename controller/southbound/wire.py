"""Reading and writing a node's entities over P4Runtime: what all the driver's parts share.

Choices:
- Writes are CONTINUE_ON_ERROR, the only kind that every target has, in batches bounded in number
  and bytes. A refused batch does not keep the later ones from being sent.
- Entities are read with full names, not with the P4Info's aliases: an alias is the shortest
  suffix that is unique in one program, so the next program may call the same table otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import grpc
from finsy.p4entity import (
    P4ActionProfileMember,
    P4CounterEntry,
    P4Entity,
    P4IndirectAction,
    P4RegisterEntry,
    P4TableAction,
    P4TableEntry,
    decode_entity,
    encode_entities,
)
from finsy.p4schema import P4Schema
from finsy.proto import U128, p4r

from controller.errors import NodeFaulty, NodeRefused, UpdateFailure, WriteFailed
from controller.southbound.batch import EncodedUpdate, cut, encode_updates
from controller.southbound.driver import NodeAddress, P4Update
from controller.southbound.rpc import code_name, code_of, message_of, node_error, update_statuses
from controller.southbound.session import Session

_E = TypeVar("_E", bound=P4Entity)


class Wire:
    """A session and the program that its control calls act on."""

    def __init__(self, address: NodeAddress, session: Session) -> None:
        self.name = address.name
        self.device_id = address.device_id
        self.options = address.options
        self.session = session
        self.schema = P4Schema()

    def write(self, updates: Iterable[P4Update], asked: str = "") -> None:
        """Write updates; raises ``WriteFailed`` with those that were refused."""
        encoded, failures = encode_updates(updates, self.schema)
        asked = asked or f"write of {len(encoded) + len(failures)} updates"
        for batch in cut(encoded, self.options.write_batch):
            failures |= self._write_batch(batch, asked)
        if failures:
            raise WriteFailed(self.name, asked, [failures[index] for index in sorted(failures)])

    def read(self, entities: Iterable[_E], asked: str = "") -> list[_E]:
        """Read and decode the entities that match, of the kind that is given; see ``read_raw``."""
        return [self.decode(entity) for entity in self.read_raw(entities, asked)]

    def read_raw(
        self, entities: Iterable[P4Entity | p4r.Entity], asked: str = ""
    ) -> list[p4r.Entity]:
        """Read the entities that match; long lists are asked for in several requests."""
        return list(self.stream_raw(entities, asked))

    def stream_raw(
        self, entities: Iterable[P4Entity | p4r.Entity], asked: str = ""
    ) -> Iterator[p4r.Entity]:
        """Yield the same one by one, for those who keep none: thousands cost time to keep."""
        try:
            messages = encode_entities(entities, self.schema)
        except ValueError as exc:
            raise self.refused(asked or "read", str(exc)) from exc
        remaining = iter(messages)
        while page := list(islice(remaining, self.options.write_batch)):
            yield from self._read_page(page, asked or f"read of {len(messages)} entities")

    def refused(self, asked: str, reason: str, advice: str = "") -> NodeRefused:
        """Return the error for what is not even sent, because the program has no such thing."""
        return NodeRefused(self.name, asked, reason, advice, code="INVALID_ARGUMENT")

    def _write_batch(self, batch: Sequence[EncodedUpdate], asked: str) -> dict[int, UpdateFailure]:
        connection = self.session.connection(asked, primary=True)
        request = p4r.WriteRequest(
            device_id=self.device_id,
            election_id=U128.encode(self.session.election_id),
            updates=[update.message for update in batch],
        )
        try:
            connection.raw_call("Write", request, asked, self.options.call_timeout_s)
        except grpc.RpcError as exc:
            return self._failures(batch, exc, asked)
        return {}

    def _failures(
        self, batch: Sequence[EncodedUpdate], exc: grpc.RpcError, asked: str
    ) -> dict[int, UpdateFailure]:
        """Tell which updates of a failed batch were refused; raises if the call itself failed."""
        statuses = update_statuses(exc)
        if len(statuses) == len(batch) and any(status.code for status in statuses):
            return {
                update.place: UpdateFailure(update.update, status.name, status.message)
                for update, status in zip(batch, statuses, strict=True)
                if status.code
            }
        error = node_error(self.name, asked, exc)
        if error.temporary:
            raise error from exc
        code = code_name(code_of(exc))
        message = message_of(exc)
        return {update.place: UpdateFailure(update.update, code, message) for update in batch}

    def _read_page(self, page: Sequence[p4r.Entity], asked: str) -> Iterator[p4r.Entity]:
        connection = self.session.connection(asked)
        request = p4r.ReadRequest(device_id=self.device_id, entities=page)
        responses = connection.call_stream("Read", request, asked, self.options.call_timeout_s)
        for response in responses:
            yield from response.entities

    def decode(self, message: p4r.Entity) -> Any:
        """Decode an entity that the node sent, with full names; raises NodeFaulty."""
        try:
            return with_full_names(decode_entity(message, self.schema), self.schema)
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise NodeFaulty(
                self.name, "read", f"it sent what its program does not have: {exc}"
            ) from exc


def with_full_names(entity: Any, schema: P4Schema) -> Any:
    """Replace the aliases in an entity by the names that hold in every program."""
    match entity:
        case P4TableEntry(table_id=str(alias)) if alias:
            entity.table_id = schema.tables[alias].name
            entity.action = _action_with_full_name(entity.action, schema)
        case P4CounterEntry(counter_id=str(alias)) if alias:
            entity.counter_id = schema.counters[alias].name
        case P4RegisterEntry(register_id=str(alias)) if alias:
            entity.register_id = schema.registers[alias].name
        case P4ActionProfileMember(action_profile_id=str(alias)) if alias:
            entity.action_profile_id = schema.action_profiles[alias].name
            entity.action = _action_with_full_name(entity.action, schema)
    return entity


def _action_with_full_name(action: Any, schema: P4Schema) -> Any:
    match action:
        case P4TableAction(name=str(alias)):
            action.name = schema.actions[alias].name
        case P4IndirectAction(action_set=[*weighted]):
            for _, member in weighted:
                _action_with_full_name(member, schema)
    return action
