"""The statements of an STF file, as plain data; each knows the line it stands on.

The language is p4c's (`tools/stf`) with the control commands of its BMv2 runner, which are those of
BMv2's CLI. Statements marked *ours* are additions for what v1model has and p4c's language cannot
say; `tests/conformance/README.md` describes them for those who write tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tests.conformance.stf.values import MatchValue

CPU = "cpu"
"""Stands for the CPU port in `packet cpu …` and `expect cpu …` (ours)."""

Port: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Statement:
    """One line."""

    line: int


@dataclass(frozen=True, slots=True)
class Packet(Statement):
    """`packet PORT HEX`: a frame arrives; on `cpu` (ours) a packet-out with its header."""

    port: Port
    frame: bytes


@dataclass(frozen=True, slots=True)
class Expect(Statement):
    """`expect PORT [HEX [$]]`: a frame leaves, in this order among the frames of its port."""

    port: Port
    pattern: str | None
    """Hexadecimal digits and `*`; None: any frame."""
    exact_length: bool
    """`$`: nothing may follow the pattern."""


@dataclass(frozen=True, slots=True)
class Wait(Statement):
    """`wait`: until all earlier packets went through. Ours: `wait 300ms`."""

    at_least_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ActionCall:
    """`NAME(parameter:value, …)`. Ours: `member(id:N)` and `group(id:N)` of an action profile."""

    name: str
    arguments: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Add(Statement):
    """`add TABLE [PRIORITY] FIELD:VALUE … ACTION [= NAME]`; the larger priority wins.

    Ours: a last word `idle:MILLISECONDS`.
    """

    table: str
    priority: int | None
    match: tuple[tuple[str, MatchValue], ...]
    action: ActionCall
    label: str | None
    idle_timeout_ms: int


@dataclass(frozen=True, slots=True)
class Modify(Statement):
    """Ours: `modify NAME ACTION` changes the action of the entry that `add … = NAME` made."""

    label: str
    action: ActionCall


@dataclass(frozen=True, slots=True)
class Remove(Statement):
    """`remove all`, or ours: `remove NAME`, the entry that `add … = NAME` made."""

    label: str | None


@dataclass(frozen=True, slots=True)
class SetDefault(Statement):
    """`setdefault TABLE ACTION`."""

    table: str
    action: ActionCall


@dataclass(frozen=True, slots=True)
class Check(Statement):
    """`check_counter NAME(INDEX or ENTRY) [packets|bytes OPERATOR NUMBER]`.

    Ours: `check_register NAME(INDEX) OPERATOR NUMBER`.
    """

    kind: str
    """`packets`, `bytes` or `register`."""
    name: str
    index: int | str
    operator: str
    number: int


@dataclass(frozen=True, slots=True)
class Mirror(Statement):
    """`mirroring_add SESSION PORT`, `mirroring_add_mc SESSION GROUP`, `mirroring_delete SESSION`.

    The last has neither port nor group.
    """

    session: int
    port: int | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True)
class GroupCreate(Statement):
    """`mc_mgrp_create GROUP`."""

    group: int


@dataclass(frozen=True, slots=True)
class NodeCreate(Statement):
    """`mc_node_create RID PORT …`: nodes are numbered from 0 in the order of creation."""

    instance: int
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NodeUpdate(Statement):
    """`mc_node_update NODE PORT …`."""

    node: int
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NodeAssociate(Statement):
    """`mc_node_associate GROUP NODE`."""

    group: int
    node: int


@dataclass(frozen=True, slots=True)
class ArrayRead(Statement):
    """`counter_read`, `register_read`, `meter_get_rates`, `mirroring_get`: must not fail."""

    kind: str
    name: str
    index: int


@dataclass(frozen=True, slots=True)
class CounterWrite(Statement):
    """`counter_write NAME INDEX PACKETS BYTES`."""

    name: str
    index: int
    packets: int
    bytes: int


@dataclass(frozen=True, slots=True)
class RegisterWrite(Statement):
    """`register_write NAME INDEX VALUE`; `register_reset NAME` has neither."""

    name: str
    index: int | None
    value: int


@dataclass(frozen=True, slots=True)
class MeterRate:
    """One rate of a meter, in units per second, and its burst in units."""

    per_second: int
    burst: int


@dataclass(frozen=True, slots=True)
class MeterWrite(Statement):
    """`meter_set_rates NAME INDEX RATE:BURST RATE:BURST`, rates in units per microsecond.

    `meter_array_set_rates NAME …` has no index. Ours: the index is the name of an entry, for a
    direct meter.
    """

    name: str
    index: int | str | None
    rates: tuple[MeterRate, ...]


@dataclass(frozen=True, slots=True)
class AddMember(Statement):
    """Ours: `add_member PROFILE ID ACTION`."""

    profile: str
    member: int
    action: ActionCall


@dataclass(frozen=True, slots=True)
class AddGroup(Statement):
    """Ours: `add_group PROFILE ID MEMBER …`."""

    profile: str
    group: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetValues(Statement):
    """Ours: `value_set NAME VALUE …` replaces the members of a parser value set."""

    name: str
    values: tuple[MatchValue, ...]


@dataclass(frozen=True, slots=True)
class ExpectDigest(Statement):
    """Ours: `expect_digest NAME VALUE …`: in this order among the digests of its name."""

    name: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExpectIdle(Statement):
    """Ours: `expect_idle NAME`: a notification about the entry that `add … = NAME` made."""

    label: str


@dataclass(frozen=True, slots=True)
class SetPort(Statement):
    """Ours: `port_up PORT`, `port_down PORT`."""

    port: int
    up: bool


@dataclass(frozen=True, slots=True)
class Reload(Statement):
    """Ours: `reload` pushes the same program again."""
