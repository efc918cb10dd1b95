"""A client of the switch's Thrift calls, and the parameters of these."""

from contextlib import contextmanager

import pytest
from thriftpy2.protocol import TBinaryProtocolFactory, TMultiplexedProtocolFactory
from thriftpy2.thrift import TClient
from thriftpy2.transport import TBufferedTransportFactory, TSocket

from switch.thrift.idl import IDL
from switch.thrift.server import ThriftServer
from switch.thrift.services import make_services

SERVICES = {
    "standard": IDL.Standard,
    "simple_pre_lag": IDL.SimplePreLAG,
    "simple_switch": IDL.SimpleSwitch,
}
INGRESS = "EverythingIngress."


class Thrift:
    """One connection for each service; a service is an attribute."""

    def __init__(self, port):
        self.port = port
        for name, service in SERVICES.items():
            transport = TBufferedTransportFactory().get_transport(
                TSocket("127.0.0.1", port, socket_timeout=30_000)
            )
            transport.open()
            protocol = TMultiplexedProtocolFactory(TBinaryProtocolFactory(), name)
            setattr(self, name, TClient(service, protocol.get_protocol(transport)))

    def __getattr__(self, method):
        """A call of `standard` on one of the objects of everything.p4, by its short name."""
        call = getattr(self.standard, f"bm_{method}")
        return lambda name, *arguments: call(0, INGRESS + name, *arguments)

    def close(self):
        for name in SERVICES:
            getattr(self, name).close()


@contextmanager
def thrift_of(device):
    """Serve a device's Thrift calls, with a client."""
    services = make_services(device, {1: "s1-eth1", 2: "s1-eth2"}, thrift_port=9090)
    with ThriftServer("127.0.0.1:0", services) as server:
        thrift = Thrift(server.port)
        yield thrift
        thrift.close()


def refusal(call, *arguments):
    """The name of the code with which a call is refused."""
    with pytest.raises(Exception) as refused:
        call(*arguments)
    _, _, codes, _ = refused.value.thrift_spec[1]
    return codes._VALUES_TO_NAMES[refused.value.code]


# -- parameters ----------------------------------------------------------------------------------


def exactly(octets):
    exact = IDL.BmMatchParamExact(key=octets)
    return IDL.BmMatchParam(type=IDL.BmMatchParamType.EXACT, exact=exact)


def prefix(octets, length):
    lpm = IDL.BmMatchParamLPM(key=octets, prefix_length=length)
    return IDL.BmMatchParam(type=IDL.BmMatchParamType.LPM, lpm=lpm)


def masked(octets, mask):
    ternary = IDL.BmMatchParamTernary(key=octets, mask=mask)
    return IDL.BmMatchParam(type=IDL.BmMatchParamType.TERNARY, ternary=ternary)


def between(low, high):
    limits = IDL.BmMatchParamRange(start=low, end_=high)
    return IDL.BmMatchParam(type=IDL.BmMatchParamType.RANGE, range=limits)


def with_priority(priority):
    return IDL.BmAddEntryOptions(priority=priority)


WITHOUT_PRIORITY = with_priority(0)


def mac(number):
    return number.to_bytes(6, "big")
