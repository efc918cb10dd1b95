"""Every error that the controller raises, in one tree.

    HitlessError
    ├── ConfigError                 a configuration or network file says what cannot be
    ├── ProgramError                a P4 program's JSON and P4Info are not usable together
    ├── AppError                    an os-ken app cannot be loaded or started
    ├── RpcError                    a command and the management entity did not come together
    │   ├── SocketUnusable          ... because its socket cannot be served on
    │   ├── NotRunning              ... because no management entity serves there
    │   ├── NoAnswer                ... because it gave none in time
    │   └── ProtocolError           ... because one side does not speak msgpack-rpc
    ├── RequestError                an operator asked for what cannot be done
    │   ├── ConflictError           ... because something under way has the same slots
    │   └── NodeSilent              ... because a node that it needs does not answer now
    ├── JournalError                the journal cannot be read or written
    ├── MigrationError              a migration did not reach its end
    │   ├── MigrationUndone         ... and everything is as it was before
    │   └── MigrationStuck          ... and an operator has to look at it
    └── NodeError                   a node did not do what it was asked
        ├── NodeUnreachable         no connection to it
        ├── NodeTimeout             connected, but no answer in time
        ├── NotPrimary              another controller is its primary
        ├── NodeFaulty              it answered with what cannot be
        └── NodeRefused             it answered with an error
            ├── WriteFailed         ... to some updates of a write batch
            ├── PipelineRejected    ... to a pipeline push
            │   └── NodeWedged      ... because an earlier one left it stuck: restart it
            └── RegisterError       ... to a register or counter access

Choices: a node's error says which node, what was asked, why not, and what an operator can do,
as four attributes and in that order in its text. gRPC's and Thrift's own exceptions never pass
the southbound; they are kept as ``__cause__``. ``temporary`` tells those who retry whether the
same call may succeed later without anybody doing anything. Names say what happened; none of
them needs the suffix Error to be read as an exception.
"""

# ruff: noqa: N818

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar


class HitlessError(Exception):
    """Root of the tree: anything that the controller reports on purpose."""


class ConfigError(HitlessError):
    """A configuration or network file is unreadable, or says what cannot be."""


class ProgramError(HitlessError):
    """A P4 program's JSON or P4Info is damaged, or the two do not describe the same program."""


class AppError(HitlessError):
    """An os-ken app cannot be found, imported, instantiated or started."""


class RpcError(HitlessError):
    """An operator's command and the management entity did not come together."""


class SocketUnusable(RpcError):
    """The RPC socket cannot be served on: somebody else does, or its place is not safe."""


class NotRunning(RpcError):
    """No management entity serves at the RPC socket."""


class NoAnswer(RpcError):
    """The management entity gave no answer in time; ``alive`` tells a busy one from a dead one."""

    def __init__(self, text: str, *, alive: bool) -> None:
        super().__init__(text)
        self.alive = alive


class ProtocolError(RpcError):
    """One side of an RPC connection sent what is not msgpack-rpc, or too much of it."""


class RequestError(HitlessError):
    """An operator asked for something that cannot be done; the text names what would do."""


class ConflictError(RequestError):
    """The request touches slots that another migration is moving."""


class NodeSilent(RequestError):
    """The request needs a node that does not answer now; it may be good later."""


class JournalError(HitlessError):
    """The journal of migrations cannot be opened, read or written."""


class MigrationError(HitlessError):
    """A migration did not reach its end; its record says which step failed, and why."""


class MigrationUndone(MigrationError):
    """A migration failed before its commit point, and every step of it was undone."""


class MigrationStuck(MigrationError):
    """A migration can neither be undone nor finished without an operator."""


class NodeError(HitlessError):
    """A node did not do what it was asked.

    Args:
        node: Name of the node.
        asked: What it was asked, as a short phrase (``"write of 3 updates"``).
        reason: Why it was not done, in the node's own words where it gave any.
        advice: What an operator can do about it; empty if there is nothing to say.
    """

    temporary: ClassVar[bool] = False

    def __init__(self, node: str, asked: str, reason: str, advice: str = "") -> None:
        super().__init__(node, asked, reason, advice)
        self.node = node
        self.asked = asked
        self.reason = reason
        self.advice = advice

    def __str__(self) -> str:
        text = f"{self.node}: {self.asked}: {self.reason}"
        return f"{text} ({self.advice})" if self.advice else text


class NodeUnreachable(NodeError):
    """There is no connection to the node; the driver keeps trying to get one."""

    temporary = True


class NodeTimeout(NodeError):
    """The node is connected and gave no answer in time; the call may or may not have acted."""

    temporary = True


class NotPrimary(NodeError):
    """Another controller holds the node with a higher election id."""

    temporary = True


class NodeFaulty(NodeError):
    """The node's answer does not fit its own program, or what was asked."""


class NodeRefused(NodeError):
    """The node answered with an error.

    ``code`` is the canonical code's name (``"INVALID_ARGUMENT"``), empty where the node's
    protocol has none.
    """

    def __init__(
        self, node: str, asked: str, reason: str, advice: str = "", *, code: str = ""
    ) -> None:
        super().__init__(node, asked, reason, advice)
        self.code = code


@dataclass(frozen=True)
class UpdateFailure:
    """One update of a write batch that the node refused."""

    update: Any
    "The update as it was given to the driver."
    code: str
    "Name of the canonical code, for example ``ALREADY_EXISTS``."
    message: str
    "The node's own words."

    def __str__(self) -> str:
        return f"{self.code}: {self.message or 'no reason given'}: {_brief(self.update)}"


class WriteFailed(NodeRefused):
    """Some updates of a write were refused; all the others were applied.

    P4Runtime's CONTINUE_ON_ERROR: ``failures`` lists the refused updates in their order.
    """

    SHOWN: ClassVar[int] = 3

    def __init__(self, node: str, asked: str, failures: Sequence[UpdateFailure]) -> None:
        shown = "; ".join(str(failure) for failure in failures[: self.SHOWN])
        more = len(failures) - self.SHOWN
        reason = shown + (f"; and {more} more" if more > 0 else "")
        code = failures[0].code if failures else ""
        super().__init__(node, asked, reason, code=code)
        self.failures = tuple(failures)

    def only(self, *codes: str) -> bool:
        """Tell whether every failure carries one of these canonical codes."""
        return all(failure.code in codes for failure in self.failures)


class PipelineRejected(NodeRefused):
    """The node did not accept a pipeline config; it runs what it ran before."""


class NodeWedged(PipelineRejected):
    """An earlier failed push left the node unable to take any other until it is restarted."""


class RegisterError(NodeRefused):
    """The node refused an access to a register or counter array: no such array, or cell."""


def in_words(exc: Exception, log: logging.Logger, what: str) -> str:
    """Return what went wrong, for operators; log the traceback of what nobody raised on purpose.

    Args:
        exc: What was raised.
        log: The log of the module that caught it.
        what: What raised it, as the beginning of a sentence.
    """
    if isinstance(exc, HitlessError):
        return str(exc)
    log.error("%s met a defect", what, exc_info=exc)
    return f"internal error: {exc!r}"


def _brief(update: Any) -> str:
    """Describe an update by those of its fields that say something."""
    if not is_dataclass(update):
        return " ".join(str(update).split())[:200]
    said = (
        f"{field.name}={value}"
        for field in fields(update)
        if (value := getattr(update, field.name)) not in (None, 0, "", b"", False)
    )
    return f"{type(update).__name__}({', '.join(said)})"
