"""Who is primary: election ids, and what a node's answers about them mean.

P4Runtime specification, "Arbitration and Controller Replication". Pure: nothing here sends.

Choices:
- No role: the controller asks for full access.
- Without a configured election id it is derived from the time, so that a controller that was
  restarted wins over the session that it left behind. If another has taken the very same id, the
  next try uses a higher one. A configured id expresses an operator's order among controllers, and
  is kept: the try is only repeated until the id is free.
- A backup that hears that there is no primary claims the place, with an id above the last one.
- A new id is only sent on a new stream, except for that claim: simple_switch_grpc aborts if a
  stream changes its id to one that is taken.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass

from finsy.proto import U128, p4r, rpc_code

from controller.southbound.driver import NodeState

_IN_USE = re.compile(r"election.?id\b.*\b(used|exists|in use|taken)\b", re.IGNORECASE)
_LARGEST_ID = (1 << 128) - 1


@dataclass(frozen=True)
class Verdict:
    """What an answer of the node means for this controller."""

    state: NodeState
    reason: str
    claim: bool = False
    "There is no primary: ask again with ``Arbitration.request``."


class Arbitration:
    """The election id of one controller at one node, over all its sessions."""

    def __init__(self, device_id: int, election_id: int | None = None) -> None:
        self.device_id = device_id
        self._configured = election_id
        self.election_id = election_id if election_id is not None else derived_election_id()

    def begin(self) -> None:
        """Prepare for a new stream: back to the configured id, if there is one."""
        if self._configured is not None:
            self.election_id = self._configured

    def request(self) -> p4r.StreamMessageRequest:
        """Return the message that asks to be primary under the current id."""
        return p4r.StreamMessageRequest(
            arbitration=p4r.MasterArbitrationUpdate(
                device_id=self.device_id, election_id=U128.encode(self.election_id)
            )
        )

    def judge(self, update: p4r.MasterArbitrationUpdate) -> Verdict:
        """Read the node's answer; raises ValueError if it is none that the specification knows."""
        highest = U128.decode(update.election_id)
        match update.status.code:
            case rpc_code.OK:
                return Verdict(NodeState.PRIMARY, f"primary with election id {self.election_id}")
            case rpc_code.ALREADY_EXISTS:
                return Verdict(
                    NodeState.BACKUP, f"another controller is primary, with election id {highest}"
                )
            case rpc_code.NOT_FOUND:
                self._raise_above(highest)
                return Verdict(NodeState.BACKUP, "there is no primary: claiming it", claim=True)
            case code:
                raise ValueError(f"arbitration status {code}: {update.status.message}")

    def conflict(self, code: int, message: str) -> bool:
        """Tell whether the node closed the stream because the election id is in use.

        If it did, an id that was not configured is raised for the next try.
        """
        if code != rpc_code.INVALID_ARGUMENT or not _IN_USE.search(message):
            return False
        if self._configured is None:
            self._raise_above(self.election_id + random.randrange(1000))
        return True

    def _raise_above(self, election_id: int) -> None:
        self.election_id = min(max(self.election_id, election_id + 1), _LARGEST_ID)


def derived_election_id() -> int:
    """Return an election id that is higher than any derived earlier: microseconds since 1970."""
    return time.time_ns() // 1000
