"""What a controller's role may do.

A role without a configuration may do everything. The format of a configuration is left to
client and server by the specification; the one understood here is Stratum's `P4RoleConfig`,
which is what clients in use (finsy, ONOS, p4runtime-shell) can send. Any other is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from finsy.proto import p4r, stratum
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError

from switch.p4runtime.bytestrings import encode
from switch.p4runtime.status import invalid_argument, permission_denied


@dataclass(frozen=True)
class RoleScope:
    """What a role may see and change."""

    p4_ids: frozenset[int] | None = None
    """The P4Info objects that it may read and write; None: all."""
    exclusive_ids: frozenset[int] = frozenset()
    """Those of them that no other role with a configuration may have."""
    can_push_pipeline: bool = True
    receives_packet_ins: bool = True
    packet_in_filter: tuple[int, bytes] | None = None
    """A packet-in metadata id and the value it must have; None: every packet-in."""

    def allows(self, p4_id: int) -> bool:
        """Whether an object is in the role's scope; 0 stands for what has no id (replication)."""
        return self.p4_ids is None or p4_id == 0 or p4_id in self.p4_ids

    def overlaps(self, other: RoleScope) -> frozenset[int]:
        """The objects that one of the two claims for itself alone and the other has as well."""
        mine, others = self.p4_ids or frozenset(), other.p4_ids or frozenset()
        return (self.exclusive_ids & others) | (other.exclusive_ids & mine)

    def check_write(self, p4_id: int) -> None:
        """Raise PERMISSION_DENIED if the role may not write an object."""
        if not self.allows(p4_id):
            raise permission_denied(f"object 0x{p4_id:08x} is outside of the controller's role")

    def wants(self, packet: p4r.PacketIn) -> bool:
        """Whether a packet-in is for this role."""
        if not self.receives_packet_ins or self.packet_in_filter is None:
            return self.receives_packet_ins
        wanted_id, wanted = self.packet_in_filter
        return any(m.metadata_id == wanted_id and m.value == wanted for m in packet.metadata)


FULL_ACCESS = RoleScope()


def read_role_config(config: Any) -> RoleScope:
    """The scope that a configuration describes; raises INVALID_ARGUMENT for an unknown format."""
    message = stratum.P4RoleConfig()
    if not config.Is(message.DESCRIPTOR):
        raise invalid_argument(
            f"role config of type {config.type_url!r} is not understood; leave it unset for "
            f"full access, or send a {message.DESCRIPTOR.full_name}"
        )
    try:
        config.Unpack(message)
    except DecodeError as error:
        raise invalid_argument(f"the role config cannot be parsed: {error}") from error
    return RoleScope(
        p4_ids=frozenset(message.exclusive_p4_ids) | frozenset(message.shared_p4_ids),
        exclusive_ids=frozenset(message.exclusive_p4_ids),
        can_push_pipeline=message.can_push_pipeline,
        receives_packet_ins=message.receives_packet_ins,
        packet_in_filter=_packet_in_filter(message),
    )


def _packet_in_filter(message: stratum.P4RoleConfig) -> tuple[int, bytes] | None:
    if not message.HasField("packet_in_filter"):
        return None
    wanted = message.packet_in_filter
    return wanted.metadata_id, encode(int.from_bytes(wanted.value, "big"))
