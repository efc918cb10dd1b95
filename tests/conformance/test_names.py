"""Objects are found by the names that STF tests use for them."""

import pytest
from finsy.proto import p4i

from tests.conformance.program import UnknownNameError, find, find_field


def table(*fields):
    return p4i.Table(
        preamble=p4i.Preamble(name="t"), match_fields=[p4i.MatchField(name=name) for name in fields]
    )


def tables(*names):
    return [p4i.Table(preamble=p4i.Preamble(name=name)) for name in names]


def test_a_whole_name_comes_before_the_end_of_one():
    assert find("table", "t", tables("c.t", "t")).preamble.name == "t"


def test_the_end_of_a_name_is_enough():
    assert find("table", "t1", tables("c.t1", "c.t2")).preamble.name == "c.t1"


def test_the_end_of_two_names_is_not():
    with pytest.raises(UnknownNameError, match=r"table 't' may be a\.t, b\.t"):
        find("table", "t", tables("a.t", "b.t"))


def test_an_unknown_name_is_answered_by_those_that_there_are():
    with pytest.raises(UnknownNameError, match=r"there is no table 'x' \(there is: a\.t\)"):
        find("table", "x", tables("a.t"))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("f", "hdr.data.f"),
        ("data.f", "hdr.data.f"),
        ("stack$0.h", "stack[0].h"),
        ("data.valid", "data.$valid$"),
        ("data", "data.$valid$"),
        ("other", "hdr.other.isValid()"),
    ],
)
def test_fields_are_found_as_stf_writes_them(name, field):
    fields = ["hdr.data.f", "stack[0].h", "data.$valid$", "hdr.other.isValid()"]
    assert find_field(table(*fields), name).name == field
