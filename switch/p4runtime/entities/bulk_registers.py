"""Many cells of one register array at once (see `switch.p4runtime.bulk`)."""

from __future__ import annotations

from finsy.proto import p4r

from switch.p4runtime.bytestrings import check_all
from switch.p4runtime.effects import Cells, Channel
from switch.p4runtime.p4data import BitCodec
from switch.p4runtime.pipeline import BulkWrite
from switch.p4runtime.status import out_of_range, unimplemented
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View, check_index, find
from switch.p4runtime.wire_pattern import Columns

_INDEX = ("entity", "register_entry", "index", "index")
_VALUE = ("entity", "register_entry", "data", "bitstring")


def register_cells(view: View, update: p4r.Update) -> BulkWrite:
    """What writes `bit<W>` cells as an update does; raises `StatusError` if that is refused."""
    message = update.entity.register_entry
    register = find(view.pipeline.registers, message.register_id, "register")
    codec = register.codec
    if update.type != p4r.Update.MODIFY or not message.HasField("index"):
        raise unimplemented("not a cell that is modified")
    if not isinstance(codec, BitCodec):
        raise unimplemented("not of type bit<W>")
    check_index(message.index, register)
    codec.decode(message.data, register.name)
    index, width = message.index.index, codec.widths[0]

    def write(tx: Transaction, columns: Columns, count: int) -> None:
        indices = columns.get(_INDEX) or [index] * count
        if max(indices) >= register.size:
            raise out_of_range("an index is past the end")
        values = columns[_VALUE]
        check_all(values, width, register.name)
        tx.begin_updates(count)
        tx.effect(Channel.REGISTER_CELLS, Cells(register.name, indices, values))

    return write
