"""Events of plans, and of who may act on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from os_ken.controller import handler

from controller.events.base import MeEvent

if TYPE_CHECKING:
    from controller.planning.plan import ScalePlan


class EventPlan(MeEvent):
    """A plan was made, begun, or came to its end."""

    kind = "plan"

    def __init__(
        self, plan: ScalePlan, state: str, reason: str = "", migrations: tuple[int, ...] = ()
    ) -> None:
        super().__init__()
        self.plan = plan
        self.state = state
        """``advised``: nobody carries it out. ``impossible``: there is nothing to be done.
        ``begun``, then ``finished``, ``failed`` or ``stopped``."""
        self.reason = reason
        "Why it failed or was stopped."
        self.migrations = migrations
        "Ids of the migrations that finished."

    def to_dict(self) -> dict[str, Any]:
        """Return the plan and what became of it."""
        return {
            "event": self.kind,
            "state": self.state,
            "reason": self.reason,
            "migrations": list(self.migrations),
            "plan": self.plan.to_dict(),
        }


class EventScalingPaused(MeEvent):
    """Nothing is moved any more because of load, until it is resumed."""

    kind = "scaling_paused"


class EventScalingResumed(MeEvent):
    """Load is acted on again."""

    kind = "scaling_resumed"


handler.register_service("apps.me_app")
