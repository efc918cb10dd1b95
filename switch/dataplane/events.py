"""The control process's listening thread: what the worker reports, and what interfaces do."""

from __future__ import annotations

import logging
import select
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

from switch.dataplane.channel import ControlEnd
from switch.dataplane.errors import DataPlaneError
from switch.dataplane.links import LinkChange, LinkMonitor, inspect
from switch.dataplane.messages import Digest, EntryName, Listeners

logger = logging.getLogger(__name__)

program_logger = logging.getLogger("switch.program")
"""Where `log_msg` of the P4 program goes."""


class EventThread:
    """Calls the listeners; ends when the worker does."""

    def __init__(
        self,
        events: ControlEnd,
        interfaces: Mapping[int, str],
        listeners: Listeners,
        ask_worker: Callable[..., Any],
        exit_reason: Callable[[], str],
    ) -> None:
        """`ask_worker` makes a request; it may raise `DataPlaneError`."""
        self._events = events
        self._interfaces = interfaces
        self._listeners = listeners
        self._ask_worker = ask_worker
        self._exit_reason = exit_reason
        self._links = LinkMonitor()
        self._is_up: dict[int, bool] = {}
        self._index: dict[int, int] = {
            port: socket.if_nametoindex(name) for port, name in interfaces.items()
        }
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="data-plane events", daemon=True)

    def start(self) -> None:
        """Report the state of all ports, then listen."""
        self._check_all()
        self._thread.start()

    def stop(self) -> None:
        """Say that the worker is going to end because it was asked to."""
        self._stopping = True

    def join(self) -> None:
        """Wait until the thread has ended; it has when the worker has."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def ports(self) -> dict[int, bool]:
        """Each port and whether it is up."""
        return dict(self._is_up)

    def _run(self) -> None:
        poller = select.poll()
        poller.register(self._events, select.POLLIN)
        poller.register(self._links, select.POLLIN)
        try:
            while True:
                for descriptor, _ in poller.poll():
                    if descriptor == self._links.fileno():
                        self._follow_links()
                    elif not self._take_event():
                        return
        finally:
            self._links.close()
            if not self._stopping:
                self._call(self._listeners.on_worker_exit, self._exit_reason())

    # -- the worker -------------------------------------------------------------------------------

    def _take_event(self) -> bool:
        """Pass on one event. Returns False if the worker is gone."""
        try:
            kind, *what = self._events.receive()
        except (OSError, EOFError):
            return False
        match kind:
            case "packet_in":
                self._call(self._listeners.on_packet_in, *what)
            case "digest":
                name, values = what
                self._call(self._listeners.on_digest, Digest(name, tuple(map(int, values))))
            case "idle":
                table, key, priority = what
                self._call(self._listeners.on_idle_timeout, EntryName(table, key, priority))
            case "log":
                template, values = what
                program_logger.info(template, *values)
            case "fault":
                logger.error("the program failed on a packet: %s", what[0])
        return True

    def _call(self, listener: Callable[..., None], *arguments: Any) -> None:
        try:
            listener(*arguments)
        except Exception:
            logger.exception("a listener of the data plane failed")

    # -- interfaces -------------------------------------------------------------------------------

    def _follow_links(self) -> None:
        try:
            for change in self._links.changes():
                for port, interface in self._interfaces.items():
                    if interface == change.interface:
                        self._follow(port, change)
        except OverflowError:  # news were lost: ask
            self._check_all()

    def _follow(self, port: int, change: LinkChange) -> None:
        if change.is_there and change.index != self._index[port]:
            # An interface of that name came back; the sockets are bound to the former one.
            self._index[port] = change.index
            self._ask("open_port", port, change.interface)
        self._set_status(port, change.is_up)

    def _check_all(self) -> None:
        for port, interface in self._interfaces.items():
            self._follow(port, inspect(interface))

    def _set_status(self, port: int, up: bool) -> None:
        if self._is_up.get(port) == up:
            return
        self._is_up[port] = up
        self._ask("port_status", port, up)
        self._call(self._listeners.on_port_status, port, up)

    def _ask(self, *request: Any) -> None:
        try:
            self._ask_worker(*request)
        except DataPlaneError as error:
            logger.error("the data plane did not follow its interfaces: %s", error)
