"""What helps who writes the program: messages, assertions; and what does nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

from switch.codegen.code import Assign, Block, If, Run, boolean, reads_of
from switch.codegen.conditions import negate, to_bool
from switch.codegen.context import Context, Place
from switch.codegen.expressions import emit_value
from switch.codegen.primitives.family import Arguments, Emitter, argument, expect
from switch.p4json.expressions import Text, Vector

_HOLE = re.compile(r"(?<!\\)\{[^}]*\}")


def no_op(arguments: Arguments, context: Context, place: Place) -> Block:
    """Nothing."""
    return []


def leave(arguments: Arguments, context: Context, place: Place) -> Block:
    """`exit`: the pipeline ends after this action."""
    context.features.exits.add(place.stage)
    return [Assign(exiting(context), boolean(True))]


def exiting(context: Context) -> str:
    """The variable that says that an action asked to exit."""
    return context.state.local("exiting", boolean(False))


def log_message(arguments: Arguments, context: Context, place: Place) -> Block:
    """`log_msg(format, {values})`: goes to the log of the switch."""
    match arguments:
        case (Text(value=text), Vector(items=items)):
            holes = len(_HOLE.findall(text))
        case (Text(value=text),):
            items, holes = (), 0
        case _:
            raise place.error("takes a format and a list of values")
    if holes != len(items):
        raise place.error(f"has {holes} places in its format for {len(items)} values")
    values = [emit_value(item, context, place) for item in items]
    template = _HOLE.sub("%s", text.replace("%", "%%")).replace("\\{", "{").replace("\\}", "}")
    log = context.links.get("log", wish="log_message")
    listed = "".join(f"{value.text}, " for value in values)
    return [Run(f"{log}({template!r}, ({listed.removesuffix(' ')}))", reads_of(values))]


def check(arguments: Arguments, context: Context, place: Place) -> Block:
    """`assert` and `assume`: a packet that breaks one is dropped, and the log says where."""
    expect(arguments, 1, place)
    failed = context.links.get("assertion_error", wish="AssertionFailed")
    message = f"{place.source or ''}: {place.what} failed".removeprefix(": ")
    condition = to_bool(argument(arguments, 0, context, place))
    return [If(negate(condition), [Run(f"raise {failed}({message!r})")])]


PRIMITIVES: Mapping[str, Emitter] = {
    "no_op": no_op,
    "exit": leave,
    "log_msg": log_message,
    "assert": check,
    "assume": check,
}
