"""Commands that take nodes into the network and out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.operator.arguments import Argument, ArgumentError
from controller.operator.command import Command, Data
from controller.operator.commands.common import NODE, program_names
from controller.operator.values import Choice, Name, Number, Ports, Text
from controller.operator.views import inventory as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity


def _add(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    # Imported late, for the command line's sake, which has no use for it.
    from controller.model.parts import NodeDescription

    driver, thrift = arguments["driver"], arguments["thrift"]
    if (driver == "bmv2") != (thrift is not None):
        raise ArgumentError("--thrift", "is for nodes with --driver bmv2, and needed there")
    me.add_node(
        NodeDescription(
            arguments["name"],
            arguments["device_id"],
            arguments["grpc"],
            driver,
            thrift,
            arguments["program"],
            tuple(arguments["ports"]),
        )
    )
    return _names(me)


def _remove(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    me.remove_node(arguments["node"])
    return _names(me)


def _names(me: ManagementEntity) -> Data:
    return {"nodes": me.node_names()}


_DESCRIPTION = (
    Argument("name", "NAME", Name("NAME"), "its name", required=True),
    Argument("grpc", "--grpc", Text("HOST:PORT"), "its P4Runtime server", required=True),
    Argument("device_id", "--device-id", Number("N"), "its P4Runtime device id", required=True),
    Argument(
        "program",
        "--program",
        Name("PROGRAM"),
        "the program that it shall run",
        required=True,
        candidates=program_names,
    ),
    Argument("ports", "--ports", Ports(), "its ports", required=True),
    Argument(
        "driver",
        "--driver",
        Choice(("p4runtime", "bmv2")),
        "what kind of node it is (default: p4runtime)",
        default="p4runtime",
    ),
    Argument("thrift", "--thrift", Text("HOST:PORT"), "bmv2: its Thrift server"),
)

FAMILY = (
    Command(
        "node add",
        "take a node into the network",
        _add,
        views.node_names,
        _DESCRIPTION,
        acts=True,
        details="It is remembered when the management entity restarts. Links and hosts are found by"
        " discovery.",
        examples=(
            "node add s3 --grpc 127.0.0.1:50053 --device-id 3 --program guarded --ports 1,2",
        ),
    ),
    Command(
        "node remove",
        "take a node out of the network; it goes on with what it has",
        _remove,
        views.node_names,
        (replace(NODE, help="the node; it must not enforce any slots"),),
        acts=True,
        details="Drain it first: a node that enforces slots is refused. A described node can be"
        " added again.",
        examples=("node remove s3",),
    ),
)
