"""BMv2's services by the names under which they share a port, and which method does which call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from switch.p4runtime.device import Device
from switch.thrift.bursts import CellWriter
from switch.thrift.calls import Calls
from switch.thrift.counters import CounterCalls
from switch.thrift.crcs import CrcCalls
from switch.thrift.entries import TableCalls
from switch.thrift.idl import IDL
from switch.thrift.indirect import IndirectCalls
from switch.thrift.meters import MeterCalls
from switch.thrift.mirroring import MirroringCalls
from switch.thrift.multicast import MulticastCalls
from switch.thrift.profiles import ProfileCalls
from switch.thrift.registers import RegisterCalls
from switch.thrift.reset import ResetCalls
from switch.thrift.switch_calls import QueueCalls, SwitchCalls


@dataclass(frozen=True)
class Service:
    """One of them."""

    idl: Any
    """Its class of the IDL."""
    calls: Mapping[str, Callable[..., Any]]
    """What does each call that it has."""


@dataclass(frozen=True)
class Services:
    """All of them."""

    by_name: Mapping[str, Service]
    cells: CellWriter
    """What does bursts of register writes."""


def make_services(device: Device, interfaces: Mapping[int, str], thrift_port: int) -> Services:
    """The services of a switch; `interfaces` are those of its ports."""
    registers, multicast = RegisterCalls(device), MulticastCalls(device)
    standard = (
        CounterCalls(device),
        CrcCalls(device),
        IndirectCalls(device),
        MeterCalls(device),
        ProfileCalls(device),
        ResetCalls(device, multicast),
        SwitchCalls(device, interfaces, thrift_port),
        TableCalls(device),
        registers,
    )
    by_name = {
        "standard": _service(IDL.Standard, *standard),
        "simple_pre_lag": _service(IDL.SimplePreLAG, multicast),
        "simple_switch": _service(IDL.SimpleSwitch, MirroringCalls(device), QueueCalls(device)),
    }
    return Services(by_name, registers)


def _service(idl: Any, *families: Calls) -> Service:
    """A service, each call of which is a method of one of these."""
    calls = {}
    for name in idl.thrift_services:
        (calls[name],) = (getattr(family, name) for family in families if hasattr(family, name))
    return Service(idl, calls)
