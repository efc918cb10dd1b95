"""All events of the management entity, for os-ken apps to observe.

An app receives one by ``@set_ev_cls(events.EventMigrationEnded)``; loading such an app loads the
management entity's app too. Whoever wants to look at the present state rather than at news
declares ``_CONTEXTS = {"me": ManagementEntity}`` and asks that object.

Choices: events carry immutable snapshots, so observers share nothing with the core. ``to_dict`` is
what RPC clients that subscribed get; its key ``event`` is the name of the kind of event. Each
module says to os-ken whose its events are (``register_service``).
"""

# ruff: noqa: F401 - others take all events from here

from __future__ import annotations

from controller.events.base import EventNodeBase, MeEvent
from controller.events.forwarding import EventPathsHeld, EventPathsMoved
from controller.events.load import EventLoad, EventLoadBase, EventLoadHigh, EventLoadLow
from controller.events.migration import (
    EventMigrationBase,
    EventMigrationBlocked,
    EventMigrationEnded,
    EventMigrationStarted,
    EventMigrationStep,
)
from controller.events.nodes import (
    EventDigest,
    EventNodeDown,
    EventNodeFailed,
    EventNodePrimary,
    EventNodeReady,
    EventNodeUp,
    EventPacketIn,
    EventPlacementChanged,
)
from controller.events.scaling import EventPlan, EventScalingPaused, EventScalingResumed
from controller.events.topology import (
    EventHostAdd,
    EventHostBase,
    EventHostDelete,
    EventHostModify,
    EventHostMove,
    EventLinkAdd,
    EventLinkBase,
    EventLinkDelete,
    EventNodeEnter,
    EventNodeLeave,
    EventPortAdd,
    EventPortBase,
    EventPortDelete,
    EventPortLimitBase,
    EventPortLimitLeft,
    EventPortLimitReached,
    EventPortModify,
    EventTopologyChanged,
    EventTopologyReply,
    EventTopologyRequest,
)

PUBLISHED: tuple[type[MeEvent], ...] = (
    EventNodeUp,
    EventNodePrimary,
    EventNodeReady,
    EventNodeFailed,
    EventNodeDown,
    EventNodeEnter,
    EventNodeLeave,
    EventPortAdd,
    EventPortDelete,
    EventPortModify,
    EventPortLimitReached,
    EventPortLimitLeft,
    EventLinkAdd,
    EventLinkDelete,
    EventHostAdd,
    EventHostDelete,
    EventHostModify,
    EventHostMove,
    EventTopologyChanged,
    EventPlacementChanged,
    EventPathsMoved,
    EventPathsHeld,
    EventLoad,
    EventLoadHigh,
    EventLoadLow,
    EventPlan,
    EventScalingPaused,
    EventScalingResumed,
    EventMigrationStarted,
    EventMigrationStep,
    EventMigrationBlocked,
    EventMigrationEnded,
)
"What RPC clients that subscribed get."
