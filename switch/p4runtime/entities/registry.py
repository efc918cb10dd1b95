"""All handlers of entities, by the member of the `Entity` oneof that they serve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finsy.proto import p4r

from switch.p4runtime.entities.arrays import CounterHandler, MeterHandler
from switch.p4runtime.entities.digests import DigestHandler
from switch.p4runtime.entities.direct import DirectCounterHandler, DirectMeterHandler
from switch.p4runtime.entities.handler import EntityHandler
from switch.p4runtime.entities.profiles import GroupHandler, MemberHandler
from switch.p4runtime.entities.registers import RegisterHandler
from switch.p4runtime.entities.replication import ReplicationHandler
from switch.p4runtime.entities.tables import TableHandler
from switch.p4runtime.entities.value_sets import ValueSetHandler
from switch.p4runtime.status import unimplemented
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View


class ExternHandler(EntityHandler):
    """Serves `extern_entry`: v1model has no externs beyond those of the specification."""

    kind = "extern_entry"

    def object_id(self, message: p4r.ExternEntry) -> int:
        """The extern instance's id."""
        return message.extern_id

    def write(
        self, tx: Transaction, view: View, update: p4r.Update.Type.ValueType, message: Any
    ) -> None:
        """Refused."""
        raise unimplemented("extern entries")

    def read(self, view: View, message: Any) -> Iterator[p4r.Entity]:
        """Nothing for a read of all types; else refused."""
        if message.extern_type_id:
            raise unimplemented(f"there is no extern type 0x{message.extern_type_id:02x}")
        return iter(())


HANDLERS: dict[str, EntityHandler] = {
    handler.kind: handler
    for handler in (
        CounterHandler(),
        DigestHandler(),
        DirectCounterHandler(),
        DirectMeterHandler(),
        ExternHandler(),
        GroupHandler(),
        MemberHandler(),
        MeterHandler(),
        RegisterHandler(),
        ReplicationHandler(),
        TableHandler(),
        ValueSetHandler(),
    )
}
