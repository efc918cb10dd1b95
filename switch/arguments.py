"""The command line of `hitless-switch`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from switch.addresses import split_address
from switch.p4runtime.tls import TlsFiles
from switch.runtime.egress_queues import MAX_PRIORITIES

MAX_PORT = 510
"""511 is v1model's drop port."""
DEFAULT_CPU_PORT = 510
DEFAULT_GRPC = "127.0.0.1:9559"
"""9559 is the port that IANA gave P4Runtime."""

_DESCRIPTION = """\
A P4 switch in software. It runs programs for v1model that p4c has compiled for BMv2 (JSON), on
network interfaces of this machine, and is controlled by P4Runtime.
"""
_EPILOG = """\
example, with two interfaces as ports 1 and 2:
  hitless-switch --device-id 1 --grpc 127.0.0.1:50051 -i 1@s1-eth1 -i 2@s1-eth2

One line on standard output says when the switch is ready; the log goes to standard error.
SIGTERM and SIGINT stop it. Exit status: 0 when it was stopped, 1 when it could not start, 2 for a
wrong command line, 3 when its data plane has died.
Anybody who can reach the addresses can control the switch, unless --tls-client-ca makes clients of
P4Runtime show a certificate; so the default is loopback.
"""


@dataclass(frozen=True)
class Arguments:
    """What was asked for."""

    device_id: int
    grpc: str
    tls: TlsFiles | None
    thrift: str | None
    metrics: str | None
    interfaces: dict[int, str]
    cpu_port: int | None
    priority_queues: int
    program: Path | None
    p4info: Path | None
    log_level: str


def parse(argv: Sequence[str] | None) -> Arguments:
    """Read the command line; ends the process, saying why, if it is wrong."""
    parser = _parser()
    given = parser.parse_args(argv)
    interfaces: dict[int, str] = {}
    for port, name in given.interface:
        if port in interfaces or name in interfaces.values():
            parser.error(f"argument -i/--interface: {port}@{name}: port or interface given twice")
        interfaces[port] = name
    if given.cpu_port in interfaces:
        parser.error(f"argument --cpu-port: port {given.cpu_port} is an interface as well")
    if (given.program is None) != (given.p4info is None):
        parser.error("--program and --p4info belong together")
    if (given.tls_cert is None) != (given.tls_key is None):
        parser.error("--tls-cert and --tls-key belong together")
    if given.tls_client_ca is not None and given.tls_cert is None:
        parser.error("--tls-client-ca needs --tls-cert and --tls-key")
    return Arguments(
        device_id=given.device_id,
        grpc=given.grpc,
        tls=_tls(given),
        thrift=given.thrift,
        metrics=given.metrics,
        interfaces=interfaces,
        cpu_port=given.cpu_port,
        priority_queues=given.priority_queues,
        program=given.program,
        p4info=given.p4info,
        log_level=given.log_level,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hitless-switch",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--device-id",
        type=_device_id,
        default=1,
        metavar="N",
        help="the P4Runtime device id (default %(default)s)",
    )
    _add_addresses(parser)
    _add_ports(parser)
    parser.add_argument(
        "--program", type=Path, metavar="JSON", help="a program to run from the start"
    )
    parser.add_argument("--p4info", type=Path, metavar="FILE", help="its P4Info, as text")
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="how much to log (default %(default)s)",
    )
    return parser


def _add_addresses(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grpc",
        type=_address,
        default=DEFAULT_GRPC,
        metavar="HOST:PORT",
        help="where to serve P4Runtime (default %(default)s; port 0: any)",
    )
    _add_tls(parser)
    parser.add_argument(
        "--thrift",
        type=_address,
        metavar="HOST:PORT",
        help="where to answer BMv2's Thrift calls, as of simple_switch_CLI (default: nowhere)",
    )
    parser.add_argument(
        "--metrics",
        type=_address,
        metavar="HOST:PORT",
        help="where to serve metrics to Prometheus, over HTTP (default: nowhere)",
    )


def _add_ports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-i",
        "--interface",
        type=_interface,
        action="append",
        default=[],
        metavar="PORT@NAME",
        help=f"a network interface and its port, 0 to {MAX_PORT}; may be repeated",
    )
    parser.add_argument(
        "--cpu-port",
        type=_cpu_port,
        default=DEFAULT_CPU_PORT,
        metavar="PORT",
        help="the port of packet-ins and packet-outs, or `none` (default %(default)s)",
    )
    parser.add_argument(
        "--priority-queues",
        type=int,
        choices=range(1, MAX_PRIORITIES + 1),
        default=1,
        metavar="N",
        help="egress queues of each port, one a priority (default %(default)s)",
    )


def _add_tls(parser: argparse.ArgumentParser) -> None:
    for option, what in (
        ("--tls-cert", "serve P4Runtime over TLS, with this certificate (PEM, with its chain)"),
        ("--tls-key", "the private key of --tls-cert (PEM)"),
        ("--tls-client-ca", "ask clients for a certificate that one of these has signed (PEM)"),
    ):
        parser.add_argument(option, type=Path, metavar="FILE", help=what)


def _tls(given: argparse.Namespace) -> TlsFiles | None:
    if given.tls_cert is None:
        return None
    return TlsFiles(given.tls_cert, given.tls_key, given.tls_client_ca)


def _device_id(text: str) -> int:
    value = int(text)
    if not 0 <= value < 1 << 64:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 2^64 - 1")
    return value


def _address(text: str) -> str:
    try:
        split_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to {MAX_PORT}")
    return int(text)


def _cpu_port(text: str) -> int | None:
    return None if text == "none" else _port(text)


def _interface(text: str) -> tuple[int, str]:
    port, at, name = text.partition("@")
    if not at or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not PORT@NAME, for example 1@s1-eth1")
    return _port(port), name
