"""Which headers make it impossible to send a frame as it came, though nothing was assigned.

The deparser writes headers in its own order. As long as every extracted header is emitted, once,
and in the order in which it was extracted, the frame that goes out is the frame that came in.
"""

from __future__ import annotations

from collections.abc import Mapping

from switch.p4json.parsers import Extract, ParseState
from switch.p4json.program import Program

Span = tuple[int, int]
"""The first and the last place in the deparser's order of what an extraction may fill."""


def out_of_order(program: Program) -> frozenset[str]:
    """Headers whose extraction already means that the frame must be put together anew."""
    order = {name: index for index, name in enumerate(program.body.deparser.order)}
    spans = {
        state.name: [_span(op, program, order) for op in state.ops if isinstance(op, Extract)]
        for state in program.body.parser.states.values()
    }
    found: set[str] = set()
    for state in program.body.parser.states.values():
        found |= _misplaced(state, program, spans)
    not_emitted = {
        header
        for state in program.body.parser.states.values()
        for op in state.ops
        if isinstance(op, Extract)
        for header in _headers(op, program)
        if header not in order
    }
    return frozenset(found | not_emitted)


def _headers(op: Extract, program: Program) -> tuple[str, ...]:
    layout = program.body.layout
    match op.target.kind:
        case "header":
            return (op.target.name,)
        case "header_stack":
            return layout.stacks[op.target.name].headers
    unions = layout.union_stacks[op.target.name].unions
    return tuple(header for union in unions for header in layout.unions[union].headers)


def _span(op: Extract, program: Program, order: Mapping[str, int]) -> Span:
    places = [order[header] for header in _headers(op, program) if header in order]
    return (min(places, default=-1), max(places, default=-1))


def _misplaced(state: ParseState, program: Program, spans: Mapping[str, list[Span]]) -> set[str]:
    """Headers extracted in this state that may come after one that is emitted behind them."""
    before = [span for name in _ancestors(state.name, program) for span in spans[name]]
    found: set[str] = set()
    for op, span in zip(
        (op for op in state.ops if isinstance(op, Extract)), spans[state.name], strict=True
    ):
        is_stack = op.target.kind != "header"
        if any(earlier[1] >= span[0] and not (is_stack and earlier == span) for earlier in before):
            found.update(_headers(op, program))
        before.append(span)
    return found


def _ancestors(name: str, program: Program) -> set[str]:
    """The states from which one can come to this one, itself included if it is in a loop."""
    states = program.body.parser.states
    found: set[str] = set()
    pending = [name]
    while pending:
        target = pending.pop()
        for state in states.values():
            leads = any(item.next_state == target for item in state.transitions)
            if leads and state.name not in found:
                found.add(state.name)
                pending.append(state.name)
    return found
