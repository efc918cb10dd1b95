"""What can change in a topology: one small record each, as events and logs tell it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from controller.discovery.crowding import Limit
from controller.model.parts import Host, Link, Port


class Facing(enum.Enum):
    """What is at the other end of a port's cable."""

    UNKNOWN = "unknown"
    "Too early to tell: a node there would not have been heard yet."
    NODE = "node"
    "Another node, or this one; a link in use, or one that is held back or has just failed."
    EDGE = "edge"
    "No node: hosts, or nothing. Hosts are learned here only."


@dataclass(frozen=True)
class NodeEntered:
    """A node is up: it runs what it should, and packets pass it."""

    node: str


@dataclass(frozen=True)
class NodeLeft:
    """A node is down, or is no part of the network any more."""

    node: str
    reason: str


@dataclass(frozen=True)
class PortAdded:
    """A port of a node that came up."""

    port: Port
    facing: Facing


@dataclass(frozen=True)
class PortDeleted:
    """A port of a node that went down."""

    port: Port


@dataclass(frozen=True)
class PortModified:
    """Something else is at a port's other end."""

    port: Port
    before: Facing
    after: Facing


@dataclass(frozen=True)
class LimitReached:
    """More comes in at a port than is looked at."""

    port: Port
    limit: Limit
    reason: str


@dataclass(frozen=True)
class LimitLeft:
    """What comes in at a port is within a limit again."""

    port: Port
    limit: Limit


@dataclass(frozen=True)
class LinkAdded:
    """A link can be used, in both directions."""

    link: Link


@dataclass(frozen=True)
class LinkDeleted:
    """A link cannot be used any more."""

    link: Link
    reason: str


@dataclass(frozen=True)
class HostAdded:
    """A host is there."""

    host: Host


@dataclass(frozen=True)
class HostDeleted:
    """A host is gone."""

    host: Host
    reason: str


@dataclass(frozen=True)
class HostMoved:
    """A host is at another port."""

    before: Host
    after: Host


@dataclass(frozen=True)
class HostModified:
    """A host uses other addresses than were known."""

    before: Host
    after: Host


Change = (
    NodeEntered
    | NodeLeft
    | PortAdded
    | PortDeleted
    | PortModified
    | LimitReached
    | LimitLeft
    | LinkAdded
    | LinkDeleted
    | HostAdded
    | HostDeleted
    | HostMoved
    | HostModified
)


def ports_of(change: Change) -> tuple[Port, ...]:
    """Return the ports at which a change matters to what their nodes shall hold."""
    match change:
        case PortAdded(port) | PortDeleted(port) | PortModified(port):
            return (port,)
        case HostAdded(host) | HostDeleted(host):
            return (host.attached,)
        case HostMoved(before, after):
            return (before.attached, after.attached)
        case _:
            return ()
