"""The `hitless-switch` command: the control process of the embedded switch.

It starts the data plane's worker, then the P4Runtime and Thrift servers, and ends when it is told
to or when the worker has died. The worker is started before gRPC, whose threads do not survive a
fork.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from typing import Any

import uvloop
from finsy.proto import p4i, p4r
from google.protobuf import text_format

from switch.addresses import AddressError
from switch.allocator import use_one_arena
from switch.arguments import Arguments, parse
from switch.dataplane.client import DataPlane
from switch.dataplane.errors import DataPlaneError
from switch.dataplane.messages import Listeners
from switch.logs import logging_to_stderr
from switch.p4runtime.configs import set_config
from switch.p4runtime.device import Device
from switch.p4runtime.server import P4RuntimeServer
from switch.p4runtime.status import StatusError
from switch.p4runtime.tls import TlsError
from switch.thrift.server import ThriftServer
from switch.thrift.services import make_services

LOG = logging.getLogger("switch")

STOPPED, NOT_STARTED, DATA_PLANE_DIED = 0, 1, 3
"""Exit statuses; 2 is argparse's."""
THREAD_SWITCH_INTERVAL_S = 0.001
"""A fifth of Python's: packet-ins are not to wait for a batch of entries to be checked."""


NEW_OBJECTS = 10_000
"""From one garbage collection to the next; Python's 700 are the objects of 100 entries."""


class StartError(Exception):
    """The switch cannot start; the message says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a switch until it is stopped; the exit status."""
    arguments = parse(argv)
    use_one_arena()
    sys.setswitchinterval(THREAD_SWITCH_INTERVAL_S)
    gc.freeze()  # else what was imported is gone through whenever many entries were written
    gc.set_threshold(NEW_OBJECTS)
    form = f"%(asctime)s switch {arguments.device_id} %(levelname)s %(message)s"
    try:
        with logging_to_stderr(arguments.log_level.upper(), form):
            return uvloop.run(_Switch(arguments).run())
    except (AddressError, DataPlaneError, StartError, TlsError) as error:
        print(f"hitless-switch: {error}", file=sys.stderr)
        return NOT_STARTED


class _Switch:
    """One run of the command."""

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        self._end: asyncio.Future[int]

    async def run(self) -> int:
        """Start everything, wait for the end, stop everything."""
        arguments = self._arguments
        loop = asyncio.get_running_loop()
        self._end = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._finish, STOPPED)
        plane = DataPlane(
            arguments.device_id,
            arguments.interfaces,
            arguments.cpu_port,
            self._listeners(),
            arguments.priority_queues,
        )
        device = Device(arguments.device_id, plane, arguments.cpu_port)
        self._server = P4RuntimeServer(device, arguments.grpc, arguments.tls)
        async with AsyncExitStack() as stack:
            with _terminable_by_us_alone():
                stack.enter_context(plane)
            _load_program(device, arguments)
            await stack.enter_async_context(self._server.serving())
            thrift = stack.enter_context(_thrift(device, arguments)) if arguments.thrift else None
            metrics = None
            if arguments.metrics:
                metrics = stack.enter_context(_metrics(arguments, plane, self._server))
            print(_ready(arguments, self._server.port, thrift, metrics), flush=True)
            status = await self._end
            if status == STOPPED:
                LOG.info("since start: %s", _statistics(plane, self._server))
            return status

    def _listeners(self) -> Listeners:
        loop = asyncio.get_running_loop()

        def notify(event: Any) -> None:
            self._server.notifier.notify(event)

        def worker_exit(reason: str) -> None:
            LOG.error("the data plane has died: %s", reason)
            loop.call_soon_threadsafe(self._finish, DATA_PLANE_DIED)

        def port_status(port: int, is_up: bool) -> None:
            LOG.info("port %d is %s", port, "up" if is_up else "down")

        return Listeners(
            on_packet_in=notify,
            on_digest=notify,
            on_idle_timeout=notify,
            on_port_status=port_status,
            on_worker_exit=worker_exit,
        )

    def _finish(self, status: int) -> None:
        if not self._end.done():
            self._end.set_result(status)


@contextmanager
def _terminable_by_us_alone() -> Iterator[None]:
    """Processes started inside never see SIGTERM, which they inherit as blocked.

    `timeout` and service managers send it to a whole group; the worker is to be stopped by the
    control process, in order.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _load_program(device: Device, arguments: Arguments) -> None:
    if arguments.program is None or arguments.p4info is None:
        return
    try:
        config = p4r.ForwardingPipelineConfig(
            p4_device_config=arguments.program.read_bytes(),
            p4info=text_format.Parse(arguments.p4info.read_text("utf-8"), p4i.P4Info()),
        )
        request = p4r.SetForwardingPipelineConfigRequest
        set_config(device, request(action=request.VERIFY_AND_COMMIT, config=config))
    except OSError as error:
        raise StartError(f"cannot read {error.filename}: {error.strerror}") from error
    except (UnicodeDecodeError, text_format.ParseError) as error:
        raise StartError(f"{arguments.p4info} is not P4Info as text: {error}") from error
    except StatusError as error:
        raise StartError(f"{arguments.program} cannot be run: {error.message}") from error


def _thrift(device: Device, arguments: Arguments) -> ThriftServer:
    assert arguments.thrift is not None
    port = int(arguments.thrift.rpartition(":")[2])
    services = make_services(device, arguments.interfaces, port)
    return ThriftServer(arguments.thrift, services)


def _statistics(plane: DataPlane, server: P4RuntimeServer) -> str:
    """What was received, sent and dropped; what is 0 is left out."""
    dropped = {f"dropped.{why}": count for why, count in _lost(server).items()}
    counts = plane.statistics() | dropped
    return ", ".join(f"{what} {count}" for what, count in counts.items() if count) or "no packets"


def _lost(server: P4RuntimeServer) -> Counter[str]:
    """Messages for controllers that reached none, by reason; from any thread."""
    return Counter(dict(server.notifier.dropped)) + Counter(dict(server.sessions.drops))


def _metrics(
    arguments: Arguments, plane: DataPlane, server: P4RuntimeServer
) -> AbstractContextManager[int]:
    # Imported late: it takes a while, and most switches serve none.
    from switch.metrics import SwitchMetrics, serving_metrics

    assert arguments.metrics is not None
    metrics = SwitchMetrics(
        arguments.device_id, plane.statistics, lambda: plane.commits, lambda: _lost(server)
    )
    return serving_metrics(arguments.metrics, metrics)


def _ready(
    arguments: Arguments, grpc_port: int, thrift: ThriftServer | None, metrics_port: int | None
) -> str:
    host = arguments.grpc.rpartition(":")[0]
    over = " over TLS" if arguments.tls else ""
    parts = [f"P4Runtime at {host}:{grpc_port}{over}"]
    if thrift is not None and arguments.thrift is not None:
        parts.append(f"Thrift at {arguments.thrift.rpartition(':')[0]}:{thrift.port}")
    if metrics_port is not None and arguments.metrics is not None:
        parts.append(f"metrics at {arguments.metrics.rpartition(':')[0]}:{metrics_port}")
    ports = " ".join(f"{port}@{name}" for port, name in arguments.interfaces.items())
    parts.append(f"ports {ports}" if ports else "no ports")
    return f"hitless-switch: device {arguments.device_id} is ready: {', '.join(parts)}"
