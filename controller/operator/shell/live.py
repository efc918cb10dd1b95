"""Values from the live network, for completion.

Choices: what was heard is good for a moment, so that keys in quick succession ask once. A
management entity that does not answer soon has no values, and does not hold up who is typing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from controller.errors import HitlessError
from controller.operator.address import Address
from controller.operator.arguments import Argument
from controller.operator.client import RpcClient
from controller.operator.command import Command

FRESH_S = 2.0
TIMEOUT_S = 3.0


class LiveValues:
    """Asks the management entity which values would do."""

    def __init__(self, address: Address, now: Callable[[], float] = time.monotonic) -> None:
        """Prepare; nobody is asked yet.

        Args:
            address: Where the management entity is.
            now: The clock by which values are fresh, s.
        """
        self._address = address
        self._now = now
        self._heard: dict[tuple[Any, ...], tuple[float, list[str]]] = {}

    def ask(self, command: Command, argument: Argument, given: Mapping[str, Any]) -> list[str]:
        """Return the values that would do for an argument; none if that cannot be told now."""
        if argument.candidates is None:
            return argument.values(None, given)
        key = (command.name, argument.name, *sorted(given.items()))
        at, values = self._heard.get(key, (0.0, []))
        if not values or self._now() - at > FRESH_S:
            values = self._fetch(command, argument, given)
            self._heard[key] = self._now(), values
        return values

    def _fetch(self, command: Command, argument: Argument, given: Mapping[str, Any]) -> list[str]:
        arguments: dict[str, Any] = {"command": command.name, "argument": argument.name}
        if given:
            arguments["given"] = [f"{name}={value}" for name, value in given.items()]
        try:
            with RpcClient(self._address) as client:
                return client.call("values", arguments, TIMEOUT_S)["values"]
        except HitlessError:
            return []
