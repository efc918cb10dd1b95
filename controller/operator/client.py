"""A client of the management entity's RPC, for the command line and for tests.

Choices: blocking, one thread, every wait with a time limit. It must import quickly, so it uses
nothing that serves. When no answer comes, a second connection asks for a sign of life, which
tells a busy management entity from one that hangs.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.errors import NoAnswer, NotRunning, RpcError
from controller.operator.faults import RequestFailed
from controller.operator.wire import RESPONSE_LIMIT_BYTES, Notification, Response, Wire

CONNECT_TIMEOUT_S = 2.0
PING_TIMEOUT_S = 2.0
CALL_TIMEOUT_S = 30.0
"Time limit of a command where the caller names none."


class RpcClient:
    """A connection to a management entity; a context manager."""

    def __init__(self, path: Path) -> None:
        """Connect.

        Raises:
            NotRunning: nobody serves there, or this user may not connect.
        """
        self._path = path
        self._socket = _connect(path)
        self._wire = Wire(self._socket, RESPONSE_LIMIT_BYTES)
        self._responses: dict[int, Response] = {}
        self._events: deque[dict[str, Any]] = deque()

    def __enter__(self) -> RpcClient:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def call(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> Any:
        """Run a command and return its data.

        Raises:
            RequestFailed: the management entity answered with a fault.
            NoAnswer: it did not answer in time; ``alive`` says whether it still lives.
            NotRunning: it ended meanwhile.
            ProtocolError: it does not speak msgpack-rpc.
        """
        try:
            response = self._exchange(command, [dict(arguments)] if arguments else [], timeout_s)
        except TimeoutError:
            raise self._no_answer(command, timeout_s) from None
        if response.error is not None:
            raise RequestFailed(_as_fault(response.error))
        return response.result

    def subscribe(self) -> None:
        """Have events sent to this connection; raises as ``call``."""
        self.call("subscribe", timeout_s=PING_TIMEOUT_S)

    def next_event(self, timeout_s: float) -> dict[str, Any] | None:
        """Return the next event; None if there was none in time. Raises ``NotRunning``."""
        deadline = time.monotonic() + timeout_s
        while not self._events:
            try:
                self._receive(deadline)
            except TimeoutError:
                return None
        return self._events.popleft()

    def _exchange(self, method: str, params: list[Any], timeout_s: float) -> Response:
        """Send a request and return its response; raises ``TimeoutError`` or ``NotRunning``."""
        deadline = time.monotonic() + timeout_s
        try:
            self._socket.settimeout(timeout_s)
            msgid = self._wire.request(method, params)
            while msgid not in self._responses:
                self._receive(deadline)
        except TimeoutError:
            raise
        except OSError as exc:
            raise self._gone() from exc
        return self._responses.pop(msgid)

    def _receive(self, deadline: float) -> None:
        """Take in one message; raises ``TimeoutError`` when the time (monotonic) has come."""
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)
        message = self._wire.receive()
        match message:
            case None:
                raise self._gone()
            case Response(msgid):
                self._responses[msgid] = message
            case Notification("event", [dict() as event]):
                self._events.append(event)

    def _gone(self) -> NotRunning:
        return NotRunning(f"the management entity at {self._path} has ended the connection")

    def _no_answer(self, command: str, timeout_s: float) -> NoAnswer:
        if is_alive(self._path):
            return NoAnswer(
                f"no answer to {command} within {timeout_s:g} s: the management entity is alive"
                " and busy with it",
                alive=True,
            )
        return NoAnswer(
            f"no answer to {command} within {timeout_s:g} s, and no sign of life from the"
            f" management entity at {self._path}: it hangs",
            alive=False,
        )


def is_alive(path: Path) -> bool:
    """Tell whether the management entity at a socket answers at all."""
    try:
        with RpcClient(path) as probe:
            probe._exchange("ping", [], PING_TIMEOUT_S)
            return True
    except (TimeoutError, RpcError):
        return False


def _connect(path: Path) -> socket.socket:
    """Connect, waiting for a place in the queue of those who want to."""
    deadline = time.monotonic() + CONNECT_TIMEOUT_S
    while True:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(CONNECT_TIMEOUT_S)
        try:
            sock.connect(str(path))
            return sock
        except OSError as exc:
            sock.close()
            # A full queue is no reason to wait for a Unix socket with a time limit: it says so.
            if not isinstance(exc, BlockingIOError) or time.monotonic() > deadline:
                raise NotRunning(_why_not(path, exc)) from exc
        time.sleep(0.02)


def _why_not(path: Path, exc: OSError) -> str:
    match exc:
        case FileNotFoundError() | ConnectionRefusedError():
            return (
                f"no management entity runs at {path}; start it with: osken-manager apps/me_app.py"
                " --config-file FILE, or name another socket with --rpc"
            )
        case PermissionError():
            return f"{path} belongs to another user; only its owner may give commands"
        case TimeoutError() | BlockingIOError():
            return f"the management entity at {path} accepts no connection: it hangs"
    return f"cannot connect to {path}: {exc.strerror or exc}"


def _as_fault(error: Any) -> dict[str, Any]:
    return error if isinstance(error, dict) else {"message": str(error)}
