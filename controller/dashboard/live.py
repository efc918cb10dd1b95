"""What is new, to all open pages: gathered, encoded once, and sent as server-sent events.

Choices:
- Whatever comes within ``PAUSE_S`` makes one message, so a migration of forty steps costs a few
  messages for each page, not forty; what comes after a quiet time is sent at once. So is the news
  that a migration begins: then even one that ends within a pause is seen while it moves.
- A page that does not keep up has what waits for it dropped, and gets the whole picture when it
  reads again. It holds up nobody, and costs no more memory than ``BACKLOG`` messages.
- The whole picture is encoded when a page wants it, and kept until it changes: fifty pages that
  open again after a restart cost one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

from controller.dashboard.picture import Picture

PAUSE_S = 0.25
BACKLOG = 8
AT_ONCE = "migration_started"
KEEPALIVE_S = 15.0
KEEPALIVE = b": still here\n\n"


class Live:
    """The picture and who looks at it. All of it runs on one event loop."""

    def __init__(self) -> None:
        self._picture = Picture()
        self._pages: set[_Page] = set()
        self._whole: bytes | None = None
        self._due: asyncio.TimerHandle | None = None
        self._sent_at = 0.0

    def take(self, kind: str, data: Any) -> None:
        """Take what the feed tells (``controller.dashboard.feed.Tell``)."""
        getattr(self._picture, kind)(data)
        self._whole = None
        if kind == "event" and data["event"] == AT_ONCE:
            self._send()
        elif self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(self._sent_at + PAUSE_S - time.monotonic(), self._send)

    async def messages(self) -> AsyncGenerator[bytes]:
        """Yield a page's messages, the whole picture first, for as long as it wants them."""
        page = _Page()
        self._pages.add(page)
        try:
            while True:
                yield await self._next(page)
        finally:
            self._pages.discard(page)

    async def _next(self, page: _Page) -> bytes:
        while not (page.behind or page.waiting):
            page.awake.clear()
            try:
                async with asyncio.timeout(KEEPALIVE_S):
                    await page.awake.wait()
            except TimeoutError:
                return KEEPALIVE
        if page.behind:
            page.behind = False
            return self._all()
        return page.waiting.popleft()

    def _all(self) -> bytes:
        if self._whole is None:
            self._whole = _encode("picture", self._picture.whole())
            timelines = {name: t.to_dict() for name, t in self._picture.timelines.items()}
            self._whole += _encode("timelines", timelines)
        return self._whole

    def _send(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._sent_at = time.monotonic()
        self._whole = None
        changes = self._picture.changes()
        if changes and self._pages:
            message = _encode("change", changes)
            for page in self._pages:
                page.put(message)


class _Page:
    """What waits for one page."""

    def __init__(self) -> None:
        self.behind = True
        "Whether it needs the whole picture."
        self.waiting: deque[bytes] = deque()
        self.awake = asyncio.Event()

    def put(self, message: bytes) -> None:
        """Have a message wait, if it is of use to the page."""
        if len(self.waiting) >= BACKLOG:
            self.behind = True
        if self.behind:
            self.waiting.clear()
        else:
            self.waiting.append(message)
        self.awake.set()


def _encode(kind: str, data: Any) -> bytes:
    text = json.dumps(data, separators=(",", ":"))
    return f"event: {kind}\ndata: {text}\n\n".encode()
