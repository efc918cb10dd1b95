"""Whether all that a BMv2 JSON refers to exists.

BMv2 looks most names up when it loads a program, and some when a packet needs them; what it does
not find may abort it. So every reference is followed here: typed values in parsers, actions and
conditions by one walk over them, the graph of tables by a look at each table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

from controller.southbound.program_json import JsonObject, JsonProgram
from controller.southbound.program_values import (
    check_field,
    check_values,
    require,
    require_action,
)

_MATCH_TYPES = {"exact", "lpm", "ternary", "range", "valid"}
_OUTCOMES = {"__HIT__", "__MISS__"}


def check_references(program: JsonProgram) -> None:
    """Raise ``ProgramError`` for the first reference that leads nowhere."""
    checks: Mapping[str, Callable[[JsonProgram, str, JsonObject], None]] = {
        "headers": _check_header,
        "header_stacks": _check_stack,
        "parsers": _check_parser,
        "deparsers": _check_deparser,
        "calculations": _check_calculation,
        "checksums": _check_checksum,
        "learn_lists": _check_learn_list,
        "pipelines": _check_pipeline,
    }
    for action in program.actions.values():
        _guarded(program, f"action {action['name']}", action, _check_action)
    for section, check in checks.items():
        for name, member in program.sections[section].items():
            what = f"{section.removesuffix('s').replace('_', ' ')} {name}"
            _guarded(program, what, member, check)


def _guarded(
    program: JsonProgram,
    what: str,
    member: JsonObject,
    check: Callable[[JsonProgram, str, JsonObject], None],
) -> None:
    with program.naming(what, member):
        check(program, what, member)


def _check_header(program: JsonProgram, what: str, header: JsonObject) -> None:
    require(program, what, "header_types", header.get("header_type"), header)


def _check_stack(program: JsonProgram, what: str, stack: JsonObject) -> None:
    require(program, what, "header_types", stack.get("header_type"), stack)
    ids = {header.get("id") for header in program.sections["headers"].values()}
    for ident in stack.get("header_ids") or []:
        if ident not in ids:
            program.fail(what, f"there is no header with id {ident}", stack)


def _check_parser(program: JsonProgram, what: str, parser: JsonObject) -> None:
    states = {state["name"] for state in parser["parse_states"]}
    if parser.get("init_state") not in states:
        program.fail(what, f"there is no state {parser.get('init_state')}", parser)
    for state in parser["parse_states"]:
        _check_state(program, f"{what}, state {state['name']}", state, states | {None})


def _check_state(
    program: JsonProgram, what: str, state: JsonObject, following: Set[str | None]
) -> None:
    check_values(program, what, state, state.get("parser_ops"))
    check_values(program, what, state, state.get("transition_key"))
    for transition in state.get("transitions") or []:
        if transition.get("next_state") not in following:
            program.fail(what, f"there is no state {transition.get('next_state')}", state)
        if transition.get("type") == "parse_vset":
            require(program, what, "parse_vsets", transition.get("value"), state)


def _check_deparser(program: JsonProgram, what: str, deparser: JsonObject) -> None:
    for header in deparser.get("order") or []:
        require(program, what, "headers", header, deparser)


def _check_action(program: JsonProgram, what: str, action: JsonObject) -> None:
    arguments = action.get("runtime_data") or []
    for argument in arguments:
        if not isinstance(argument.get("bitwidth"), int):
            program.fail(what, f"parameter {argument.get('name')} has no width", action)
    check_values(program, what, action, action.get("primitives"), len(arguments))


def _check_calculation(program: JsonProgram, what: str, calculation: JsonObject) -> None:
    check_values(program, what, calculation, calculation.get("input"))


def _check_checksum(program: JsonProgram, what: str, checksum: JsonObject) -> None:
    require(program, what, "calculations", checksum.get("calculation"), checksum)
    check_field(program, what, checksum, checksum.get("target"))
    check_values(program, what, checksum, checksum.get("if_cond"))


def _check_learn_list(program: JsonProgram, what: str, learn_list: JsonObject) -> None:
    check_values(program, what, learn_list, learn_list.get("elements"))


def _check_pipeline(program: JsonProgram, what: str, pipeline: JsonObject) -> None:
    nodes = {None} | {
        node["name"]
        for section in ("tables", "conditionals", "action_calls")
        for node in pipeline.get(section) or []
    }

    def check_next(node: str, following: Any, where: JsonObject) -> None:
        if following not in nodes:
            program.fail(node, f"{what} has no node {following} to go on with", where)

    check_next(what, pipeline.get("init_table"), pipeline)
    for table in pipeline.get("tables") or []:
        name = f"table {table['name']}"
        _guarded(program, name, table, _check_table)
        for following in (table.get("next_tables") or {}).values():
            check_next(name, following, table)
        check_next(name, table.get("base_default_next"), table)
    for node in pipeline.get("conditionals") or []:
        name = f"condition {node['name']}"
        check_values(program, name, node, node.get("expression"))
        check_next(name, node.get("true_next"), node)
        check_next(name, node.get("false_next"), node)
    for call in pipeline.get("action_calls") or []:
        require_action(program, f"action call {call['name']}", call.get("action_id"), call)
        check_next(f"action call {call['name']}", call.get("next_node"), call)


def _check_table(program: JsonProgram, what: str, table: JsonObject) -> None:
    for key in table.get("key") or []:
        if key.get("match_type") not in _MATCH_TYPES:
            program.fail(what, f"unknown kind of match {key.get('match_type')}", table)
        if key.get("match_type") != "valid":
            check_field(program, what, table, key.get("target"))
    _check_flow(program, what, table)
    default = table.get("default_entry")
    if default is not None:
        _check_call(program, what, table, default)
    for entry in table.get("entries") or []:
        if len(entry["match_key"]) != len(table.get("key") or []):
            program.fail(what, "an entry has another number of keys than the table", table)
        _check_call(program, what, table, entry["action_entry"])
    for section, name in (
        ("action_profiles", table.get("action_profile")),
        ("meter_arrays", table.get("direct_meters")),
    ):
        if name is not None:
            require(program, what, section, name, table)


def _check_flow(program: JsonProgram, what: str, table: JsonObject) -> None:
    """Check that the table knows its actions, and how to go on after each."""
    names = table.get("actions") or []
    ids = table.get("action_ids") or []
    if [require_action(program, what, ident, table) for ident in ids] != names:
        program.fail(what, "its action ids and action names do not belong together", table)
    outcomes = set(table.get("next_tables") or {})
    for outcome in outcomes - _OUTCOMES - set(names):
        program.fail(what, f"it goes on after {outcome}, which is none of its actions", table)
    if not outcomes & _OUTCOMES:
        for missing in set(names) - outcomes:
            program.fail(what, f"it does not say how to go on after action {missing}", table)


def _check_call(program: JsonProgram, what: str, where: JsonObject, call: JsonObject) -> None:
    """Check a default action, or the action of an entry."""
    name = require_action(program, what, call.get("action_id"), where)
    wanted = len(program.actions[call["action_id"]].get("runtime_data") or [])
    if len(call.get("action_data") or []) != wanted:
        program.fail(what, f"action {name} needs {wanted} arguments", where)
