"""What a look-up finds: table entries, and the members and groups of action profiles."""

from __future__ import annotations

from collections.abc import Sequence

from switch.runtime.meters import UNSET, Meter

NO_ACTION = -1
"""The number of an action that no table has: nothing runs, and the table is passed by."""


class Member:
    """An action with its arguments, in an action profile."""

    __slots__ = ("action", "args")
    is_group = False

    def __init__(self, action: int, args: tuple[int, ...]) -> None:
        self.action = action
        self.args = args


NOTHING = Member(NO_ACTION, ())


class Group:
    """Members of which the selector picks one for each packet."""

    __slots__ = ("choices", "members")
    is_group = True

    def __init__(self) -> None:
        self.members: tuple[tuple[int, int, int | None], ...] = ()
        """Member id, weight and port to watch, as the control plane gave them."""
        self.choices: Sequence[Member] = ()
        """The members that may be picked now, each as often as its weight."""

    def pick(self, digest: int) -> Member:
        """The member for a packet with that hash."""
        choices = self.choices
        return choices[digest % len(choices)] if choices else NOTHING


class Entry:
    """A table entry, or a table's default."""

    __slots__ = (
        "action",
        "args",
        "bytes",
        "hit_ns",
        "key",
        "meter",
        "packets",
        "priority",
        "rank",
        "reported_ns",
        "target",
        "timeout_ns",
    )

    def __init__(
        self,
        action: int,
        args: tuple[int, ...],
        target: Member | Group = NOTHING,
        priority: int = 0,
        hit_ns: int = 0,
    ) -> None:
        self.action = action
        self.args = args
        self.target = target
        """For tables with an action profile: what the entry refers to."""
        self.packets = 0
        self.bytes = 0
        self.meter: Meter = UNSET
        self.hit_ns = hit_ns
        """When it was hit last or else inserted, on the monotonic clock."""
        self.timeout_ns = 0
        self.reported_ns = -1
        """The value of `hit_ns` for which it was reported as idle."""
        self.key: object = None
        """As the control plane gave it, for entries with a time-out."""
        self.priority = priority
        self.rank = 0
        """Orders entries: the higher priority first, then the older entry."""
