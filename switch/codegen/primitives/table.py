"""The table of all primitives, and how one call is emitted."""

from __future__ import annotations

from collections.abc import Mapping

from switch.codegen.code import Block
from switch.codegen.context import Context, Place
from switch.codegen.primitives import (
    arithmetic,
    assignment,
    diagnostics,
    forwarding,
    hashing,
    headers,
    stateful,
)
from switch.codegen.primitives.family import Emitter
from switch.p4json.actions import Primitive

PRIMITIVES: Mapping[str, Emitter] = {
    **arithmetic.PRIMITIVES,
    **assignment.PRIMITIVES,
    **diagnostics.PRIMITIVES,
    **forwarding.PRIMITIVES,
    **hashing.PRIMITIVES,
    **headers.PRIMITIVES,
    **stateful.PRIMITIVES,
}


def emit_primitive(primitive: Primitive, context: Context, place: Place) -> Block:
    """The code of one call. Raises `ProgramError` if the primitive is not supported."""
    at_call = Place(place.stage, primitive.what, primitive.source or place.source, place.parameters)
    emitter = PRIMITIVES.get(primitive.op)
    if emitter is None:
        raise at_call.error("is not supported")
    try:
        return emitter(primitive.parameters, context, at_call)
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise at_call.error("has the wrong number of parameters") from error
