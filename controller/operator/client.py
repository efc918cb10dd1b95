"""A client of the management entity's RPC, for the command line, the shell and tests.

Choices: blocking, one thread, every wait with a time limit. It must import quickly, so it uses
nothing that serves. When no answer comes, a second connection asks for a sign of life, which
tells a busy management entity from one that hangs.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.errors import NoAnswer, NotRunning, RpcError
from controller.operator.address import Address
from controller.operator.command import join
from controller.operator.connect import connect
from controller.operator.faults import RequestFailed
from controller.operator.wire import RESPONSE_LIMIT_BYTES, Notification, Response, Wire

PING_TIMEOUT_S = 2.0
CALL_TIMEOUT_S = 30.0
"Time limit of a command where the caller names none; in a long answer, of each part."

Data = dict[str, Any]


class RpcClient:
    """A connection to a management entity; a context manager."""

    def __init__(self, address: Address) -> None:
        """Connect.

        Raises:
            NotRunning: nobody serves there, or this user may not connect.
        """
        self._address = address
        self._socket = connect(address)
        self._wire = Wire(self._socket, RESPONSE_LIMIT_BYTES)
        self._responses: dict[int, Response] = {}
        self._parts: dict[int, deque[Data]] = {}
        self._events: deque[Data] = deque()

    def __enter__(self) -> RpcClient:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def call(
        self,
        method: str,
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
        msgid = self._request(method, [dict(arguments)] if arguments else [], timeout_s)
        return self._response(msgid, method, timeout_s)

    def stream(
        self,
        method: str,
        arguments: Mapping[str, Any] | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> Iterator[Data]:
        """Run a command and yield its data part by part; raises as ``call``, at any part."""
        msgid = self._request(method, [dict(arguments or {}), {"stream": True}], timeout_s)
        parts = self._parts[msgid] = deque()
        try:
            while msgid not in self._responses:
                self._receive_in_time(method, timeout_s)
                while parts:
                    yield parts.popleft()
            self._response(msgid, method, timeout_s)
        finally:
            del self._parts[msgid]

    def fetch(
        self,
        method: str,
        arguments: Mapping[str, Any] | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> Data:
        """Run a command part by part and return its data whole, however long; raises as ``call``.

        The time limit is that of each part.
        """
        return join(self.stream(method, arguments, timeout_s))

    def subscribe(self, kinds: Sequence[str] | None = None) -> None:
        """Have events (of these kinds) sent to this connection; raises as ``call``."""
        self.call("subscribe", {"kinds": list(kinds)} if kinds else None)

    def next_event(self, timeout_s: float) -> Data | None:
        """Return the next event; None if there was none in time. Raises ``NotRunning``."""
        deadline = time.monotonic() + timeout_s
        while not self._events:
            try:
                self._receive(deadline)
            except TimeoutError:
                return None
        return self._events.popleft()

    def _request(self, method: str, params: list[Any], timeout_s: float) -> int:
        try:
            self._socket.settimeout(timeout_s)
            return self._wire.request(method, params)
        except TimeoutError:
            raise self._no_answer(method, timeout_s) from None
        except OSError as exc:
            raise self._gone(exc) from exc

    def _response(self, msgid: int, method: str, timeout_s: float) -> Any:
        """Wait for the response to a request and return its result."""
        deadline = time.monotonic() + timeout_s
        while msgid not in self._responses:
            self._receive_in_time(method, timeout_s, deadline)
        response = self._responses.pop(msgid)
        if response.error is not None:
            raise RequestFailed(_as_fault(response.error))
        return response.result

    def _receive_in_time(
        self, method: str, timeout_s: float, deadline: float | None = None
    ) -> None:
        try:
            self._receive(time.monotonic() + timeout_s if deadline is None else deadline)
        except TimeoutError:
            raise self._no_answer(method, timeout_s) from None

    def _receive(self, deadline: float) -> None:
        """Take in one message; raises ``TimeoutError`` when the time (monotonic) has come."""
        try:
            message = self._wire.receive(deadline)
        except TimeoutError:
            raise
        except OSError as exc:
            raise self._gone(exc) from exc
        match message:
            case None:
                raise self._gone()
            case Response(msgid):
                self._responses[msgid] = message
            case Notification("event", [dict() as event]):
                self._events.append(event)
            case Notification("part", [int() as msgid, dict() as part]):
                if msgid in self._parts:
                    self._parts[msgid].append(part)

    def _gone(self, exc: OSError | None = None) -> NotRunning:
        if isinstance(exc, ssl.SSLError):
            return NotRunning(f"{self._address} does not let us in: {exc.reason or exc}")
        return NotRunning(f"the management entity at {self._address} has ended the connection")

    def _no_answer(self, method: str, timeout_s: float) -> NoAnswer:
        if is_alive(self._address):
            return NoAnswer(
                f"no answer to {method} within {timeout_s:g} s: the management entity is alive"
                " and busy with it",
                alive=True,
            )
        return NoAnswer(
            f"no answer to {method} within {timeout_s:g} s, and no sign of life from the"
            f" management entity at {self._address}: it hangs",
            alive=False,
        )


def is_alive(address: Address) -> bool:
    """Tell whether the management entity at an address answers at all."""
    try:
        with RpcClient(address) as probe:
            msgid = probe._request("ping", [], PING_TIMEOUT_S)
            deadline = time.monotonic() + PING_TIMEOUT_S
            while msgid not in probe._responses:
                probe._receive(deadline)
            return True
    except (TimeoutError, RpcError):
        return False


def _as_fault(error: Any) -> Data:
    return error if isinstance(error, dict) else {"message": str(error)}
