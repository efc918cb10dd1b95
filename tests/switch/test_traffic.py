"""Where packets go: unicast, drop, multicast, clones, resubmit, recirculate, digests, exit."""

from collections.abc import Sequence

import pytest

from switch.runtime.drops import Drop
from switch.runtime.instances import Instance
from tests.switch.draft import (
    Draft,
    Json,
    assign,
    call,
    const,
    extract,
    field,
    forward,
    named,
    op,
)
from tests.switch.inprocess import InProcessSwitch

STD = named("header", "standard_metadata")
DROP = call("mark_to_drop", STD)
INSTANCE = field("standard_metadata", "instance_type")


def _draft(ingress: Sequence[Json], egress: Sequence[Json] = ()) -> Draft:
    """A header of four bytes; ingress and egress each run these primitives."""
    draft = Draft([["m", 16], ["n", 16]])
    draft.add_header("h", [["a", 8], ["b", 8], ["c", 16]])
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    draft.do(*ingress)
    if egress:
        draft.do(*egress, pipeline="egress")
    return draft


def _switch(ingress: Sequence[Json], egress: Sequence[Json] = ()) -> InProcessSwitch:
    return InProcessSwitch(_draft(ingress, egress).load())


FRAME = b"\x01\x02\x03\x04rest"


def test_a_packet_goes_to_the_port_that_ingress_chose():
    assert _switch([forward(7)]).send(1, FRAME) == [(7, FRAME)]


def test_a_packet_for_which_nothing_was_chosen_goes_to_port_0():
    assert _switch([assign("meta", "m", const(1))]).send(1, FRAME) == [(0, FRAME)]


def test_a_packet_marked_in_ingress_is_dropped_unless_a_port_is_chosen_later():
    dropping = _switch([forward(3), DROP])
    assert dropping.send(1, FRAME) == []
    assert dropping.drops[Drop.INGRESS] == 1
    assert _switch([DROP, forward(3)]).send(1, FRAME) == [(3, FRAME)]


def test_egress_may_drop_but_not_redirect():
    dropping = _switch([forward(3)], [DROP])
    assert dropping.send(1, FRAME) == []
    assert dropping.drops[Drop.EGRESS] == 1
    assert _switch([forward(3)], [forward(4)]).send(1, FRAME) == [(3, FRAME)]


def test_marking_to_drop_takes_back_a_multicast():
    switch = _switch([assign("standard_metadata", "mcast_grp", const(5)), DROP])
    switch.replication.set_group(5, [[(2, 0)], [(3, 0)]])
    assert switch.send(1, FRAME) == []


def test_each_copy_of_a_multicast_has_its_own_egress():
    rid = assign("h", "b", field("standard_metadata", "egress_rid"))
    once = assign("h", "a", op("+", field("h", "a"), const(1)))
    kind = assign("h", "c", INSTANCE)
    group = assign("standard_metadata", "mcast_grp", const(5))
    switch = _switch([group], [rid, once, kind])
    switch.replication.set_group(5, [[(2, 20)], [(3, 30)], [(3, 31)]])
    expected = [(2, 20), (3, 30), (3, 31)]
    assert switch.send(1, FRAME) == [
        (port, bytes([2, instance, 0, Instance.REPLICATION]) + b"rest")
        for port, instance in expected
    ]


def test_a_multicast_wins_over_a_drop_and_a_port():
    switch = _switch([forward(9), assign("standard_metadata", "mcast_grp", const(5))])
    switch.replication.set_group(5, [[(2, 0)]])
    assert switch.send(1, FRAME) == [(2, FRAME)]


def test_a_packet_to_a_group_that_does_not_exist_is_counted():
    switch = _switch([assign("standard_metadata", "mcast_grp", const(5))])
    assert switch.send(1, FRAME) == []
    assert switch.drops[Drop.NO_GROUP] == 1


def test_a_packet_to_a_port_that_does_not_exist_is_counted():
    switch = InProcessSwitch(_draft([forward(99)]).load(), ports=8)
    assert switch.send(1, FRAME) == []
    assert switch.drops[Drop.NO_PORT] == 1


def _field_list(draft: Draft, number: int, *fields: Json) -> None:
    draft.add_list("field_lists", number, f"list_{number}", *fields)


def test_a_clone_from_ingress_is_the_packet_as_it_came_with_the_kept_metadata():
    draft = _draft(
        [
            assign("meta", "m", const(0x77)),
            assign("meta", "n", const(0x66)),
            call("clone_ingress_pkt_to_egress", const(4), const(1)),
            assign("meta", "m", const(0x78)),
            assign("h", "a", const(0xAA)),
            forward(2),
        ],
        [
            assign("h", "b", field("meta", "m")),
            assign("h", "c", op("|", op("<<", INSTANCE, const(8)), field("meta", "n"))),
        ],
    )
    _field_list(draft, 1, field("meta", "m"))
    switch = InProcessSwitch(draft.load())
    switch.replication.set_session(4, [[(5, 0)]], 0)
    clone, original = sorted(switch.send(1, FRAME), reverse=True)
    assert original == (2, b"\xaa\x78\x00\x66rest")
    assert clone == (5, b"\x01\x78\x01\x00rest")


def test_a_clone_session_cuts_its_clones():
    draft = _draft([call("clone_ingress_pkt_to_egress", const(4), const(0)), forward(2)])
    switch = InProcessSwitch(draft.load())
    switch.replication.set_session(4, [[(5, 0)]], 3)
    assert sorted(switch.send(1, FRAME)) == [(2, FRAME), (5, FRAME[:3])]


def test_a_clone_to_a_session_that_does_not_exist_is_counted_and_nothing_else_happens():
    switch = _switch([call("clone_ingress_pkt_to_egress", const(4), const(0)), forward(2)])
    assert switch.send(1, FRAME) == [(2, FRAME)]
    assert switch.drops[Drop.NO_SESSION] == 1


def test_a_clone_from_egress_has_the_headers_of_the_end_of_egress():
    draft = _draft([forward(2)])
    draft.branch(
        op("==", INSTANCE, const(Instance.EGRESS_CLONE)),
        [assign("h", "b", field("meta", "m"))],
        [
            assign("meta", "m", const(9)),
            assign("h", "a", const(0xEE)),
            call("clone_egress_pkt_to_egress", const(4), const(1)),
        ],
        "egress",
    )
    _field_list(draft, 1, field("meta", "m"))
    switch = InProcessSwitch(draft.load())
    switch.replication.set_session(4, [[(6, 0)]], 0)
    assert switch.send(1, FRAME) == [(2, b"\xee\x02\x03\x04rest"), (6, b"\xee\x09\x03\x04rest")]


def test_a_clone_session_cuts_clones_from_egress_too():
    draft = _draft([forward(2)])
    is_clone = op("==", INSTANCE, const(Instance.EGRESS_CLONE))
    clone = call("clone_egress_pkt_to_egress", const(4), const(0))
    draft.branch(is_clone, [], [clone], "egress")
    switch = InProcessSwitch(draft.load())
    switch.replication.set_session(4, [[(6, 0)]], 5)
    assert switch.send(1, FRAME) == [(2, FRAME), (6, FRAME[:5])]


def test_names_of_the_program_do_not_get_in_the_way_of_the_generators():
    names = ["process", "data", "at", "length", "port", "kind", "entry", "copies", "drops", "min"]
    draft = Draft()
    draft.add_header("scalars", [[name, 8] for name in names], metadata=True)
    draft.add_header("h", [["class", 8], ["print", 8]])
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    draft.do(*(assign("scalars", name, const(index)) for index, name in enumerate(names)))
    sum_of = field("scalars", names[0])
    for name in names[1:]:
        sum_of = op("+", sum_of, field("scalars", name))
    draft.do(
        call("clone_ingress_pkt_to_egress", const(4), const(0)),
        assign("h", "class", sum_of),
        forward(2),
    )
    switch = InProcessSwitch(draft.load())
    switch.replication.set_session(4, [[(5, 0)]], 0)
    assert sorted(switch.send(1, b"abc")) == [(2, b"\x2dbc"), (5, b"abc")]


def _byte_draft() -> Draft:
    draft = Draft([["m", 8], ["n", 8]])
    draft.add_header("h", [["a", 8], ["b", 8]])
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    _field_list(draft, 1, field("meta", "m"))
    return draft


def test_a_resubmitted_packet_starts_again_as_it_came_with_what_was_kept():
    draft = _byte_draft()
    draft.branch(
        op("==", INSTANCE, const(Instance.NORMAL)),
        [
            assign("meta", "m", const(5)),
            assign("meta", "n", const(6)),
            assign("h", "a", const(0x99)),
            call("resubmit", const(1)),
        ],
        [
            assign("h", "b", op("+", field("meta", "m"), field("meta", "n"))),
            forward(2),
        ],
        "ingress",
    )
    assert InProcessSwitch(draft.load()).send(1, b"\x01\x02x") == [(2, b"\x01\x05x")]


def test_a_recirculated_packet_starts_again_as_it_was_deparsed():
    draft = _byte_draft()
    for header, name in (("h", "a"), ("meta", "m")):
        draft.do(assign(header, name, op("+", field(header, name), const(1))))
    draft.do(forward(2))
    draft.branch(
        op("<", field("h", "a"), const(3)),
        [call("recirculate", const(1))],
        [assign("h", "b", field("meta", "m"))],
        "egress",
    )
    assert InProcessSwitch(draft.load()).send(1, b"\x00\x02x") == [(2, b"\x03\x03x")]


def test_a_digest_has_the_values_of_the_end_of_ingress():
    draft = _draft(
        [
            assign("meta", "m", const(5)),
            call("generate_digest", const(0), const(3)),
            assign("meta", "m", const(6)),
            forward(2),
        ]
    )
    draft.add_list("learn_lists", 3, "news", field("meta", "m"), field("h", "a"))
    switch = InProcessSwitch(draft.load())
    switch.send(1, FRAME)
    assert switch.digests == [("news", (6, 1))]
    assert switch.program.digests["news"].widths == (16, 8)


@pytest.mark.parametrize("lengths, expected", [([6], 6), ([6, 3], 3), ([3, 6], 3), ([100], 8)])
def test_the_smallest_truncation_counts(lengths, expected):
    cuts = [call("truncate", const(length)) for length in lengths]
    assert _switch([forward(2), *cuts]).send(1, FRAME) == [(2, FRAME[:expected])]


def test_an_exit_ends_ingress_after_the_action_but_not_egress():
    draft = _draft(
        [forward(2), call("exit"), assign("h", "a", const(0x10))],
        [assign("h", "c", const(0x3030))],
    )
    draft.do(assign("h", "b", const(0x20)), forward(9))
    assert InProcessSwitch(draft.load()).send(1, FRAME) == [(2, b"\x10\x02\x30\x30rest")]


def test_a_failed_assertion_says_where():
    switch = _switch([call("assert", op("==", field("h", "a"), const(7)))])
    with pytest.raises(Exception, match=r"assert\(\) in action"):
        switch.send(1, FRAME)


def test_messages_show_their_values():
    values = {"type": "parameters_vector", "value": [field("h", "a"), field("h", "c")]}
    text = {"type": "string", "value": "a is {} and c is {}, 100%"}
    switch = _switch([call("log_msg", text, values), forward(2)])
    switch.send(1, FRAME)
    assert switch.messages == ["a is 1 and c is 772, 100%"]
