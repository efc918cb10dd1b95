"""How digests are reported (specification 1.4, "DigestEntry"); reporting is `digest_lists`."""

from __future__ import annotations

from collections.abc import Iterator

from finsy.proto import p4r

from switch.p4runtime.entities.handler import EntityHandler
from switch.p4runtime.state import DigestList
from switch.p4runtime.status import already_exists, invalid_argument, not_found
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View, find, select


class DigestHandler(EntityHandler):
    """Serves `digest_entry`."""

    kind = "digest_entry"

    def object_id(self, message: p4r.DigestEntry) -> int:
        """The digest's id."""
        return message.digest_id

    def write(
        self,
        tx: Transaction,
        view: View,
        update: p4r.Update.Type.ValueType,
        message: p4r.DigestEntry,
    ) -> None:
        """Enable a digest, configure it, or disable it."""
        digest = find(view.pipeline.digests, message.digest_id, "digest")
        enabled = digest.config is not None
        if update == p4r.Update.INSERT and enabled:
            raise already_exists(f"digest {digest.name} is enabled already")
        if update in (p4r.Update.MODIFY, p4r.Update.DELETE) and not enabled:
            raise not_found(f"digest {digest.name} is not enabled")
        if update in (p4r.Update.INSERT, p4r.Update.MODIFY):
            tx.assign(digest, "config", _checked_config(message))
        elif update == p4r.Update.DELETE:
            tx.assign(digest, "config", None)
        else:
            raise invalid_argument("the type of the update is not set")

    def read(self, view: View, message: p4r.DigestEntry) -> Iterator[p4r.Entity]:
        """The configuration of one digest, or of all; nothing for those not enabled."""
        chosen = select(view, view.pipeline.digests, message.digest_id, "digest")
        return self._messages([(d, d.config) for d in chosen if d.config is not None])

    def _messages(
        self, found: list[tuple[DigestList, p4r.DigestEntry.Config]]
    ) -> Iterator[p4r.Entity]:
        for digest, config in found:
            entity = p4r.Entity()
            entity.digest_entry.digest_id = digest.digest_id
            entity.digest_entry.config.CopyFrom(config)
            yield entity


def _checked_config(message: p4r.DigestEntry) -> p4r.DigestEntry.Config:
    config = p4r.DigestEntry.Config()
    config.CopyFrom(message.config)
    if min(config.max_timeout_ns, config.max_list_size, config.ack_timeout_ns) < 0:
        raise invalid_argument("time-outs and sizes of digest lists may not be negative")
    return config
