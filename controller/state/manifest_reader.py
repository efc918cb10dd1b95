"""Reads what a program's functions are from the annotations in its P4Info.

- ``@hitless_control[function, word]`` on two registers of one cell, ``word="learn"`` and
  ``word="enforce"``: the control words. Their width is the number of the function's slots.
- ``@hitless_state[function, state, merge, first_slot, slots, …]`` on a register: its cells hold
  state of slots ``first_slot`` to ``first_slot + slots - 1``, in equal contiguous ranges. ``merge``
  is how two copies of a cell become one (``controller.state.merge``). ``time_lsb``, ``time_width``
  and ``time_unit_us``, if there, say which bits are a time of the node's own clock. ``bucket``
  (default 1): an entry may lie in any of so many neighbouring, aligned cells, and its bits outside
  the time are its key; two copies of a bucket are merged as sets of entries, since the copies may
  have put the same entry into different cells.
- ``@hitless_load[function]`` and ``@hitless_drops[function]`` on counters indexed by slot.
  (Counters by port belong to no function: ``controller.state.port_counters``.)
- ``@hitless_table[function, scope]`` on a table: entries of scope ``node`` belong to the node,
  those of scope ``function`` move with the function. With scope ``node``, ``port`` may name the
  match field by which an entry is about one of the node's ports: what it says of the port must be
  so for all packets that come in there (``controller.planning.sides``).

Every state has to cover every slot exactly once, or a move would leave something behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from weakref import WeakKeyDictionary

from finsy.p4schema import P4BitsType, P4MatchType, P4Register, P4Schema, P4Table

from controller.errors import ProgramError
from controller.state.annotations import (
    LOAD,
    ON_COUNTERS,
    PORTS,
    Annotated,
    Annotation,
    annotations_of,
)
from controller.state.manifest import FunctionManifest, StateArray
from controller.state.merge import MergeRule, TimeField

_WORDS = ("learn", "enforce")
_SCOPES = ("node", "function")


def read_manifests(schema: P4Schema, program: str) -> Mapping[str, FunctionManifest]:
    """Read every function that a program has from its P4Info; none for a program without.

    Args:
        schema: The indexed P4Info.
        program: The program's name, for error texts.

    Raises:
        ProgramError: naming the program, the object and the annotation that is wrong.
    """
    known = _KNOWN.get(schema)
    if known is None:
        _KNOWN[schema] = known = _read(schema, program)
    return known


_KNOWN: WeakKeyDictionary[P4Schema, Mapping[str, FunctionManifest]] = WeakKeyDictionary()
"What was read: nodes are asked often, and nobody changes an index that is in use."


def _read(schema: P4Schema, program: str) -> Mapping[str, FunctionManifest]:
    drafts: dict[str, _Draft] = defaultdict(lambda: _Draft({}, [], [], [], {}, {}))
    for register in schema.registers:
        for note in annotations_of(program, register, ("hitless_control", "hitless_state")):
            draft = drafts[note.text("function")]
            if note.name == "hitless_control":
                _add_word(draft, note, register)
            else:
                draft.arrays.append(_array(note, register))
            note.end()
    for counter in schema.counters:
        for note in annotations_of(program, counter, ON_COUNTERS):
            if note.name == PORTS:
                continue
            draft = drafts[note.text("function")]
            kept = draft.load if note.name == LOAD else draft.drops
            kept.append((counter.name, counter.size))
            note.end()
    for table in schema.tables:
        for note in annotations_of(program, table, ("hitless_table",)):
            draft = drafts[note.text("function")]
            draft.tables[table.name] = note.choice("scope", _SCOPES)
            if note.has("port"):
                draft.port_keys[table.name] = _port_key(note, table, draft.tables[table.name])
            note.end()
    _refuse_elsewhere(schema, program)
    return MappingProxyType(
        {name: _checked(program, name, draft) for name, draft in drafts.items()}
    )


@dataclass(frozen=True)
class _Draft:
    """What was found of one function so far."""

    words: dict[str, tuple[str, int]]
    "Word to register and width."
    arrays: list[StateArray]
    load: list[tuple[str, int]]
    drops: list[tuple[str, int]]
    tables: dict[str, str]
    "Table to scope."
    port_keys: dict[str, str]
    "Table to the match field that names a port."


def _add_word(draft: _Draft, note: Annotation, register: P4Register) -> None:
    word = note.choice("word", _WORDS)
    if register.size != 1:
        raise note.error(f"a control word has one cell, not {register.size}")
    if word in draft.words:
        raise note.error(f"{draft.words[word][0]} is the function's {word} word already")
    draft.words[word] = (register.name, _width(note, register))


def _width(note: Annotation, register: P4Register) -> int:
    spec = register.type_spec
    if not isinstance(spec, P4BitsType) or spec.signed or spec.varbit:
        raise note.error("the register's cells must be of a type bit<W>")
    return spec.bitwidth


def _array(note: Annotation, register: P4Register) -> StateArray:
    slots = note.number("slots")
    if slots == 0 or register.size % slots:
        raise note.error(f"{register.size} cells cannot be shared equally by {slots} slots")
    width = _width(note, register)
    array = StateArray(
        register=register.name,
        state=note.text("state"),
        rule=MergeRule(note.choice("merge", tuple(rule.value for rule in MergeRule))),
        width=width,
        first_slot=note.number("first_slot"),
        slots=slots,
        cells_per_slot=register.size // slots,
        time=_time(note, width),
        bucket=note.number("bucket", 1),
    )
    _check_bucket(note, array)
    return array


def _port_key(note: Annotation, table: P4Table, scope: str) -> str:
    key = note.text("port")
    exact = [f.alias for f in table.match_fields if f.match_type is P4MatchType.EXACT]
    if scope != "node":
        raise note.error('port belongs to scope="node": entries that move know no ports')
    if key not in exact:
        would_do = ", ".join(exact) or "it has none"
        raise note.error(f"port={key!r} is no exact match field; these would do: {would_do}")
    return key


def _time(note: Annotation, width: int) -> TimeField | None:
    if not any(note.has(key) for key in ("time_lsb", "time_width", "time_unit_us")):
        return None
    field = TimeField(
        note.number("time_lsb"), note.number("time_width"), note.number("time_unit_us")
    )
    if field.width == 0 or field.unit_us == 0:
        raise note.error("time_width and time_unit_us must be at least 1")
    if field.lsb + field.width > width:
        raise note.error(
            f"bits {field.lsb} to {field.lsb + field.width - 1} are not all in a cell of {width}"
        )
    return field


def _check_bucket(note: Annotation, array: StateArray) -> None:
    newer = array.rule is MergeRule.NEWER
    if newer and array.time is None:
        raise note.error('merge="newer" compares times: time_lsb, time_width, time_unit_us')
    if array.bucket == 0 or array.cells_per_slot % array.bucket:
        raise note.error(
            f"{array.cells_per_slot} cells of a slot are no whole number of buckets "
            f"of {array.bucket}"
        )
    if array.bucket > 1 and not (newer and array.time and array.time.width < array.width):
        raise note.error('bucket needs merge="newer", and bits beside the time: an entry\'s key')


def _refuse_elsewhere(schema: P4Schema, program: str) -> None:
    """Refuse annotations of ours on objects that cannot carry any, instead of ignoring them."""
    others: tuple[Iterable[Annotated], ...] = (
        schema.actions,
        schema.action_profiles,
        schema.direct_counters,
        schema.direct_meters,
        schema.meters,
        schema.digests,
        schema.value_sets,
    )
    for owner in (owner for kind in others for owner in kind):
        annotations_of(program, owner, ())


def _checked(program: str, name: str, draft: _Draft) -> FunctionManifest:
    def error(problem: str) -> ProgramError:
        return ProgramError(f"program {program}: function {name}: {problem}")

    for word in _WORDS:
        if word not in draft.words:
            raise error(
                f'no register is annotated as its {word} word (@hitless_control[word="{word}"])'
            )
    (learn, slots), (enforce, enforce_slots) = (draft.words[word] for word in _WORDS)
    if slots != enforce_slots:
        raise error(
            f"its control words differ in width: {learn} {slots}, {enforce} {enforce_slots}"
        )
    for counter, size in (*draft.load, *draft.drops):
        if size < slots:
            raise error(f"the counter {counter} has {size} cells for {slots} slots")
    for problem in _coverage(draft.arrays, slots):
        raise error(problem)
    scoped = {
        scope: frozenset(t for t, s in draft.tables.items() if s == scope) for scope in _SCOPES
    }
    return FunctionManifest(
        name=name,
        slots=slots,
        learn=learn,
        enforce=enforce,
        arrays=tuple(sorted(draft.arrays, key=lambda a: (a.state, a.first_slot))),
        node_tables=scoped["node"],
        function_tables=scoped["function"],
        load=tuple(counter for counter, _ in draft.load),
        drops=tuple(counter for counter, _ in draft.drops),
        port_keys=MappingProxyType(draft.port_keys),
    )


def _coverage(arrays: Iterable[StateArray], slots: int) -> Iterator[str]:
    """Yield what is wrong with the slots that each state covers."""
    by_state: dict[str, list[StateArray]] = defaultdict(list)
    for array in arrays:
        by_state[array.state].append(array)
    for state, parts in by_state.items():
        for part in parts:
            if part.first_slot + part.slots > slots:
                yield f"{part.register} covers slots that do not exist; there are {slots}"
        for slot in range(slots):
            names = [part.register for part in parts if part.covers(slot)]
            if len(names) != 1:
                which = " and ".join(names) or "no register"
                yield f"slot {slot} of its state {state} must be in one register, and is in {which}"
        if len({(part.rule, part.width, part.time, part.bucket) for part in parts}) > 1:
            yield f"the registers of its state {state} differ in width, merge rule, time or bucket"
