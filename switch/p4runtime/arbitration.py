"""Who among several controllers is primary, per role: a state machine that sends nothing itself.

The rules are those of the specification 1.4, "Client Arbitration and Controller Replication":
a role's primary is the live controller whose election id is the highest that the role has ever
seen; when it leaves or steps down nobody takes over until someone comes with an id at least as
high. Every function returns the notices to send, so that the rules are tested without a network.

A new primary is installed in two steps, because writes of the former one may be under way:
`update` deposes the former primary and tells the others, `install` (called when these writes are
done) accepts the new one and tells it.
"""

from __future__ import annotations

from finsy.proto import U128, p4r

from switch.p4runtime.role_state import Controller, Notice, Outcome, Role, make_notices
from switch.p4runtime.roles import FULL_ACCESS, RoleScope, read_role_config
from switch.p4runtime.status import (
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
    resource_exhausted,
)

MAX_CONTROLLERS_PER_ROLE = 16
"""As many as PI, BMv2's server, allows."""
MAX_ROLES = 256
"""Roles are remembered for as long as the switch runs, so they are counted."""


class Arbiter:
    """The roles of one device."""

    def __init__(self, device_id: int) -> None:
        self._device_id = device_id
        self._roles: dict[str, Role] = {"": Role("")}
        self._role_of: dict[Controller, str] = {}

    def update(self, controller: Controller, message: p4r.MasterArbitrationUpdate) -> Outcome:
        """Take in a controller's message; raises the `StatusError` that ends its stream."""
        name, scope = self._check(controller, message)
        role = self._roles.setdefault(name, Role(name))
        election_id = _election_id(message)
        self._check_election_id(role, controller, election_id)
        was_primary = role.primary == controller
        role.controllers[controller] = election_id
        self._role_of[controller] = name
        if election_id is not None and election_id >= (role.highest or 0):
            return self._depose(role, controller, election_id, scope, message)
        if was_primary:
            role.primary = None
            return Outcome(name, make_notices(self._device_id, role, role.controllers), False)
        return Outcome(name, make_notices(self._device_id, role, [controller]), False)

    def install(self, controller: Controller) -> tuple[Notice, ...]:
        """Accept the new primary; the notice that tells it."""
        role = self._roles[self._role_of[controller]]
        role.primary, role.next_primary = controller, None
        return make_notices(self._device_id, role, [controller])

    def leave(self, controller: Controller) -> tuple[Notice, ...]:
        """A controller's stream has ended; the notices to the others if it was primary."""
        name = self._role_of.pop(controller, None)
        if name is None:
            return ()
        role = self._roles[name]
        del role.controllers[controller]
        if controller not in (role.primary, role.next_primary):
            return ()
        role.primary = role.next_primary = None
        return make_notices(self._device_id, role, role.controllers)

    def is_primary(self, controller: Controller) -> bool:
        """Whether a controller is the primary of its role."""
        name = self._role_of.get(controller)
        return name is not None and self._roles[name].primary == controller

    def primaries(self) -> list[tuple[Controller, RoleScope]]:
        """The primaries of all roles, with what each may see."""
        return [
            (role.primary, role.scope) for role in self._roles.values() if role.primary is not None
        ]

    def scope(self, role_name: str) -> RoleScope:
        """What a role may do; raises NOT_FOUND for one that no controller has announced."""
        return self._role(role_name).scope

    def check_primary(self, role_name: str, election_id: int | None) -> RoleScope:
        """What the primary of a role may do; raises if the election id is not the primary's.

        The order of the checks is the specification's ("Write RPC"): NOT_FOUND for the role,
        then PERMISSION_DENIED.
        """
        role = self._role(role_name)
        if role.primary is None:
            raise permission_denied(f"not primary: {called(role_name)} has no primary at present")
        if role.controllers[role.primary] != election_id:
            raise permission_denied(f"not primary: {called(role_name)} has another primary")
        return role.scope

    def _role(self, name: str) -> Role:
        role = self._roles.get(name)
        if role is None:
            raise not_found(f"{called(name)} is not known to device {self._device_id}")
        return role

    def _check(
        self, controller: Controller, message: p4r.MasterArbitrationUpdate
    ) -> tuple[str, RoleScope]:
        name = message.role.name
        known_as = self._role_of.get(controller)
        if message.device_id != self._device_id:
            told = f"device_id {message.device_id} is not this switch's ({self._device_id})"
            raise not_found(told) if known_as is None else failed_precondition(told)
        if message.role.id and not name:
            raise invalid_argument("role ids are deprecated: give the role's name")
        if known_as is not None and known_as != name:
            raise failed_precondition(
                f"this stream is for {called(known_as)}; open another for {called(name)}"
            )
        scope = FULL_ACCESS
        if message.role.HasField("config"):
            scope = read_role_config(message.role.config)
            self._check_overlap(name, scope)
        if known_as is None:
            self._check_room(name)
        return name, scope

    def _check_overlap(self, name: str, scope: RoleScope) -> None:
        for other in self._roles.values():
            shared = scope.overlaps(other.scope) if other.name != name else None
            if shared:
                raise invalid_argument(
                    f"the role config shares object 0x{min(shared):08x} with "
                    f"{called(other.name)}, and one of the two wants it for itself"
                )

    def _check_room(self, name: str) -> None:
        role = self._roles.get(name)
        if role is None and len(self._roles) >= MAX_ROLES:
            raise resource_exhausted(f"the switch remembers at most {MAX_ROLES} roles")
        if role is not None and len(role.controllers) >= MAX_CONTROLLERS_PER_ROLE:
            raise resource_exhausted(
                f"{called(name)} has {MAX_CONTROLLERS_PER_ROLE} controllers already"
            )

    def _check_election_id(
        self, role: Role, controller: Controller, election_id: int | None
    ) -> None:
        if election_id is None:
            return
        for other, taken in role.controllers.items():
            if taken == election_id and other != controller:
                raise invalid_argument(
                    f"election id {election_id} is already used by another controller of "
                    f"{called(role.name)}"
                )

    def _depose(
        self,
        role: Role,
        controller: Controller,
        election_id: int,
        scope: RoleScope,
        message: p4r.MasterArbitrationUpdate,
    ) -> Outcome:
        """Stop writes of the former primary and announce the new one to everybody else."""
        role.primary, role.next_primary = None, controller
        role.highest = election_id
        role.scope = scope
        role.config = message.role.config if message.role.HasField("config") else None
        others = [other for other in role.controllers if other != controller]
        return Outcome(role.name, make_notices(self._device_id, role, others), True)


def _election_id(message: p4r.MasterArbitrationUpdate) -> int | None:
    return U128.decode(message.election_id) if message.HasField("election_id") else None


def called(role_name: str) -> str:
    """A role in words."""
    return f"role {role_name!r}" if role_name else "the default role"
