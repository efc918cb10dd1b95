"""Packet-outs on their way to the data plane, in a thread of their own.

The data plane takes a frame only between the operations that are under way there, and a large one
takes a while; the event loop, which serves all controllers, must not wait for it.
"""

from __future__ import annotations

import logging
from queue import SimpleQueue
from threading import Thread
from types import TracebackType

from switch.dataplane.client import DataPlane
from switch.dataplane.errors import DataPlaneError
from switch.p4runtime.status import resource_exhausted

LOG = logging.getLogger(__name__)

MAX_WAITING_FRAMES = 4096


class Injector:
    """Puts frames into the data plane, in order, while it is entered."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._frames: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="packet-out", daemon=True)

    def __enter__(self) -> Injector:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frames.put(None)
        self._thread.join()

    def put(self, port: int, frame: bytes) -> None:
        """Put a frame in as if received at `port`, soon; raises RESOURCE_EXHAUSTED."""
        if self._frames.qsize() >= MAX_WAITING_FRAMES:
            raise resource_exhausted(f"{MAX_WAITING_FRAMES} packet-outs wait for the data plane")
        self._frames.put((port, frame))

    def _run(self) -> None:
        while (item := self._frames.get()) is not None:
            try:
                self._plane.inject(*item)
            except DataPlaneError as error:
                LOG.warning("a packet-out is lost: %s", error)
