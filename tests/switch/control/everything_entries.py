"""Entries of the tables of tests/switch/programs/everything.p4."""

from p4rt import action, exact, lpm, table_entry

from switch.dataplane.messages import Config

DMAC = "EverythingIngress.dmac"
ACL = "EverythingIngress.acl"
FORWARD = "EverythingIngress.forward"


def dmac(address=b"\x0a", port=b"\x01", **fields):
    return table_entry("dmac", [exact(1, address)], action("forward", port), **fields)


def acl(priority=5, match=None, act=None, **fields):
    if match is None:
        match = [exact(4, b"\x01")]
    return table_entry("acl", match, act or action("set_hop", b"\x03"), priority=priority, **fields)


def smac(address=b"\x0a", **fields):
    return table_entry("smac", [exact(1, address)], action("learn"), **fields)


def route(length=8, value=b"\x0a\x00\x00\x00\x00\x00", act=None, **fields):
    return table_entry("route", [lpm(1, value, length)], act or action("set_color"), **fields)


def entries(rig):
    return rig.plane[Config.RUNNING].entries


def default(alias, act=None, **fields):
    return table_entry(alias, [], act, is_default_action=True, **fields)
