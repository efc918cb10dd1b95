"""BMv2's `simple_switch_grpc`: P4Runtime, and Thrift for what its P4Runtime lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import thriftpy2
from finsy.proto import p4i
from thriftpy2.protocol import TBinaryProtocolFactory, TMultiplexedProtocolFactory
from thriftpy2.rpc import client_context
from thriftpy2.thrift import TException

from tests.conformance.control.client import CALL_LIMIT_S, DEVICE_ID, Client, ControlError
from tests.conformance.stf.values import MatchValue, exact
from tests.conformance.switches.switch import CPU_PORT, GRPC_ADDRESS

COMMAND = "simple_switch_grpc"
THRIFT_PORT = 9090
_IDL = thriftpy2.load(
    str(Path(__file__).with_name("simple_switch.thrift")), module_name="simple_switch_thrift"
)
_PROTOCOL = TMultiplexedProtocolFactory(TBinaryProtocolFactory(), "standard")


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
            *["--device-id", str(DEVICE_ID), "--thrift-port", str(THRIFT_PORT)],
            *["--log-console", "--log-level", "warn"],
            "--",
            *own,
        ]

    def extras(self, client: Client) -> ThriftExtras:
        """The extras of the switch that runs."""
        return ThriftExtras()


class ThriftExtras:
    """Registers, whose values may have 63 bits, and value sets, whose members are exact."""

    def read_register(self, register: p4i.Register, index: int) -> int:
        """One cell."""
        return int(_call("bm_register_read", register.preamble.name, index))

    def read_registers(self, register: p4i.Register) -> list[int]:
        """All cells."""
        return list(_call("bm_register_read_all", register.preamble.name))

    def write_register(self, register: p4i.Register, index: int, value: int) -> None:
        """Set one cell."""
        _call("bm_register_write", register.preamble.name, index, value)

    def reset_register(self, register: p4i.Register) -> None:
        """Set all cells to 0."""
        _call("bm_register_write_range", register.preamble.name, 0, register.size, 0)

    def set_values(self, value_set: p4i.ValueSet, values: Sequence[MatchValue]) -> None:
        """Replace the members of a parser value set of one field."""
        size = (value_set.match[0].bitwidth + 7) // 8
        _call("bm_parse_vset_clear", value_set.preamble.name)
        for value in values:
            _call("bm_parse_vset_add", value_set.preamble.name, exact(value).to_bytes(size, "big"))


def _call(method: str, *arguments: object) -> Any:
    limit_ms = int(CALL_LIMIT_S * 1000)
    try:
        with client_context(
            _IDL.Standard,
            "127.0.0.1",
            THRIFT_PORT,
            proto_factory=_PROTOCOL,
            connect_timeout=limit_ms,
            socket_timeout=limit_ms,
        ) as client:
            return getattr(client, method)(0, *arguments)
    except (TException, OSError) as error:
        raise ControlError(f"{method}: {error}") from error
