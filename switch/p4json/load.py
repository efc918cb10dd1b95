"""`load_program`: from the bytes of a BMv2 JSON file to a `Program`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from switch.p4json.actions import read_actions, signatures
from switch.p4json.arrays import (
    digest_lists,
    read_counters,
    read_field_lists,
    read_meters,
    read_registers,
    read_value_sets,
)
from switch.p4json.checksums import read_calculations, read_checksums
from switch.p4json.expressions import Scope
from switch.p4json.headers import Layout, read_layout
from switch.p4json.objects import MeterArray
from switch.p4json.parsers import read_deparser, read_parser
from switch.p4json.pipelines import Pipeline, collect_profiles, read_pipelines
from switch.p4json.program import Body, Program
from switch.p4json.reader import Node
from switch.p4json.source import ProgramError
from switch.p4json.tables import TableNode

SUPPORTED_MAJOR_VERSION = 2
"""Of the JSON format; minor versions only add to it."""


def load_program(json_bytes: bytes) -> Program:
    """Read the JSON of one program.

    Raises `ProgramError` naming the object, and its P4 source line where the JSON tells, if the
    JSON is malformed, refers to what is not there or contains a construct that is not supported.
    """
    root = _parse(json_bytes)
    _check_version(root)
    layout = read_layout(root)
    scope = _make_scope(root, layout)
    actions = read_actions(root, scope)
    pipelines = read_pipelines(root, scope, actions)
    parser = read_parser(root, scope)
    meters, meter_targets = read_meters(root, scope)
    _check_direct_meters(pipelines, meters)
    learn_lists = read_field_lists(root, scope, "learn_lists")
    body = Body(
        layout=layout,
        errors=_read_errors(root),
        parser=parser,
        deparser=read_deparser(root, scope),
        pipelines=pipelines,
        actions=actions,
        calculations=read_calculations(root, scope),
        checksums=read_checksums(root, scope),
        field_lists=read_field_lists(root, scope, "field_lists"),
        learn_lists=learn_lists,
        meter_targets=meter_targets,
    )
    return Program(
        source_file=root.optional_string("program") or "",
        tables={
            node.name: node.table
            for pipeline in pipelines.values()
            for node in pipeline.nodes.values()
            if isinstance(node, TableNode)
        },
        actions=signatures(actions),
        registers=read_registers(root),
        counters=read_counters(root),
        meters=meters,
        action_profiles=collect_profiles(pipelines),
        digests=digest_lists(learn_lists, layout),
        value_sets=read_value_sets(root),
        body=body,
    )


def _parse(json_bytes: bytes) -> Node:
    try:
        values = json.loads(json_bytes)
    except (ValueError, RecursionError) as error:
        raise ProgramError("program", f"is not JSON: {error}") from error
    return Node(values, "program")


def _check_version(root: Node) -> None:
    if not root.has("__meta__"):
        return
    match root.child("__meta__").items("version"):
        case [int(major), int(minor)] if major != SUPPORTED_MAJOR_VERSION:
            raise root.error(
                f"is in version {major}.{minor} of the JSON format; "
                f"{SUPPORTED_MAJOR_VERSION}.x is supported (use a newer p4c)"
            )


def _make_scope(root: Node, layout: Layout) -> Scope:
    def names(attribute: str) -> frozenset[str]:
        return frozenset(node.string("name") for node in root.children(attribute, attribute))

    for node in root.children("extern_instances", "extern"):
        raise node.error(f"is of the unsupported extern type '{node.string('type')}'")
    return Scope(
        layout,
        {
            "register_array": names("register_arrays"),
            "counter_array": names("counter_arrays"),
            "meter_array": names("meter_arrays"),
            "calculation": names("calculations"),
            "parse_vset": names("parse_vsets"),
        },
    )


def _check_direct_meters(
    pipelines: Mapping[str, Pipeline], meters: Mapping[str, MeterArray]
) -> None:
    for pipeline in pipelines.values():
        for node in pipeline.nodes.values():
            name = node.table.direct_meter if isinstance(node, TableNode) else None
            if name is not None and not (name in meters and meters[name].is_direct):
                what = f"table {node.name}"
                raise ProgramError(what, f"refers to the unknown direct meter {name}")


def _read_errors(root: Node) -> dict[str, int]:
    errors = {}
    for item in root.items("errors"):
        match item:
            case [str(name), int(value)]:
                errors[name] = value
            case _:
                raise root.error(f"has a malformed error {item!r}")
    return errors
