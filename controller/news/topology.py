"""What happens to the topology, as log lines and events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from controller import events
from controller.discovery.changes import (
    Change,
    HostAdded,
    HostDeleted,
    HostModified,
    HostMoved,
    LimitLeft,
    LimitReached,
    LinkAdded,
    LinkDeleted,
    NodeEntered,
    NodeLeft,
    PortAdded,
    PortDeleted,
    PortModified,
)
from controller.discovery.topology import Topology

LOG = logging.getLogger(__name__)


class TopologyNews:
    """Logs what changed in the topology, and passes events on."""

    def __init__(self, emit: Callable[[events.MeEvent], None]) -> None:
        """Make one; ``emit`` takes an event and returns at once, from any thread."""
        self._emit = emit

    def on_changes(self, before: Topology, after: Topology, changes: Sequence[Change]) -> None:
        """Tell of changes that came together; of none there is nothing to tell."""
        for change in changes:
            _log(change)
            self._emit(_event_of(change))
        if changes:
            self._emit(events.EventTopologyChanged(before, after))


def _event_of(change: Change) -> events.MeEvent:
    """Return the event that tells of a change."""
    match change:
        case NodeEntered(node):
            return events.EventNodeEnter(node)
        case NodeLeft(node, reason):
            return events.EventNodeLeave(node, reason)
        case PortAdded(port, facing):
            return events.EventPortAdd(port, facing)
        case PortDeleted(port):
            return events.EventPortDelete(port)
        case PortModified(port, _, facing):
            return events.EventPortModify(port, facing)
        case LimitReached(port, limit, reason):
            return events.EventPortLimitReached(port, limit, reason)
        case LimitLeft(port, limit):
            return events.EventPortLimitLeft(port, limit)
        case LinkAdded(link):
            return events.EventLinkAdd(link)
        case LinkDeleted(link, reason):
            return events.EventLinkDelete(link, reason)
        case HostAdded(host):
            return events.EventHostAdd(host)
        case HostDeleted(host, reason):
            return events.EventHostDelete(host, reason)
        case HostModified(_, host):
            return events.EventHostModify(host)
        case HostMoved(before, after):
            return events.EventHostMove(before, after)


def _log(change: Change) -> None:
    """Write what people want to know into the log."""
    match change:
        case NodeLeft(node, reason):
            LOG.warning("%s: left the topology: %s", node, reason)
        case LimitReached(port, _, reason):
            LOG.warning("%s: %s", port, reason)
        case LimitLeft(port, limit):
            LOG.info("%s: within the limit of %s again", port, limit.value)
        case LinkAdded(link):
            LOG.info("%s: link to %s is up", link.a, link.b)
        case LinkDeleted(link, reason):
            LOG.warning("%s: link to %s is down: %s", link.a, link.b, reason)
        case HostAdded(host):
            LOG.info("%s: host %s is there", host.attached, host.name)
        case HostMoved(before, after):
            LOG.info("%s: host %s came from %s", after.attached, after.name, before.attached)
        case HostDeleted(host, reason):
            LOG.info("%s: host %s is gone: %s", host.attached, host.name, reason)
