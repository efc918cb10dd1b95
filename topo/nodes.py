"""The Mininet classes of forwarding nodes: the embedded switch and BMv2.

A node's process runs in the root namespace, as Mininet's switches do, on the node's ends of the
links, and serves P4Runtime on the loopback. It starts without a program: the management entity
pushes one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from mininet.node import Switch

from topo.endpoints import Endpoints, is_listening
from topo.process import ManagedProcess, run_command
from topo.requirements import NODE_PROGRAMS, executable

CPU_PORT = 510
READY_TIMEOUT_S = 60.0
KEEP_FREED_MEMORY = ("MALLOC_TRIM_THRESHOLD_=1073741824", "MALLOC_MMAP_THRESHOLD_=1073741824")
"""The GNU C library's settings for it: thresholds in bytes."""


class ForwardingNode(Switch, ABC):
    """A node under P4Runtime; subclasses say which command it is."""

    program: ClassVar[str]
    """The program that must be installed."""
    driver: ClassVar[str]
    """What the management entity's configuration calls this kind."""
    title: ClassVar[str]
    """What people call this kind."""

    def __init__(
        self, name: str, device_id: int, endpoints: Endpoints, directory: Path, **params: Any
    ) -> None:
        super().__init__(name, dpid=f"{device_id:x}", **params)
        self.device_id = device_id
        self.endpoints = endpoints
        self.directory = directory
        self.process = ManagedProcess(name, [], directory / f"{name}.log")

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command line of the node's process."""

    def interfaces(self) -> dict[int, str]:
        """Return port number and interface name of the node's ports."""
        return {port: intf.name for port, intf in sorted(self.intfs.items()) if port > 0}

    def start(self, controllers: Sequence[Any] = ()) -> None:
        """Start the node's process and return at once; `controllers` is Mininet's and not used."""
        self.process = ManagedProcess(self.name, self.command(), self.process.log)
        self.process.start()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until P4Runtime is served; ProcessFailed quotes the node's log."""
        port = self.endpoints.grpc
        self.process.wait_until(
            lambda: is_listening(port), f"served P4Runtime on 127.0.0.1:{port}", timeout_s
        )

    def stop(self, deleteIntfs: bool = False) -> None:  # noqa: N803 - Mininet's name
        """Stop the node's process; `deleteIntfs` also removes its links, as Mininet means it."""
        self.process.stop()
        super().stop(deleteIntfs)


class EmbeddedNode(ForwardingNode):
    """The embedded switch, `hitless-switch`."""

    program = NODE_PROGRAMS["embedded"]
    driver = "p4runtime"
    title = "embedded switch"

    def command(self) -> list[str]:
        """Return the command line of hitless-switch."""
        ports = [
            word
            for port, name in self.interfaces().items()
            for word in ("--interface", f"{port}@{name}")
        ]
        return [
            executable(self.program),
            *("--device-id", str(self.device_id)),
            *("--grpc", self.endpoints.grpc_address),
            *("--cpu-port", str(CPU_PORT)),
            *ports,
        ]


class Bmv2Node(ForwardingNode):
    """BMv2's simple_switch_grpc; registers are reached by its Thrift port.

    It runs at the lowest real-time priority, which the embedded switch gives its data plane by
    itself: packets go before what else shares the processors. It keeps freed memory rather than
    giving it back to the kernel, which would happen in the middle of a reload, while packets wait.

    Where BMv2 was built with nanomsg, its socket for notifications gets a path of this run's own:
    by default it is derived from the device id alone, which two runs share.
    """

    program = NODE_PROGRAMS["bmv2"]
    driver = "bmv2"
    title = "BMv2"

    def command(self) -> list[str]:
        """Return the command line of simple_switch_grpc."""
        ports = [
            word for port, name in self.interfaces().items() for word in ("-i", f"{port}@{name}")
        ]
        switch = executable(self.program)
        notifications = ["--notifications-addr", f"ipc://{self.directory}/{self.name}.ipc"]
        return [
            *("env", *KEEP_FREED_MEMORY),
            *("chrt", "--rr", "1"),
            switch,
            "--no-p4",
            *("--device-id", str(self.device_id)),
            *("--thrift-port", str(self.endpoints.thrift)),
            *(notifications if _knows(switch, notifications[0]) else ()),
            *("--log-level", "off"),
            *ports,
            "--",
            *("--grpc-server-addr", self.endpoints.grpc_address),
            *("--cpu-port", str(CPU_PORT)),
        ]


def _knows(program: str, option: str) -> bool:
    """Tell whether a program's help names an option."""
    help_text = run_command([program, "--help"])
    return option in help_text.stdout + help_text.stderr


KINDS: dict[str, type[ForwardingNode]] = {"embedded": EmbeddedNode, "bmv2": Bmv2Node}
