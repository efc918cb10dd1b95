"""The STF language is read as p4c's runner reads it; what is not understood is refused."""

import pytest

from tests.conformance.stf import values
from tests.conformance.stf.reader import read_stf
from tests.conformance.stf.statements import (
    CPU,
    ActionCall,
    Add,
    Check,
    Expect,
    GroupCreate,
    MeterRate,
    MeterWrite,
    NodeCreate,
    Packet,
    RegisterWrite,
    Remove,
    SetDefault,
    SetValues,
    Wait,
)
from tests.conformance.stf.tokens import StfError
from tests.conformance.stf.values import MatchValue, read_number


def only(text):
    (statement,) = read_stf(text)
    return statement


def test_a_packet_is_hexadecimal_digits_in_any_groups():
    assert only("packet 12 0A0b 0c  0D0E") == Packet(1, 12, bytes.fromhex("0a0b0c0d0e"))


def test_keywords_are_read_in_any_case_and_comments_and_empty_lines_are_skipped():
    statements = read_stf("# nothing\n\n  PACKET 0 00 # one byte\nWait\n")
    assert statements == [Packet(3, 0, b"\0"), Wait(4)]


def test_a_packet_of_half_a_byte_is_refused_with_its_line():
    with pytest.raises(StfError, match="line 2: '012' is not a whole number of bytes"):
        read_stf("wait\npacket 0 012\n")


def test_an_expected_frame_may_leave_digits_open():
    assert only("expect 3 0a ** 0*") == Expect(1, 3, "0a**0*", False)


def test_a_dollar_sign_says_that_nothing_may_follow():
    assert only("expect 3 0a0b$") == Expect(1, 3, "0a0b", True)


def test_an_expected_frame_without_digits_may_be_any():
    assert only("expect 3") == Expect(1, 3, None, False)


def test_the_cpu_port_has_a_name():
    assert only("packet cpu 00").port == CPU
    assert only("expect cpu 00").port == CPU


def test_an_entry_has_priority_fields_action_and_label():
    entry = only("add t1 100 data.f1:0x0a0b h[1].x:5 c.act(port:2, v:0xff) = $A")
    assert entry == Add(
        1,
        "t1",
        100,
        (("data.f1", MatchValue(read_number("0x0a0b"))), ("h[1].x", MatchValue(read_number("5")))),
        ActionCall("c.act", (("port", 2), ("v", 255))),
        "A",
        0,
    )


def test_an_entry_without_priority_has_none():
    assert only("add t f:1 a()").priority is None


def test_an_entry_may_idle():
    assert only("add t f:1 a() = A idle:300").idle_timeout_ms == 300


def test_masks_prefixes_and_ranges_are_read():
    match = dict(only("add t 1 a:1/8 b:0x80&&&0xf0 c:3..7 x()").match)
    assert match["a"].prefix_length == 8
    assert match["b"].mask == read_number("0xf0")
    assert match["c"].high == read_number("7")


def test_entries_are_removed_all_or_by_label():
    assert only("remove all") == Remove(1, None)
    assert only("remove $A") == Remove(1, "A")


def test_a_default_action_is_read():
    assert only("setdefault t a(x:1)") == SetDefault(1, "t", ActionCall("a", (("x", 1),)))


def test_counters_are_checked_by_index_or_entry():
    assert only("check_counter c(10) packets == 2") == Check(1, "packets", "c", 10, "==", 2)
    assert only("check_counter c($A) bytes >= 9") == Check(1, "bytes", "c", "A", ">=", 9)


def test_a_counter_without_a_condition_is_to_have_counted_nothing():
    assert only("check_counter c($A)") == Check(1, "packets", "c", "A", "==", 0)


def test_registers_are_checked_and_written():
    assert only("check_register r(1) < 5") == Check(1, "register", "r", 1, "<", 5)
    assert only("register_write r 1 0x10") == RegisterWrite(1, "r", 1, 16)
    assert only("register_reset r") == RegisterWrite(1, "r", None, 0)


def test_meter_rates_are_per_microsecond_in_stf_and_per_second_here():
    expected = MeterWrite(1, "m", 2, (MeterRate(5, 4), MeterRate(20, 5)))
    assert only("meter_set_rates m 2 0.000005:4 0.00002:5") == expected


def test_a_meter_has_two_rates():
    with pytest.raises(StfError, match="2 rates, not 1"):
        read_stf("meter_set_rates m 2 0.1:4")


def test_groups_and_nodes_are_read():
    assert only("mc_mgrp_create 0x10") == GroupCreate(1, 16)
    assert only("mc_node_create 400 6 7") == NodeCreate(1, 400, (6, 7))


def test_value_sets_are_read():
    assert only("value_set v 1 0x2") == SetValues(
        1, "v", (MatchValue(read_number("1")), MatchValue(read_number("0x2")))
    )


def test_a_pause_has_a_length():
    assert only("wait 300ms") == Wait(1, 0.3)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("frobnicate 1", "unknown statement 'frobnicate'"),
        ("packet x 00", "a port number is expected"),
        ("add t f:1", "the line ends where a name is expected"),
        ("add t f:1 a(x:0x*1)", r"leaves digits open where a value is expected"),
        ("add t f:1 a() = A more", "'more' stands where the end of the line is expected"),
        ("check_counter c(1) packets ~ 1", "cannot read"),
        ("check_counter c(1) octets == 1", "'octets' stands where packets or bytes"),
        ("register_read r 0.5", "0.5 stands where an integer is expected"),
        ("expect 0 0a!!", "is not hexadecimal digits"),
    ],
)
def test_what_is_not_understood_is_refused(line, reason):
    with pytest.raises(StfError, match=reason):
        read_stf(line)


def test_digits_that_are_not_written_do_not_count_in_a_ternary_field():
    assert values.ternary(MatchValue(read_number("0x0800")), 32) == (0x0800, 0xFFFF)
    assert values.ternary(MatchValue(read_number("0b1**1")), 8) == (0b1001, 0b1001)


def test_a_decimal_number_covers_a_whole_ternary_field():
    assert values.ternary(MatchValue(read_number("5")), 12) == (5, 0xFFF)


def test_a_value_has_no_bits_outside_its_mask():
    value = MatchValue(read_number("0xff"), mask=read_number("0x0f"))
    assert values.ternary(value, 8) == (0x0F, 0x0F)


def test_open_digits_make_a_prefix():
    assert values.lpm(MatchValue(read_number("0x0a******")), 32) == (0x0A000000, 8)
    assert values.lpm(MatchValue(read_number("0x0a0b0c0d")), 32) == (0x0A0B0C0D, 32)
    assert values.lpm(MatchValue(read_number("0x0a0b0c0d"), prefix_length=8), 32) == (0x0A000000, 8)
    assert values.lpm(MatchValue(read_number("7")), 16) == (7, 16)


def test_a_range_of_one_value_has_it_at_both_ends():
    assert values.bounds(MatchValue(read_number("7"))) == (7, 7)


def test_an_exact_field_leaves_nothing_open():
    with pytest.raises(ValueError, match="leaves bits open"):
        values.exact(MatchValue(read_number("0x0*")))
