"""Builds small programs as BMv2 JSON by hand, so that a test shows all of what it is about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from switch.p4json.load import load_program
from switch.p4json.program import Program

STANDARD_METADATA = [
    ["ingress_port", 9],
    ["egress_spec", 9],
    ["egress_port", 9],
    ["instance_type", 32],
    ["packet_length", 32],
    ["enq_timestamp", 32],
    ["enq_qdepth", 19],
    ["deq_timedelta", 32],
    ["deq_qdepth", 19],
    ["ingress_global_timestamp", 48],
    ["egress_global_timestamp", 48],
    ["mcast_grp", 16],
    ["egress_rid", 16],
    ["checksum_error", 1],
    ["parser_error", 32],
    ["priority", 3],
    ["_padding", 3],
]

ERRORS = ["NoError", "PacketTooShort", "NoMatch", "StackOutOfBounds", "HeaderTooShort"]
ERRORS += ["ParserTimeout", "ParserInvalidArgument"]

Json = dict[str, Any]


def field(header: str, name: str) -> Json:
    return {"type": "field", "value": [header, name]}


def const(value: int) -> Json:
    return {"type": "hexstr", "value": hex(value)}


def expr(value: Json) -> Json:
    return {"type": "expression", "value": value}


def op(name: str, left: Json | None, right: Json, condition: Json | None = None) -> Json:
    body = {"op": name, "left": left, "right": right}
    if condition is not None:
        body["cond"] = condition
    return expr(body)


def valid(header: str) -> Json:
    return op("d2b", None, field(header, "$valid$"))


def named(kind: str, name: str) -> Json:
    return {"type": kind, "value": name}


def param(index: int) -> Json:
    return {"type": "runtime_data", "value": index}


def call(name: str, *parameters: Json) -> Json:
    return {"op": name, "parameters": list(parameters)}


def assign(header: str, name: str, value: Json) -> Json:
    return call("assign", field(header, name), value)


def forward(port: int | Json) -> Json:
    return assign(
        "standard_metadata", "egress_spec", const(port) if isinstance(port, int) else port
    )


def extract(name: str, kind: str = "regular") -> Json:
    return {"op": "extract", "parameters": [{"type": kind, "value": name}]}


def goto(state: str | None, value: int | None = None, mask: int | None = None) -> Json:
    if value is None:
        return {"type": "default", "value": None, "mask": None, "next_state": state}
    return {
        "type": "hexstr",
        "value": hex(value),
        "mask": None if mask is None else hex(mask),
        "next_state": state,
    }


class Draft:
    """A program under construction: metadata `meta` of given fields, everything else empty."""

    def __init__(self, meta: Sequence[Sequence[Any]] = ()) -> None:
        self.json: Json = {
            "program": "draft.p4",
            "__meta__": {"version": [2, 23]},
            "header_types": [],
            "headers": [],
            "header_stacks": [],
            "header_union_types": [],
            "header_unions": [],
            "header_union_stacks": [],
            "field_lists": [],
            "errors": [[name, value] for value, name in enumerate(ERRORS)],
            "enums": [],
            "parsers": [{"name": "parser", "id": 0, "init_state": "start", "parse_states": []}],
            "parse_vsets": [],
            "deparsers": [{"name": "deparser", "id": 0, "order": [], "primitives": []}],
            "meter_arrays": [],
            "counter_arrays": [],
            "register_arrays": [],
            "calculations": [],
            "learn_lists": [],
            "actions": [],
            "pipelines": [_pipeline("ingress", 0), _pipeline("egress", 1)],
            "checksums": [],
            "extern_instances": [],
            "field_aliases": [
                [f"{group}.{name}", ["standard_metadata", name]]
                for group, names in (
                    ("queueing_metadata", STANDARD_METADATA[5:9]),
                    ("intrinsic_metadata", [*STANDARD_METADATA[9:13], STANDARD_METADATA[15]]),
                )
                for name, _ in names
            ],
        }
        self.add_header("standard_metadata", STANDARD_METADATA, metadata=True)
        if meta:
            self.add_header("meta", meta, metadata=True)

    def add_type(self, name: str, fields: Sequence[Sequence[Any]], max_length: int = 0) -> None:
        types = self.json["header_types"]
        types.append({"name": name, "id": len(types), "fields": [list(item) for item in fields]})
        if max_length:
            types[-1]["max_length"] = max_length

    def add_instance(self, name: str, type_name: str, metadata: bool = False) -> int:
        headers = self.json["headers"]
        number = len(headers)
        headers.append({"name": name, "id": number, "header_type": type_name, "metadata": metadata})
        return number

    def add_header(
        self,
        name: str,
        fields: Sequence[Sequence[Any]],
        metadata: bool = False,
        max_length: int = 0,
    ) -> None:
        self.add_type(f"{name}_t", fields, max_length)
        self.add_instance(name, f"{name}_t", metadata)

    def add_stack(self, name: str, fields: Sequence[Sequence[Any]], size: int) -> None:
        self.add_type(f"{name}_t", fields)
        numbers = [self.add_instance(f"{name}[{index}]", f"{name}_t") for index in range(size)]
        stacks = self.json["header_stacks"]
        stacks.append(
            {
                "name": name,
                "id": len(stacks),
                "header_type": f"{name}_t",
                "size": size,
                "header_ids": numbers,
            }
        )

    def add_state(
        self, name: str, ops: Sequence[Json], key: Sequence[Json] = (), *transitions: Json
    ) -> None:
        states = self.json["parsers"][0]["parse_states"]
        states.append(
            {
                "name": name,
                "id": len(states),
                "parser_ops": list(ops),
                "transition_key": list(key),
                "transitions": list(transitions) or [goto(None)],
            }
        )

    def deparse(self, *headers: str) -> None:
        self.json["deparsers"][0]["order"] = list(headers)

    def add_action(
        self, name: str, primitives: Sequence[Json], params: Sequence[tuple[str, int]] = ()
    ) -> int:
        actions = self.json["actions"]
        actions.append(
            {
                "name": name,
                "id": len(actions),
                "runtime_data": [{"name": item, "bitwidth": width} for item, width in params],
                "primitives": list(primitives),
            }
        )
        return len(actions) - 1

    def add_register(self, name: str, size: int, width: int) -> None:
        registers = self.json["register_arrays"]
        registers.append({"name": name, "id": len(registers), "size": size, "bitwidth": width})

    def add_counter(self, name: str, size: int, table: str | None = None) -> None:
        counters = self.json["counter_arrays"]
        counters.append({"name": name, "id": len(counters), "size": size, "is_direct": bool(table)})
        if table:
            counters[-1]["binding"] = table

    def add_meter(self, name: str, size: int, unit: str = "packets") -> None:
        meters = self.json["meter_arrays"]
        meters.append(
            {"name": name, "id": len(meters), "size": size, "type": unit, "rate_count": 2}
        )

    def add_calculation(self, name: str, algorithm: str, *inputs: Json) -> None:
        calculations = self.json["calculations"]
        calculations.append(
            {"name": name, "id": len(calculations), "algo": algorithm, "input": list(inputs)}
        )

    def add_list(self, kind: str, number: int, name: str, *fields: Json) -> None:
        self.json[kind].append({"name": name, "id": number, "elements": list(fields)})

    def do(self, *primitives: Json, pipeline: str = "ingress", name: str = "") -> None:
        """Make an action without parameters all that a pipeline does, behind what it has."""
        number = self.add_action(name or f"{pipeline}_{len(self.json['actions'])}", primitives)
        action = self.json["actions"][number]["name"]
        self.add_table(
            f"tbl_{action}",
            [],
            {action: None},
            pipeline=pipeline,
            default_entry=_constant(number),
        )

    def add_table(
        self,
        name: str,
        key: Sequence[tuple[str, Json]],
        actions: dict[str, str | None],
        pipeline: str = "ingress",
        **more: Any,
    ) -> None:
        """Add a table; without other arrangement tables of a pipeline follow each other."""
        found = self._find_pipeline(pipeline)
        numbers = {action["name"]: action["id"] for action in self.json["actions"]}
        kinds = [kind for kind, _ in key]
        strongest = max(kinds, key=["exact", "lpm", "ternary", "range"].index, default="exact")
        table = {
            "name": name,
            "id": len(found["tables"]),
            "key": [
                {"match_type": kind, "target": target["value"], "mask": None}
                for kind, target in key
            ],
            "match_type": strongest,
            "type": "simple",
            "max_size": 1024,
            "with_counters": False,
            "support_timeout": False,
            "direct_meters": None,
            "action_ids": [numbers[action] for action in actions],
            "actions": list(actions),
            "base_default_next": None,
            "next_tables": dict(actions),
            **more,
        }
        self._chain(found, name)
        found["tables"].append(table)

    def branch(
        self, condition: Json, then: Sequence[Json], otherwise: Sequence[Json], pipeline: str
    ) -> None:
        """End a pipeline with a condition and the primitives of its two branches."""
        found = self._find_pipeline(pipeline)
        name = f"{pipeline}_condition"
        self._chain(found, name)
        nexts = [self._add_constant_table(found, list(each)) for each in (then, otherwise)]
        found["conditionals"].append(
            {
                "name": name,
                "id": 0,
                "expression": condition,
                "true_next": nexts[0],
                "false_next": nexts[1],
            }
        )

    def _add_constant_table(self, pipeline: Json, primitives: Sequence[Json]) -> str:
        number = self.add_action(f"branch_{len(self.json['actions'])}", primitives)
        action = self.json["actions"][number]["name"]
        start, pipeline["init_table"] = pipeline["init_table"], None
        tables, pipeline["tables"] = pipeline["tables"], []
        entry = _constant(number)
        self.add_table(f"tbl_{action}", [], {action: None}, pipeline["name"], default_entry=entry)
        pipeline["init_table"], pipeline["tables"] = start, [*tables, *pipeline["tables"]]
        return f"tbl_{action}"

    def load(self) -> Program:
        if any(not parser["parse_states"] for parser in self.json["parsers"]):
            self.add_state("start", [])
        return load_program(json.dumps(self.json).encode())

    def _find_pipeline(self, name: str) -> Json:
        return next(item for item in self.json["pipelines"] if item["name"] == name)

    @staticmethod
    def _chain(pipeline: Json, name: str) -> None:
        """Let the nodes before lead here, where they would have ended."""
        if pipeline["init_table"] is None:
            pipeline["init_table"] = name
            return
        last = pipeline["tables"][-1]
        if all(item is None for item in last["next_tables"].values()):
            last["next_tables"] = dict.fromkeys(last["next_tables"], name)
            last["base_default_next"] = name


def _constant(action: int) -> Json:
    """A default entry that nobody can change."""
    return {
        "action_id": action,
        "action_const": True,
        "action_data": [],
        "action_entry_const": True,
    }


def _pipeline(name: str, number: int) -> Json:
    return {
        "name": name,
        "id": number,
        "init_table": None,
        "tables": [],
        "action_profiles": [],
        "conditionals": [],
    }
