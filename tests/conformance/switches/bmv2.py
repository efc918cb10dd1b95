"""BMv2's `simple_switch_grpc`: P4Runtime, and Thrift for registers, which its P4Runtime lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller.errors import NodeError
from controller.southbound.thrift_client import ThriftClient
from tests.conformance.control.client import CALL_LIMIT_S, DEVICE_ID, Client, ControlError
from tests.conformance.program import Program, find
from tests.conformance.switches.switch import CPU_PORT, GRPC_ADDRESS

COMMAND = "simple_switch_grpc"
_THRIFT_PORT = 9090


class Bmv2:
    """The reference."""

    name = "bmv2"

    def command(self, interfaces: Mapping[int, str]) -> Sequence[str]:
        """The command that starts one with these ports, without a program."""
        ports = [f"-i{number}@{interface}" for number, interface in interfaces.items()]
        own = ["--grpc-server-addr", GRPC_ADDRESS, "--cpu-port", str(CPU_PORT)]
        return [
            COMMAND,
            "--no-p4",
            *ports,
            *["--device-id", str(DEVICE_ID), "--thrift-port", str(_THRIFT_PORT)],
            *["--log-console", "--log-level", "warn"],
            "--",
            *own,
        ]

    def registers(self, client: Client, program: Program) -> ThriftRegisters:
        """Access to the registers of the switch that runs."""
        return ThriftRegisters(program)


class ThriftRegisters:
    """Registers over Thrift: values of 63 bits at most."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._thrift = ThriftClient("bmv2", f"127.0.0.1:{_THRIFT_PORT}", 1, CALL_LIMIT_S)

    def read(self, name: str, index: int) -> int:
        """One cell."""
        return int(self._call("bm_register_read", name, index))

    def write(self, name: str, index: int, value: int) -> None:
        """Set one cell."""
        self._call("bm_register_write", name, index, value)

    def reset(self, name: str) -> None:
        """Set all cells to 0."""
        size = find("register", name, self._program.p4info.registers).size
        self._call("bm_register_write_range", name, 0, size, 0)

    def _call(self, method: str, *arguments: object) -> object:
        try:
            return self._thrift.call("standard", method, 0, *arguments, asked=method)
        except NodeError as error:
            raise ControlError(str(error)) from error
