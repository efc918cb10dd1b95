"""What all families of calls have in common: the switch, and how they refuse.

As in BMv2 calls are about the saved program as soon as there is one. They share the state with
P4Runtime, whose lock they hold while they use it, and change it by the updates that a P4Runtime
client would send. Thrift's exceptions carry a code and no words: these go to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from grpc import StatusCode

from switch.dataplane.errors import DataPlaneError
from switch.p4json.program import Program
from switch.p4runtime.device import Device
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.state import Table
from switch.p4runtime.status import StatusError
from switch.thrift.idl import IDL

LOG = logging.getLogger(__name__)

MAX_INT64 = (1 << 63) - 1


class Calls:
    """A family of calls, each a method."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def pipeline(self, cxt_id: int) -> Pipeline | None:
        """What a context's calls are about; v1model has but context 0."""
        return self.device.controlled if cxt_id == 0 else None

    def program(self, cxt_id: int) -> Program | None:
        """Its program."""
        pipeline = self.pipeline(cxt_id)
        return None if pipeline is None else pipeline.program

    @contextmanager
    def table(self, cxt_id: int, name: str) -> Iterator[Table]:
        """A table that controllers see, held while it is used; handles are up to date."""
        with self.device.lock:
            pipeline = self.pipeline(cxt_id)
            table_id = pipeline.table_names.get(name) if pipeline is not None else None
            if pipeline is None or table_id is None:
                raise table_error("INVALID_TABLE_NAME")
            table = pipeline.tables[table_id]
            if len(table.handles) != len(table.entries):
                table.handles.follow(table.entries.keys())
            with table_refusals({}):
                yield table


def table_error(code: str) -> Exception:
    """The refusal of a call about tables, or about action profiles."""
    return IDL.InvalidTableOperation(code=getattr(IDL.TableOperationErrorCode, code))


@contextmanager
def table_refusals(codes: Mapping[StatusCode, str]) -> Iterator[None]:
    """Let P4Runtime's refusals and the data plane's errors be refusals with a code of Thrift."""
    try:
        yield
    except StatusError as error:
        LOG.info("refused over Thrift: %s", error.message)
        raise table_error(codes.get(error.code, "ERROR")) from error
    except DataPlaneError as error:
        LOG.error("a Thrift call failed: %s", error)
        raise table_error("ERROR") from error
