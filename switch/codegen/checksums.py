"""Checksums: verified when parsing is done, updated before deparsing."""

from __future__ import annotations

from switch.codegen.calculations import emit_calculation
from switch.codegen.code import Assign, Block, If, boolean, number, variable
from switch.codegen.conditions import both, not_equal, to_bool
from switch.codegen.context import Context, Place, Stage
from switch.codegen.expressions import emit_value
from switch.p4json.checksums import Checksum
from switch.p4json.expressions import Expression, FieldRef, ObjectRef, Operation
from switch.p4json.headers import VALID_FIELD


def emit_verification(context: Context) -> Block:
    """Set `checksum_error` if a checksum that is to be verified is wrong."""
    checked = [checksum for checksum in context.program.body.checksums if checksum.verify]
    target = context.well_known("standard_metadata.checksum_error")
    if not checked or target is None:
        return []
    block: Block = context.state.assign(target.header, target.field, number(0))
    for checksum in checked:
        wrong = context.state.assign(target.header, target.field, number(1))
        block += _guarded(checksum, wrong, context, Stage.PARSER)
    return block


def emit_update(context: Context) -> Block:
    """Store the checksums that are to be updated where they differ."""
    block: Block = []
    for checksum in context.program.body.checksums:
        if checksum.update:
            block += _guarded(checksum, None, context, Stage.DEPARSER)
    return block


def _guarded(checksum: Checksum, wrong: Block | None, context: Context, stage: Stage) -> Block:
    """Compute a checksum under its condition. If it differs: run `wrong`, or store it if None."""
    place = Place(stage, f"checksum {checksum.name}", checksum.source)
    condition = boolean(True)
    if checksum.condition is not None:
        condition = to_bool(emit_value(checksum.condition, context, place))
    target, state = checksum.target, context.state
    valid = _known_valid(checksum.condition)
    if wrong is not None:
        condition = both(condition, state.valid(target.header))
        valid |= {target.header}
    calculation = context.program.body.calculations[checksum.calculation]
    before, result = emit_calculation(calculation, context, place, valid)
    name = state.local("checksum")
    computed = Assign(name, result)
    value = variable(name, result.low, result.high)
    act = state.assign(target.header, target.field, value) if wrong is None else wrong
    body: Block = [*before, computed, If(not_equal(context.read(target), value), act)]
    return body if condition.constant else [If(condition, body)]


def _known_valid(condition: Expression | None) -> frozenset[str]:
    """The headers that are valid if a condition holds."""
    match condition:
        case Operation(op="and", operands=(left, right)):
            return _known_valid(left) | _known_valid(right)
        case Operation(op="d2b", operands=(FieldRef(header=header, field=name),)):
            return frozenset({header}) if name == VALID_FIELD else frozenset()
        case Operation(op="valid", operands=(ObjectRef(name=header),)):
            return frozenset({header})
    return frozenset()
