"""One role's controllers, and the messages that tell them who is primary."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from finsy.proto import U128, p4r, rpc_code
from google.protobuf.any_pb2 import Any

from switch.p4runtime.roles import FULL_ACCESS, RoleScope

Controller: TypeAlias = Hashable
"""Whoever holds a stream; the state machine only compares it."""


@dataclass
class Role:
    """One role of the device and the controllers that are live in it."""

    name: str
    scope: RoleScope = FULL_ACCESS
    config: Any | None = None
    """The configuration that the last primary sent."""
    highest: int | None = None
    """The highest election id ever seen."""
    controllers: dict[Controller, int | None] = field(default_factory=dict)
    """Each live controller and its election id."""
    primary: Controller | None = None
    next_primary: Controller | None = None
    """Announced to the others, and not accepted yet."""


@dataclass(frozen=True)
class Notice:
    """A message for one controller."""

    controller: Controller
    message: p4r.MasterArbitrationUpdate


@dataclass(frozen=True)
class Outcome:
    """What follows from an arbitration message."""

    role: str
    notices: tuple[Notice, ...]
    becomes_primary: bool
    """`install` must follow once no write of the role is under way."""


def make_notices(
    device_id: int, role: Role, controllers: Iterable[Controller]
) -> tuple[Notice, ...]:
    """What some controllers of a role are to be told."""
    return tuple(
        Notice(controller, _message(device_id, role, controller)) for controller in controllers
    )


def _message(device_id: int, role: Role, controller: Controller) -> p4r.MasterArbitrationUpdate:
    """What a controller is told of its role (specification, "Client Arbitration Notifications")."""
    message = p4r.MasterArbitrationUpdate(device_id=device_id)
    if role.name or role.config is not None:
        message.role.name = role.name
    if role.config is not None:
        message.role.config.CopyFrom(role.config)
    if role.highest is not None:
        message.election_id.CopyFrom(U128.encode(role.highest))
    primary = role.primary or role.next_primary
    if primary is None:
        message.status.code = rpc_code.NOT_FOUND
        message.status.message = "there is no primary"
    elif primary == controller:
        message.status.code = rpc_code.OK
        message.status.message = "is primary"
    else:
        message.status.code = rpc_code.ALREADY_EXISTS
        message.status.message = "is backup"
    return message
