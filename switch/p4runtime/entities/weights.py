"""Weights and watch ports of the members of groups, whichever message they come in."""

from __future__ import annotations

from collections.abc import Sequence

from finsy.proto import p4r

from switch.p4runtime.bytestrings import encode
from switch.p4runtime.state import Profile
from switch.p4runtime.status import invalid_argument, resource_exhausted
from switch.p4runtime.view import View


def check_weights(
    profile: Profile,
    weights: Sequence[int],
    limit: int,
    *,
    of_target: bool = False,
    by_members: bool | None = None,
) -> list[int]:
    """Check the members of one group against its maximum size (0: none); the weights to use.

    What counts is the sum of the weights or the number of members, as P4Info's
    `selector_size_semantics` says unless `by_members` does. Raises INVALID_ARGUMENT, or
    RESOURCE_EXHAUSTED where the limit is the group's own (`of_target`).
    """
    info = profile.info
    if info.weights_disallowed:
        if any(weights):
            raise invalid_argument(f"the members of {profile.name} have no weights")
        weights = [1] * len(weights)
    if weights and min(weights) <= 0:
        raise invalid_argument("the weight of a member must be above 0")
    if by_members is None:
        by_members = info.WhichOneof("selector_size_semantics") == "sum_of_members"
    heaviest = info.sum_of_members.max_member_weight if by_members else 0
    if heaviest and weights and max(weights) > heaviest:
        raise invalid_argument(f"the weight of a member may be {heaviest} at most")
    size = len(weights) if by_members else sum(weights)
    if limit and size > limit:
        unit = "members" if by_members else "weights"
        refuse = resource_exhausted if of_target else invalid_argument
        raise refuse(f"a group with {size} {unit} is larger than its maximum, {limit}")
    return list(weights)


def watch_port(
    view: View, member: p4r.ActionProfileGroup.Member | p4r.ActionProfileAction
) -> int | None:
    """The port that a member depends on; None: on none. Raises INVALID_ARGUMENT."""
    kind = member.WhichOneof("watch_kind")
    if kind == "watch_port" and member.watch_port:
        port = int.from_bytes(member.watch_port, "big")
    elif kind == "watch":
        port = member.watch
    else:
        return None
    if port not in view.plane.ports():
        raise invalid_argument(f"watch port {port} is not a port of this switch")
    return port


def make_canonical(member: p4r.ActionProfileGroup.Member | p4r.ActionProfileAction) -> None:
    """Shorten the watch port of a message."""
    if member.WhichOneof("watch_kind") == "watch_port" and member.watch_port:
        member.watch_port = encode(int.from_bytes(member.watch_port, "big"))
