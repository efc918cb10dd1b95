"""Key fields of P4Runtime from what STF says."""

from __future__ import annotations

from finsy.proto import p4i, p4r

from tests.conformance.control.bytestrings import encode
from tests.conformance.control.client import ControlError
from tests.conformance.stf import values


def field_match(field: p4i.MatchField, value: values.MatchValue | None) -> p4r.FieldMatch | None:
    """One key field; None if it is left open. An exact field that is not given is 0, as in p4c."""
    match = p4r.FieldMatch(field_id=field.id)
    if field.match_type == p4i.MatchField.EXACT:
        match.exact.value = encode(0 if value is None else values.exact(value))
        return match
    if value is None:
        return None
    match field.match_type:
        case p4i.MatchField.TERNARY:
            number, mask = values.ternary(value, field.bitwidth)
            match.ternary.value, match.ternary.mask = encode(number), encode(mask)
            return match if mask else None
        case p4i.MatchField.LPM:
            number, length = values.lpm(value, field.bitwidth)
            match.lpm.value, match.lpm.prefix_len = encode(number), length
            return match if length else None
        case p4i.MatchField.RANGE:
            low, high = values.bounds(value)
            match.range.low, match.range.high = encode(low), encode(high)
            return match
        case p4i.MatchField.OPTIONAL:
            match.optional.value = encode(values.exact(value))
            return match
    raise ControlError(f"field {field.name} has a match type that tests cannot write")
