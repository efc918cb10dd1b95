"""The errors of topologies, traffic and the demo: each says what failed and what to do about it.

::

    TopologyError
      Refused            asked for what this machine or this topology cannot do; nothing was started
        NotRoot          network namespaces need root rights
        Missing          a program or a Python package is not installed
        PortBusy         a TCP port that a node was to listen on is taken
        BlueprintError   the description of the network contradicts itself
      ProcessFailed      a process that we started ended early or did not become ready in time
      CommandFailed      a command that configures the network returned an error
      MeasurementInvalid the measuring, not the network, failed: no number of that run counts
      MigrationFailed    the management entity refused or undid a migration of the demo
"""

# ruff: noqa: N818 - the names say what happened; none needs the suffix Error

from __future__ import annotations


class TopologyError(Exception):
    """Base of all errors of this package; `str()` is a message for the operator."""


class Refused(TopologyError):
    """What was asked cannot be done here; nothing was started or changed."""


class NotRoot(Refused):
    """The caller may not make network namespaces."""


class Missing(Refused):
    """A program or a Python package that is needed is not installed."""


class PortBusy(Refused):
    """A TCP port that a node was told to listen on is in use."""


class BlueprintError(Refused):
    """The description of a network contradicts itself or names what does not exist."""


class ProcessFailed(TopologyError):
    """A process that we started ended early or did not become ready; carries its log's tail."""


class CommandFailed(TopologyError):
    """A command that configures the network returned an error."""


class MeasurementInvalid(TopologyError):
    """The receiver or the generator failed at measuring, so that no count can be trusted."""


class MigrationFailed(TopologyError):
    """The management entity did not do a migration that the demo asked for."""
