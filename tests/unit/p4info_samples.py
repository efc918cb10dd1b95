"""P4Info of small programs, made in memory: a function "gate" with any arrangement of its state.

"gate" is a firewall reduced to what migrations see: control words, cells by slot in buckets, a
table of its own and one of the node's, counters. "l2" programs have only a forwarding table.
"""

from __future__ import annotations

import zlib
from typing import Any

from finsy.p4schema import P4Schema
from finsy.proto import p4i, p4t

from controller.southbound.program import Program

GATE_STATE = {
    "function": "gate",
    "state": "flows",
    "merge": "newer",
    "time_lsb": 0,
    "time_width": 16,
    "time_unit_us": 65_536,
    "bucket": 4,
}
"Annotation of gate's cells: key above a time of 16 bits."


def annotation(name: str, /, **pairs: str | int | bool) -> p4t.StructuredAnnotation:
    """Make a structured annotation of key-value pairs."""
    made = p4t.StructuredAnnotation(name=name)
    for key, value in pairs.items():
        pair = made.kv_pair_list.kv_pairs.add(key=key)
        if isinstance(value, bool):
            pair.value.bool_value = value
        elif isinstance(value, int):
            pair.value.int64_value = value
        else:
            pair.value.string_value = value
    return made


class P4InfoBuilder:
    """Builds a P4Info object by object; ids are counted up per kind, as p4c's prefixes do."""

    def __init__(self) -> None:
        self.info = p4i.P4Info(pkg_info=p4i.PkgInfo(arch="v1model"))
        self._next = 0

    def _preamble(self, prefix: int, name: str, *notes: p4t.StructuredAnnotation) -> p4i.Preamble:
        self._next += 1
        return p4i.Preamble(
            id=prefix << 24 | self._next,
            name=name,
            structured_annotations=notes,
        )

    def register(
        self, name: str, size: int, width: int, *notes: p4t.StructuredAnnotation
    ) -> P4InfoBuilder:
        """Add a register of ``size`` cells of type bit<width>."""
        register = self.info.registers.add(size=size)
        register.preamble.CopyFrom(self._preamble(0x16, name, *notes))
        register.type_spec.bitstring.bit.bitwidth = width
        return self

    def counter(self, name: str, size: int, *notes: p4t.StructuredAnnotation) -> P4InfoBuilder:
        """Add a counter of packets and bytes."""
        counter = self.info.counters.add(size=size)
        counter.preamble.CopyFrom(self._preamble(0x12, name, *notes))
        counter.spec.unit = p4i.CounterSpec.BOTH
        return self

    def meter(self, name: str, size: int) -> P4InfoBuilder:
        """Add a meter."""
        meter = self.info.meters.add(size=size)
        meter.preamble.CopyFrom(self._preamble(0x14, name))
        return self

    def table(
        self,
        name: str,
        keys: dict[str, tuple[int, str]],
        actions: dict[str, dict[str, int]],
        *notes: p4t.StructuredAnnotation,
        counted: bool = False,
        size: int = 64,
    ) -> P4InfoBuilder:
        """Add a table.

        Args:
            name: Full name.
            keys: Match field to width and kind (``exact``, ``ternary``, …).
            actions: Full name of an action to its parameters with their widths.
            notes: Annotations.
            counted: Whether it has a direct counter.
            size: How many entries it holds.
        """
        table = self.info.tables.add(size=size)
        table.preamble.CopyFrom(self._preamble(0x02, name, *notes))
        for i, (key, (width, kind)) in enumerate(keys.items(), 1):
            table.match_fields.add(
                id=i,
                name=key,
                bitwidth=width,
                match_type=p4i.MatchField.MatchType.Value(kind.upper()),
            )
        for action, params in actions.items():
            table.action_refs.add(id=self._action(action, params))
        if counted:
            counter = self.info.direct_counters.add(direct_table_id=table.preamble.id)
            counter.preamble.CopyFrom(self._preamble(0x13, f"{name}_counter"))
            counter.spec.unit = p4i.CounterSpec.BOTH
            table.direct_resource_ids.append(counter.preamble.id)
        return self

    def _action(self, name: str, params: dict[str, int]) -> int:
        for action in self.info.actions:
            if action.preamble.name == name:
                return action.preamble.id
        action = self.info.actions.add()
        action.preamble.CopyFrom(self._preamble(0x01, name))
        for i, (param, width) in enumerate(params.items(), 1):
            action.params.add(id=i, name=param, bitwidth=width)
        return action.preamble.id

    def program(self, name: str) -> Program:
        """Return the program; its cookie follows from its name."""
        self._give_aliases()
        schema = P4Schema(self.info)
        return Program(name, b"{}", self.info, schema, zlib.crc32(name.encode()))

    def _give_aliases(self) -> None:
        """Give each object the shortest suffix of its name that is unique among its kind."""
        info = self.info
        for kind in (info.tables, info.actions, info.registers, info.counters, info.meters):
            names = [one.preamble.name for one in kind]
            for one in kind:
                parts = one.preamble.name.split(".")
                suffixes = (".".join(parts[-n:]) for n in range(1, len(parts) + 1))
                one.preamble.alias = next(
                    s for s in suffixes if sum(f".{n}".endswith(f".{s}") for n in names) == 1
                )
        for counter in info.direct_counters:
            counter.preamble.alias = counter.preamble.name


def add_l2(builder: P4InfoBuilder) -> P4InfoBuilder:
    """Add a forwarding table, and a register and a counter that belong to no function."""
    return (
        builder.table(
            "in.l2.dmac",
            {"dst_addr": (48, "exact")},
            {"in.l2.forward": {"port": 9}, "in.l2.flood": {"group": 16}},
            counted=True,
        )
        .register("in.l2.seen", 4, 8)
        .counter("in.l2.ports", 4)
    )


def add_words(builder: P4InfoBuilder, function: str = "gate", slots: int = 4) -> P4InfoBuilder:
    """Add a function's control words."""
    for word in ("learn", "enforce"):
        note = annotation("hitless_control", function=function, word=word)
        builder.register(f"in.{function}.{word}", 1, slots, note)
    return builder


def add_gate(
    builder: P4InfoBuilder, slots: int = 4, cells: int = 8, **changes: Any
) -> P4InfoBuilder:
    """Add the function "gate": one array per slot, its tables and counters."""
    add_words(builder, "gate", slots)
    for slot in range(slots):
        pairs = GATE_STATE | {"first_slot": slot, "slots": 1} | changes
        builder.register(f"in.gate.flows_{slot}", cells, 40, annotation("hitless_state", **pairs))
    builder.table(
        "in.gate.zone",
        {"ingress_port": (9, "exact")},
        {"in.gate.set_inside": {}, "in.gate.set_outside": {}},
        annotation("hitless_table", function="gate", scope="node"),
    )
    builder.table(
        "in.gate.acl",
        {"src_addr": (32, "ternary")},
        {"in.gate.allow": {}, "in.gate.deny": {}},
        annotation("hitless_table", function="gate", scope="function"),
        counted=True,
    )
    builder.table(
        "in.gate.timeout",
        {},
        {"in.gate.set_timeout": {"units": 16}},
        annotation("hitless_table", function="gate", scope="function"),
    )
    builder.counter("in.gate.handled", slots, annotation("hitless_load", function="gate"))
    return builder.counter("in.gate.dropped", slots, annotation("hitless_drops", function="gate"))


def gate_program(name: str = "gated", slots: int = 4, cells: int = 8, **changes: Any) -> Program:
    """Return a program with forwarding and the function "gate"."""
    return add_gate(add_l2(P4InfoBuilder()), slots, cells, **changes).program(name)


def plain_program(name: str = "plain") -> Program:
    """Return a program that only forwards."""
    return add_l2(P4InfoBuilder()).program(name)
