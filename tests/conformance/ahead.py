"""Runs what several tests are about side by side, when the first of them asks.

Most of the time of a test on a real switch is spent waiting: for it to start, for frames. So tests
of one parametrized function share a fixture that does the work for all of those that were selected,
some at a time; each of them looks at its own part.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Generic, TypeVar

import pytest

JOBS = 3
"""More than a small machine has cores, since they mostly wait."""

ItemT = TypeVar("ItemT", bound=Hashable)
ResultT = TypeVar("ResultT")


class Ahead(Generic[ItemT, ResultT]):
    """The results of a function for some items, all made at the first look."""

    def __init__(
        self, items: Sequence[ItemT], function: Callable[[ItemT], ResultT], jobs: int = JOBS
    ) -> None:
        self._items = items
        self._function = function
        self._jobs = jobs

    def __getitem__(self, item: ItemT) -> ResultT:
        """The result for an item; raises what the function raised."""
        return self._futures[item].result()

    @cached_property
    def _futures(self) -> dict[ItemT, Any]:
        with ThreadPoolExecutor(self._jobs) as executor:
            return {item: executor.submit(self._function, item) for item in self._items}


def selected(request: pytest.FixtureRequest, function: str, parameter: str) -> list[Any]:
    """The values of a parameter with which a test function is going to run in this session."""
    return [
        item.callspec.params[parameter]
        for item in request.session.items
        if getattr(item, "originalname", "") == function
        and item.path == request.path
        and hasattr(item, "callspec")
    ]
