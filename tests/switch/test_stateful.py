"""Registers, counters, meters, hashes and random numbers."""

import json
from binascii import crc_hqx
from pathlib import Path
from zlib import crc32

import pytest

from switch.p4json.load import load_program
from switch.runtime.hashes import HASHES, CustomHash, make_crc, make_custom_crc
from switch.runtime.meters import GREEN, RED, UNSET, YELLOW, Meter, rewritten
from tests.switch.draft import Draft, Json, assign, call, const, extract, field, forward, named
from tests.switch.inprocess import InProcessSwitch

REGISTER = named("register_array", "r")


def _draft(*primitives: Json, width: int = 12, size: int = 8) -> Draft:
    draft = Draft()
    draft.add_header("h", [["index", 16], ["value", 32]])
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    draft.add_register("r", size, width)
    draft.add_counter("c", size)
    draft.add_meter("m", size)
    draft.do(*primitives, forward(2))
    return draft


def _frame(index: int, value: int = 0) -> bytes:
    return index.to_bytes(2, "big") + value.to_bytes(4, "big")


def _value(switch: InProcessSwitch, index: int, value: int = 0) -> int:
    ((_, frame),) = switch.send(1, _frame(index, value))
    return int.from_bytes(frame[2:6], "big")


def test_a_register_keeps_what_fits_its_cell():
    write = call("register_write", REGISTER, field("h", "index"), field("h", "value"))
    switch = InProcessSwitch(_draft(write).load())
    _value(switch, 3, 0xABCDE)
    assert switch.config.registers["r"] == [0, 0, 0, 0xCDE, 0, 0, 0, 0]


def test_an_index_beyond_a_register_neither_reads_nor_writes():
    read = call("register_read", field("h", "value"), REGISTER, field("h", "index"))
    switch = InProcessSwitch(_draft(read).load())
    switch.config.registers["r"][7] = 77
    assert [_value(switch, 7, 5), _value(switch, 8, 5)] == [77, 5]
    write = call("register_write", REGISTER, field("h", "index"), const(1))
    switch = InProcessSwitch(_draft(write).load())
    _value(switch, 8)
    assert switch.config.registers["r"] == [0] * 8


def test_a_check_of_the_index_is_left_out_where_it_cannot_fail():
    masked = {
        "type": "expression",
        "value": {"op": "&", "left": field("h", "index"), "right": const(7)},
    }
    read = call("register_read", field("h", "value"), REGISTER, masked)
    source = InProcessSwitch(_draft(read).load()).compiled.source
    assert "< 8" not in source


def test_what_was_read_in_one_packet_is_there_in_the_next():
    increment = {
        "type": "expression",
        "value": {"op": "+", "left": field("h", "value"), "right": const(1)},
    }
    switch = InProcessSwitch(
        _draft(
            call("register_read", field("h", "value"), REGISTER, const(0)),
            assign("h", "value", increment),
            call("register_write", REGISTER, const(0), field("h", "value")),
        ).load()
    )
    assert [_value(switch, 0) for _ in range(3)] == [1, 2, 3]


def test_a_counter_counts_packets_and_the_bytes_received():
    count = call("count", named("counter_array", "c"), field("h", "index"))
    remove = call("remove_header", named("header", "h"))
    switch = InProcessSwitch(_draft(count, remove).load())
    for index in (2, 2, 9, 5):
        switch.send(1, _frame(index) + b"1234")
    assert switch.config.counter_packets["c"] == [0, 0, 2, 0, 0, 1, 0, 0]
    assert switch.config.counter_bytes["c"] == [0, 0, 20, 0, 0, 10, 0, 0]


def test_a_meter_that_is_not_set_says_green():
    execute = call(
        "execute_meter", named("meter_array", "m"), field("h", "index"), field("h", "value")
    )
    switch = InProcessSwitch(_draft(execute).load())
    assert _value(switch, 1, 9) == GREEN
    switch.config.set_meters("m", 1, [((1, 1, 1, 2), None)])
    assert [_value(switch, 1, 9) for _ in range(4)] == [GREEN, YELLOW, RED, RED]
    assert _value(switch, 99, 9) == 9
    length = len(_frame(1))
    assert switch.config.meters["m"][1].counts == (1, length, 1, length, 2, 2 * length)


def test_a_meter_lets_through_what_its_rates_say():
    second = 1_000_000_000
    meter = Meter((100, 10, 200, 20), 0)
    colours = [meter.mark_at(1, 64, second + tick * second // 1000) for tick in range(1000)]
    assert colours.count(GREEN) == pytest.approx(110, abs=2)
    assert colours.count(YELLOW) == pytest.approx(110, abs=2)
    assert colours.count(RED) == 1000 - colours.count(GREEN) - colours.count(YELLOW)


def test_a_meter_that_runs_often_loses_no_tokens():
    meter = Meter((3, 1, 3, 1), 0)
    second = 1_000_000_000
    colours = [meter.mark_at(1, 64, tick * second // 100_000) for tick in range(400_001)]
    assert colours.count(GREEN) == 13


def test_an_unset_meter_has_no_rates():
    assert UNSET.rates is None
    assert UNSET.mark(1500, 1500) == GREEN
    assert UNSET.counts == (0,) * 6


def test_a_meter_keeps_its_counts_when_its_rates_change_and_is_given_others():
    meter = rewritten(UNSET, (0, 1, 0, 1), None)
    assert [meter.mark(1, 100), meter.mark(1, 60)] == [GREEN, RED]
    meter = rewritten(meter, None, None)
    assert (meter.rates, meter.mark(1, 40)) == (None, GREEN)
    assert meter.counts == (2, 140, 0, 0, 1, 60)
    assert rewritten(meter, None, (0,) * 6) is UNSET


@pytest.mark.parametrize(
    "algorithm, expected",
    [
        ("crc32", 0xCBF43926),
        ("crc16", 0xBB3D),
        ("crcCCITT", 0x29B1),
        ("crc8_custom", 0xF4),
        ("identity", int.from_bytes(b"12345678", "big")),
        ("xor16", 0x3132 ^ 0x3334 ^ 0x3536 ^ 0x3738 ^ 0x3900),
        ("xor32", 0x31323334 ^ 0x35363738 ^ 0x39000000),
        ("csum16", 0xFFFF ^ ((0x3132 + 0x3334 + 0x3536 + 0x3738 + 0x3900) % 0xFFFF)),
    ],
)
def test_hashes_of_the_usual_check_string(algorithm, expected):
    assert HASHES[algorithm]()(b"123456789") == expected


@pytest.mark.parametrize(
    "parameters, expected",
    [
        ((32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, True, True), 0xCBF43926),  # ISO-HDLC
        ((32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, False, False), 0xFC891918),  # BZIP2
        ((16, 0x1021, 0, 0, False, False), 0x31C3),  # XMODEM
        ((32, 0x04C11DB7, 0xFFFFFFFF, 0, True, False), 0x9B63D02C),
        ((16, 0x1021, 0, 7, False, True), 0xC38C ^ 7),
    ],
)
def test_a_custom_crc_reflects_its_input_its_result_or_both(parameters, expected):
    custom = CustomHash("crc32_custom")
    assert custom(b"123456789") == 0xCBF43926
    custom.function = make_custom_crc(*parameters)
    assert custom(b"123456789") == expected


def test_a_program_computes_with_the_parameters_that_a_custom_crc_has_now():
    build = Path(__file__).parent.parent / "conformance/corpus/build/hashes.json"
    switch = InProcessSwitch(load_program(build.read_bytes()))
    frame = bytes.fromhex("12345678 9abc def0123456789abc")
    hashed = frame[:4] + frame[6:]

    def custom_32_and_16():
        ((_, sent),) = switch.send(0, frame)
        return int.from_bytes(sent[14:18], "big"), int.from_bytes(sent[18:20], "big")

    assert custom_32_and_16() == (crc32(hashed), make_crc(16, 0x8005, 0, 0, True)(hashed))
    crc = make_custom_crc(16, 0x1021, 0xFFFF, 0, False, False)
    switch.config.custom_hash("calc_5", "crc16_custom").function = crc
    assert custom_32_and_16() == (crc32(hashed), crc_hqx(hashed, 0xFFFF))


@pytest.mark.parametrize(
    "octets, expected",
    [
        (b"", 0xEF46DB3751D8E999),
        (b"abc", 0x44BC2CF5AD770999),
        (b"Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1),
    ],
)
def test_xxh64_of_the_specifications_examples(octets, expected):
    assert HASHES["xxh64"]()(octets) == expected


def test_a_crc_by_table_is_the_one_of_zlib():
    ours = make_crc(32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, True)
    for length in range(40):
        assert ours(bytes(range(length))) == crc32(bytes(range(length)))


def test_the_internet_checksum_of_ones_is_zero():
    assert HASHES["csum16"]()(b"\xff\xff") == 0
    assert HASHES["csum16"]()(b"\0\0") == 0xFFFF


def test_round_robins_count_and_remember():
    plain, consistent = HASHES["round_robin"](), HASHES["round_robin_consistent"]()
    assert [plain(b"a"), plain(b"a"), plain(b"b")] == [0, 1, 2]
    assert [consistent(b"a"), consistent(b"b"), consistent(b"a")] == [0, 1, 0]


@pytest.mark.parametrize("base, size, expected", [(0, 1 << 32, None), (100, 7, None), (5, 0, 5)])
def test_a_hash_is_reduced_and_moved(base, size, expected):
    draft = _draft(
        call(
            "modify_field_with_hash_based_offset",
            field("h", "value"),
            const(base),
            named("calculation", "calc"),
            const(size),
        )
    )
    draft.add_calculation("calc", "crc32", field("h", "index"), field("h", "value"))
    digest = crc32(_frame(9, 77))
    wanted = base + digest % size if expected is None else expected
    assert _value(InProcessSwitch(draft.load()), 9, 77) == wanted


def test_a_hash_input_that_fills_no_whole_bytes_is_padded_at_the_end():
    draft = _draft(
        call(
            "modify_field_with_hash_based_offset",
            field("h", "value"),
            const(0),
            named("calculation", "calc"),
            const(1 << 32),
        )
    )
    five_bits = {"type": "hexstr", "value": "0x15", "bitwidth": 5}
    draft.add_calculation("calc", "crc32", field("h", "index"), five_bits)
    assert _value(InProcessSwitch(draft.load()), 9) == crc32(b"\x00\x09\xa8")


def test_random_numbers_stay_between_their_bounds():
    rng = call("modify_field_rng_uniform", field("h", "value"), const(5), const(8))
    switch = InProcessSwitch(_draft(rng).load())
    assert {_value(switch, 0) for _ in range(200)} == {5, 6, 7, 8}
    backwards = call("modify_field_rng_uniform", field("h", "value"), const(8), const(5))
    assert _value(InProcessSwitch(_draft(backwards).load()), 0, 3) == 3


PROGRAMS = Path(__file__).parents[2] / "p4" / "build"


@pytest.mark.parametrize("path", sorted(PROGRAMS.glob("*.json")), ids=lambda path: path.stem)
def test_every_algorithm_that_our_programs_use_is_there(path):
    used = {item["algo"] for item in json.loads(path.read_bytes())["calculations"]}
    assert used <= set(HASHES)
