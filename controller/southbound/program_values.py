"""Following what single values in a BMv2 JSON refer to: fields, headers, arrays, parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.southbound.program_json import JsonObject, JsonProgram

_SECTION_OF = {
    "header": "headers",
    "regular": "headers",
    "stack": "header_stacks",
    "header_stack": "header_stacks",
    "header_union": "header_unions",
    "header_union_stack": "header_union_stacks",
    "register_array": "register_arrays",
    "counter_array": "counter_arrays",
    "meter_array": "meter_arrays",
    "calculation": "calculations",
    "extern": "extern_instances",
    "parse_vset": "parse_vsets",
}


def require(program: JsonProgram, what: str, section: str, name: Any, where: JsonObject) -> None:
    """Raise ``ProgramError`` unless a section has an object of this name."""
    if not isinstance(name, str) or name not in program.sections[section]:
        kind = section.removesuffix("s").replace("_", " ")
        program.fail(what, f"there is no {kind} {name}", where)


def require_action(program: JsonProgram, what: str, ident: Any, where: JsonObject) -> str:
    """Return the name of the action with this id; raises ``ProgramError`` if there is none."""
    if not isinstance(ident, int) or ident not in program.actions:
        program.fail(what, f"there is no action with id {ident}", where)
    return program.actions[ident]["name"]


def check_field(program: JsonProgram, what: str, where: JsonObject, field: Any) -> None:
    """Raise ``ProgramError`` unless ``[header, field]`` exists."""
    match field:
        case [str(header), str(name)]:
            fields = program.header_fields(header)
            if fields is None:
                program.fail(what, f"there is no header {header}", where)
            if name not in fields and not name.startswith("$"):
                program.fail(what, f"header {header} has no field {name}", where)
        case _:
            program.fail(what, f"{field} is not a field", where)


def check_values(
    program: JsonProgram, what: str, where: JsonObject, piece: Any, arguments: int = 0
) -> None:
    """Follow every typed value in a piece of JSON; ``arguments``: how many the action has."""
    for value, place in _typed_values(piece, where):
        match value:
            case {"type": "field", "value": field}:
                check_field(program, what, place, field)
            case {"type": "runtime_data" | "local", "value": index}:
                if not isinstance(index, int) or not 0 <= index < arguments:
                    program.fail(what, f"it has no parameter {index}", place)
            case {"type": "stack_field", "value": [stack, _]}:
                require(program, what, "header_stacks", stack, place)
            case {"type": str(kind), "value": str(name)} if kind in _SECTION_OF:
                require(program, what, _SECTION_OF[kind], name, place)


def _typed_values(piece: Any, where: JsonObject) -> Iterator[tuple[JsonObject, JsonObject]]:
    """Return all objects with a type in a piece of JSON, however deep: by a stack of our own.

    With each comes the innermost object around it that knows its source line.
    """
    waiting = [(piece, where)]
    while waiting:
        value, where = waiting.pop()
        if isinstance(value, list):
            waiting += ((member, where) for member in value)
        elif isinstance(value, dict):
            where = value if "source_info" in value else where
            if "type" in value:
                yield value, where
            waiting += ((member, where) for member in value.values())
