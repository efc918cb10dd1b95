"""The policy in force: the policy file, and over it the thresholds that operators set at run time.

Choices:
- What is set is kept in the journal until it is reset, and counts as if it were written in the
  file: limit by limit. What was not set goes on following the file, whatever that says next time.
- Limits that do not fit together are refused. If a file that was changed meanwhile contradicts what
  was set, the file wins, and that is logged.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping

from controller.errors import RequestError
from controller.migration.journal import Journal
from controller.planning.policy import Policy

LOG = logging.getLogger(__name__)

_KEY = "thresholds"

_Limits = Mapping[str, float]


class PolicyInForce:
    """A policy whose thresholds can be changed. Thread-safe."""

    def __init__(self, file: Policy) -> None:
        """Begin with what the policy file says."""
        self.file = file
        self.now = file
        "What counts. Immutable."
        self._set: dict[str | None, _Limits] = {}
        self._journal: Journal | None = None
        self._lock = threading.Lock()

    def restore(self, journal: Journal) -> None:
        """Put in force what was set before a restart, and keep in a journal what is set next.

        Raises:
            JournalError: it cannot be read.
        """
        rows = json.loads(journal.setting(_KEY) or "[]")
        with self._lock:
            self._journal = journal
            self._set = _without_contradictions(self.file, dict(rows))
            self.now = _over(self.file, self._set)
        for node, limits in self._set.items():
            LOG.info("thresholds of %s, set before: %s", node or "all nodes", _text(limits))

    def at_run_time(self, node: str) -> dict[str, float]:
        """Return the limits in force for a node that an operator set at run time."""
        own = self.file.nodes.get(node)
        general = {
            key: value
            for key, value in self._set.get(None, {}).items()
            if own is None or getattr(own, key) is None
        }
        return {**general, **self._set.get(node, {})}

    def set(self, node: str | None, limits: _Limits) -> None:
        """Set limits of a node, or those of nodes that have none of their own.

        Args:
            node: The node; None: all that have no such limit of their own.
            limits: ``high_pps``, ``low_pps``, ``capacity_pps``; what is not given stays.

        Raises:
            RequestError: the limits contradict each other.
            JournalError: it cannot be written down.
        """
        with self._lock:
            self._put({**self._set, node: {**self._set.get(node, {}), **limits}})

    def reset(self, node: str | None) -> None:
        """Go back to what the policy file says.

        Args:
            node: What was set for this node; None: everything that was set.

        Raises:
            RequestError: what is still set for all nodes does not fit to it.
            JournalError: it cannot be written down.
        """
        with self._lock:
            rest = {name: limits for name, limits in self._set.items() if name != node}
            self._put({} if node is None else rest)

    def _put(self, wanted: dict[str | None, _Limits]) -> None:
        policy = _over(self.file, wanted)
        if found := policy.contradiction():
            name, problem = found
            raise RequestError(f"thresholds of {name or 'all nodes'}: {problem}")
        if self._journal is None:
            raise RequestError("the management entity is starting: try again")
        text = json.dumps(list(wanted.items())) if wanted else None
        self._journal.keep_setting(_KEY, text)
        self._set, self.now = wanted, policy


def _over(file: Policy, wanted: Mapping[str | None, _Limits]) -> Policy:
    policy = file
    for node, limits in wanted.items():
        policy = policy.with_limits(node, limits)
    return policy


def _without_contradictions(
    file: Policy, wanted: Mapping[str | None, _Limits]
) -> dict[str | None, _Limits]:
    """Return what can be in force of what was set. The file alone has no contradictions."""
    kept = dict(wanted)
    while found := _over(file, kept).contradiction():
        node, problem = found
        culprit = node if node in kept else None
        LOG.error(
            "thresholds set for %s at run time (%s) do not fit to the policy file any more and are "
            "not in force: of %s, %s; set others, or reset them",
            culprit or "all nodes",
            _text(kept.pop(culprit)),
            node or "all nodes",
            problem,
        )
    return kept


def _text(limits: _Limits) -> str:
    return ", ".join(f"{key} {value:g}" for key, value in limits.items())
