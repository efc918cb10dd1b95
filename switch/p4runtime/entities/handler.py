"""What all handlers of entities have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from finsy.proto import p4r

from switch.p4runtime.status import StatusError, invalid_argument
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import Answer, View


class EntityHandler(ABC):
    """Serves one member of the `Entity` oneof."""

    kind: ClassVar[str]
    """The name of that member."""

    @abstractmethod
    def object_id(self, message: Any) -> int:
        """The P4Info id that roles are checked against; 0 for what has none."""

    @abstractmethod
    def write(
        self, tx: Transaction, view: View, update: p4r.Update.Type.ValueType, message: Any
    ) -> None:
        """Handle one update; raises the `StatusError` it is refused with."""

    @abstractmethod
    def read(self, view: View, message: Any) -> Answer:
        """The entities that a request selects.

        Everything that can change is read before this returns; what is left to the iterator is
        making the messages. Raises the `StatusError` that the request is refused with.
        """

    def read_many(self, view: View, messages: Sequence[Any]) -> list[Answer | StatusError]:
        """The answers to consecutive requests of a batch."""
        return [self._try_read(view, message) for message in messages]

    def _try_read(self, view: View, message: Any) -> Answer | StatusError:
        try:
            return self.read(view, message)
        except StatusError as error:
            return error


def only_modify(update: p4r.Update.Type.ValueType, what: str) -> None:
    """Raise INVALID_ARGUMENT unless an update is a MODIFY."""
    if update != p4r.Update.MODIFY:
        raise invalid_argument(f"a {what} can only be modified")
