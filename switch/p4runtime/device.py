"""`Device`: one switch as P4Runtime's unary calls see it.

It keeps the running config, the saved one between VERIFY_AND_SAVE and COMMIT, and the replication
engine. Control calls act on the saved config as soon as there is one, packets on the running one
until the commit, as in BMv2. Calls come from any thread; one lock makes writes and reads appear
one after the other (specification 1.4, "Parallelism of Read and Write Requests"). A read collects
its data under the lock and makes its messages outside of it, so slow readers hold up nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from threading import Lock

from finsy.proto import p4r
from grpc import StatusCode

from switch.dataplane.client import DataPlane
from switch.dataplane.messages import Config
from switch.p4runtime.batches import Batch, Messages, Run
from switch.p4runtime.bulk import write_in_bulk
from switch.p4runtime.entities.registry import HANDLERS
from switch.p4runtime.entities.resources import check_counts_are_cleared
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.roles import FULL_ACCESS, RoleScope
from switch.p4runtime.state import Replication
from switch.p4runtime.status import (
    BatchError,
    StatusError,
    aborted,
    failed_precondition,
    invalid_argument,
    unimplemented,
)
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import Answer, Response, View, responses

LOG = logging.getLogger(__name__)


class Device:
    """The state of one switch and the calls that read and write it."""

    def __init__(self, device_id: int, plane: DataPlane, cpu_port: int | None) -> None:
        self.device_id = device_id
        self.plane = plane
        self.cpu_port = cpu_port
        self.running: Pipeline | None = None
        """What packets run; changed under `lock`, looked at without."""
        self.saved: Pipeline | None = None
        self.replication = Replication()
        self.lock = Lock()

    @property
    def controlled(self) -> Pipeline | None:
        """The config that control calls are about."""
        return self.saved or self.running

    @property
    def control_config(self) -> Config:
        """What the data plane calls that config."""
        return Config.SAVED if self.saved is not None else Config.RUNNING

    def write(self, batch: Batch, scope: RoleScope) -> None:
        """Apply a batch of updates.

        Raises BatchError if an update failed, UNIMPLEMENTED for an atomicity that is not offered
        and FAILED_PRECONDITION before a config was set. With CONTINUE_ON_ERROR the other updates
        are done, with ROLLBACK_ON_ERROR none is.
        """
        atomicity = batch.head.atomicity
        if atomicity not in (
            p4r.WriteRequest.CONTINUE_ON_ERROR,
            p4r.WriteRequest.ROLLBACK_ON_ERROR,
        ):
            raise unimplemented("the data plane does not apply batches atomically")
        with self.lock:
            view = self._view(scope)
            rollback = atomicity == p4r.WriteRequest.ROLLBACK_ON_ERROR
            errors = _write(view, batch.runs, rollback=rollback)
        failures = len(errors) - errors.count(None)
        if failures:
            raise BatchError(f"{failures} of {len(errors)} updates failed", errors)

    def update(self, updates: Sequence[p4r.Update]) -> None:
        """Apply all updates or none, for a caller that holds `lock`.

        Raises the `StatusError` of the first that is refused.
        """
        errors = _write(self._view(FULL_ACCESS), [Messages(list(updates))], rollback=True)
        for error in errors:
            if error is not None and error.code is not StatusCode.ABORTED:
                raise error

    def read(self, request: p4r.ReadRequest, scope: RoleScope) -> Iterator[Response]:
        """What a batch of requests selects, in messages of bounded size.

        The iterator ends with BatchError if one of the requests failed. Raises
        FAILED_PRECONDITION before a config was set.
        """
        with self.lock:
            answers = _gather(self._view(scope), request.entities)
        return _answer(answers)

    def packet_out_frame(self, packet: p4r.PacketOut) -> tuple[int, bytes]:
        """The CPU port and the frame to put in there for a controller's packet.

        Raises INVALID_ARGUMENT if its metadata is not the running program's.
        """
        pipeline = self.running
        if pipeline is None:
            raise failed_precondition("no forwarding pipeline config is set, so packets are lost")
        if self.cpu_port is None:
            raise failed_precondition("this switch has no CPU port (--cpu-port)")
        return self.cpu_port, pipeline.packet_io.packet_out(packet)

    def _view(self, scope: RoleScope) -> View:
        pipeline = self.controlled
        if pipeline is None:
            raise failed_precondition("no forwarding pipeline config is set for this device")
        return View(pipeline, self.replication, self.plane, self.control_config, scope)


def _write(
    view: View, runs: Sequence[Run | Messages], *, rollback: bool
) -> list[StatusError | None]:
    """Apply updates; the error of each that failed."""
    tx = Transaction()
    errors: list[StatusError | None] = []
    try:
        for run in runs:
            errors += _write_run(tx, view, run)
        if rollback and any(errors):
            tx.rollback()
            undone = aborted("not done because another update of the batch failed")
            return [error or undone for error in errors]
    except BaseException:
        tx.rollback()
        raise
    for place, error in tx.flush(view.plane, view.config).items():
        LOG.error("update %d: %s", place, error.message)
        errors[place] = error
    return errors


def _write_run(tx: Transaction, view: View, run: Run | Messages) -> list[StatusError | None]:
    if isinstance(run, Run) and write_in_bulk(tx, view, run):
        return [None] * len(run)
    return [_try_write(tx, view, update) for update in run.updates()]


def _try_write(tx: Transaction, view: View, update: p4r.Update) -> StatusError | None:
    tx.begin_update()
    try:
        write_entity(tx, view, update.type, update.entity)
    except StatusError as error:
        tx.revert_update()
        return error
    return None


def write_entity(
    tx: Transaction, view: View, update: p4r.Update.Type.ValueType, entity: p4r.Entity
) -> None:
    """Handle one update; raises the `StatusError` it is refused with."""
    kind = entity.WhichOneof("entity")
    if kind is None:
        raise invalid_argument("the entity of the update is not set")
    handler, message = HANDLERS[kind], getattr(entity, kind)
    if view.scope.p4_ids is not None:
        view.scope.check_write(handler.object_id(message))
    check_counts_are_cleared(kind, message)
    handler.write(tx, view, update, message)


def _gather(view: View, entities: Sequence[p4r.Entity]) -> list[Answer | StatusError]:
    answers: list[Answer | StatusError] = []
    for kind, group in groupby(entities, key=lambda entity: entity.WhichOneof("entity")):
        if kind is None:
            answers += [invalid_argument("the entity of the request is not set") for _ in group]
        else:
            answers += HANDLERS[kind].read_many(view, [getattr(e, kind) for e in group])
    return answers


def _answer(answers: list[Answer | StatusError]) -> Iterator[Response]:
    found = [answer for answer in answers if not isinstance(answer, StatusError)]
    yield from responses(chain.from_iterable(found))
    errors = [answer if isinstance(answer, StatusError) else None for answer in answers]
    failures = len(errors) - errors.count(None)
    if failures:
        raise BatchError(f"{failures} of {len(errors)} requests failed", errors)
