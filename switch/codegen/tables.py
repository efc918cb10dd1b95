"""The application of a table: look up, count, run the entry's action, go on.

What the program fixes is decided here and not for every packet: a table that the compiler made
around an action is that action, one with a few constant entries is a chain of comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from switch.codegen.actions import emit_action
from switch.codegen.calculations import emit_hash
from switch.codegen.code import (
    COMPARE,
    Assign,
    Block,
    Comment,
    If,
    Run,
    Unpack,
    Value,
    boolean,
    number,
    variable,
)
from switch.codegen.conditions import equal, less
from switch.codegen.context import Context, Place, Stage
from switch.codegen.expressions import masked
from switch.codegen.module import short
from switch.codegen.operators import bit_and, bit_or, shift_left
from switch.p4json.actions import Action
from switch.p4json.objects import ActionCall, MatchKind, TableImplementation
from switch.p4json.pipelines import Selector
from switch.p4json.tables import TableNode

MAX_COMPARED_ENTRIES = 64
"""Constant entries up to this number are compared, not looked up."""

Follow = Callable[[str | None], Block]


def emit_table(
    node: TableNode,
    selector: Selector | None,
    context: Context,
    stage: Stage,
    follow: Follow,
) -> Block:
    """The code of one table. `follow` gives the code of what comes next."""
    writer = _TableWriter(node, selector, context, stage, follow)
    if node.table.is_constant_action:
        return writer.write_constant()
    if _can_compare(node):
        return writer.write_comparisons()
    return [Comment(f"table {node.name}"), *writer.write_lookup()]


def _can_compare(node: TableNode) -> bool:
    table = node.table
    return (
        table.entries_are_const
        and table.default_is_const
        and table.kind is MatchKind.EXACT
        and len(table.keys) == 1
        and 0 < len(table.const_entries) <= MAX_COMPARED_ENTRIES
        and table.implementation is TableImplementation.SIMPLE
        and not (table.with_counters or table.direct_meter or table.supports_timeout)
    )


class _TableWriter:
    """Writes one table."""

    def __init__(
        self,
        node: TableNode,
        selector: Selector | None,
        context: Context,
        stage: Stage,
        follow: Follow,
    ) -> None:
        self._node = node
        self._table = node.table
        self._selector = selector
        self._context = context
        self._stage = stage
        self._follow = follow
        self._place = Place(stage, f"table {node.name}", node.table.source)

    # -- tables of which everything is known ------------------------------------------------------

    def write_constant(self) -> Block:
        """A table without a key and with a constant default: its action."""
        return self._run_call(self._table.default_action, hit=False)

    def write_comparisons(self) -> Block:
        """A search tree over constant exact entries; a chain if a miss does something."""
        entries = sorted(
            (entry.key[0], entry.action)
            for entry in self._table.const_entries
            if isinstance(entry.key[0], int)
        )
        key = self._keys()[0]
        name = self._context.state.local("selected")
        missed = self._run_call(self._table.default_action, hit=False)
        chosen = variable(name, key.low, key.high)
        return [Assign(name, key), *self._search(chosen, entries, missed)]

    def _search(
        self, key: Value, entries: Sequence[tuple[int, ActionCall]], missed: Block
    ) -> Block:
        if len(entries) <= 3 or missed:
            chain = missed
            for value, call in reversed(entries):
                chain = [If(equal(key, number(value)), self._run_call(call, hit=True), chain)]
            return chain
        middle = len(entries) // 2
        below = self._search(key, entries[:middle], missed)
        above = self._search(key, entries[middle:], missed)
        return [If(less(key, number(entries[middle][0])), below, above)]

    def _run_call(self, call: ActionCall | None, hit: bool) -> Block:
        """An action with constant arguments, and what comes after it."""
        if call is None:
            return self._follow(self._node.next_on_miss)
        action = self._action(call.action)
        arguments = [number(value) for value in call.args]
        body = emit_action(action, arguments, self._context, self._stage)
        return [*body, *self._follow(self._next(call.action, hit))]

    def _next(self, action: str, hit: bool) -> str | None:
        if self._node.branches_on_hit:
            return self._node.next_on_hit if hit else self._node.next_on_miss
        return self._node.next_by_action.get(action, self._node.next_on_miss)

    def _action(self, name: str) -> Action:
        return self._context.program.body.actions[self._node.action_ids[name]]

    # -- tables with a look-up --------------------------------------------------------------------

    def write_lookup(self) -> Block:
        """Look up, take the default entry on a miss, count, meter, then run the action."""
        table = self._context.links.get("table", self._node.name, wish=short(self._node.name))
        entry = self._context.state.local("entry")
        default = Value(f"{table}.default")
        if not self._table.keys:
            found: Block = [Run(f"{entry} = {default.text}", writes=frozenset({entry}))]
            return [*found, *self._on_miss(entry), *self._run_entry(entry, boolean(False))]
        lookup = self._context.links.get(
            "lookup", self._node.name, wish=f"find_{short(self._node.name)}"
        )
        key = self._emit_key()
        call = f"{lookup}({key.text})"
        if len(self._table.keys) > 1 and self._table.kind is not MatchKind.EXACT:
            call = f"{call} if {table}.count else None"  # such a key is dear to build
        found = [Run(f"{entry} = {call}", key.reads, frozenset({entry}))]
        hit = self._context.state.local("hit", boolean(False))
        is_hit = Value(f"{entry} is not None", COMPARE, frozenset({entry}), 0, 1)
        take_default = Run(f"{entry} = {default.text}", writes=frozenset({entry}))
        found += [
            Assign(hit, is_hit),
            If(is_hit, self._on_hit(entry), [take_default, *self._on_miss(entry)]),
        ]
        return [*found, *self._run_entry(entry, variable(hit, 0, 1))]

    def _keys(self) -> list[Value]:
        values = []
        for field, target in zip(self._table.keys, self._node.targets, strict=True):
            value = masked(self._context.read(target), field.mask)
            if value.low is None or value.low < 0:
                value = bit_and(value, number((1 << field.width) - 1))
            values.append(value)
        return values

    def _emit_key(self) -> Value:
        """One value for all key fields; `switch.runtime.keys` lays out entries in the same way."""
        values = self._keys()
        if len(values) == 1:
            return values[0]
        reads = frozenset().union(*(value.reads for value in values))
        if self._table.kind is MatchKind.EXACT:
            return Value(f"({', '.join(value.text for value in values)})", reads=reads)
        joined = number(0)
        shift = sum(field.width for field in self._table.keys)
        for field, value in _in_key_order(self._table.keys, values):
            shift -= field.width
            joined = bit_or(joined, shift_left(value, number(shift)))
        return joined

    def _on_hit(self, entry: str) -> Block:
        block: Block = []
        used = frozenset({entry})
        if self._table.direct_meter is not None:
            block += self._mark(entry, self._table.direct_meter)
        block += self._count(entry)
        if self._table.supports_timeout:
            clock = self._context.links.get("clock", wish="monotonic_ns")
            block.append(Run(f"{entry}.hit_ns = {clock}()", used))
        return block

    def _on_miss(self, entry: str) -> Block:
        """The default entry counts, and meters once a controller has set its rates: until then the
        field for the colour stays as it is, as in BMv2, whose default entries do neither."""
        block = self._count(entry)
        if self._table.direct_meter is not None:
            is_set = Value(f"{entry}.meter.rates is not None", COMPARE, frozenset({entry}), 0, 1)
            block.append(If(is_set, self._mark(entry, self._table.direct_meter)))
        return block

    def _count(self, entry: str) -> Block:
        if not self._table.with_counters:
            return []
        used = frozenset({entry})
        return [
            Run(f"{entry}.packets += 1", used),
            Run(f"{entry}.bytes += length", used | {"length"}),
        ]

    def _mark(self, entry: str, meter: str) -> Block:
        """The colour of the entry's own meter goes to the field that the program names."""
        target = self._context.program.body.meter_targets[meter]
        amount = "length" if self._context.program.meters[meter].counts_bytes else "1"
        colour = self._context.state.local("colour")
        text = f"{colour} = {entry}.meter.mark({amount}, length)"
        marked = Run(text, frozenset({entry, "length"}), frozenset({colour}))
        value = variable(colour, 0, 2)
        return [marked, *self._context.state.assign(target.header, target.field, value)]

    # -- the entry's action -----------------------------------------------------------------------

    def _run_entry(self, entry: str, hit: Value) -> Block:
        before, chosen = self._resolve(entry)
        on_hit = self._node.branches_on_hit
        chain: Block = [] if on_hit else self._follow_miss()
        for name in reversed(self._table.actions):
            action = self._action(name)
            names = [
                self._context.state.local(f"{short(name)}_{parameter.name}")
                for parameter in action.parameters
            ]
            arguments = [
                variable(local, 0, (1 << parameter.width) - 1)
                for local, parameter in zip(names, action.parameters, strict=True)
            ]
            body = emit_action(action, arguments, self._context, self._stage)
            if names:
                given = Value(f"{chosen}.args", reads=frozenset({chosen}))
                body = [Unpack(tuple(names), given), *body]
            body = [*body, *self._follow_action(name)]
            matches = Value(f"{chosen}.action == {action.id}", COMPARE, frozenset({chosen}), 0, 1)
            chain = [If(matches, [Comment(f"action {name}"), *body], chain)]
        after: Block = []
        if on_hit:
            then = self._follow(self._node.next_on_hit)
            otherwise = self._follow(self._node.next_on_miss)
            after = [If(hit, then, otherwise)]
        return [*before, *chain, *after]

    def _follow_action(self, name: str) -> Block:
        """What comes after an action, if the action decides that."""
        return [] if self._node.branches_on_hit else self._follow(self._next(name, hit=True))

    def _follow_miss(self) -> Block:
        """What comes after an entry without an action: nothing ran, the table is passed by."""
        return self._follow(self._node.next_on_miss)

    def _resolve(self, entry: str) -> tuple[Block, str]:
        """For an action profile: the member that the entry refers to or that is picked."""
        if self._table.implementation is TableImplementation.SIMPLE:
            return [], entry
        member = self._context.state.local("member")
        refers = Run(f"{member} = {entry}.target", frozenset({entry}), frozenset({member}))
        if self._table.implementation is TableImplementation.INDIRECT or self._selector is None:
            return [refers], member
        before, picked = emit_hash(
            self._selector.algorithm, self._selector.inputs, self._context, self._place
        )
        choose = Run(
            f"{member} = {member}.pick({picked.text})",
            picked.reads | {member},
            frozenset({member}),
        )
        is_group = Value(f"{member}.is_group", reads=frozenset({member}), low=0, high=1)
        return [refers, If(is_group, [*before, choose])], member


def _in_key_order(fields: Sequence, values: Sequence[Value]) -> list:
    """Key fields as they are laid out: an LPM field last, so that its mask covers the low bits."""
    pairs = list(zip(fields, values, strict=True))
    return sorted(pairs, key=lambda pair: pair[0].kind is MatchKind.LPM)
