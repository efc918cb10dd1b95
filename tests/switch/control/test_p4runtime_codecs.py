"""Byte strings, P4Data, digest lists and the order of effects: pieces without a server."""

import pytest
from finsy.proto import p4d, p4i, p4r, p4t
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from switch.dataplane.errors import RequestRefused
from switch.dataplane.messages import Config, DefaultOp, EntryName, OpKind, TableOp
from switch.p4runtime import bytestrings
from switch.p4runtime.digest_lists import DigestReporter
from switch.p4runtime.effects import Cell, Channel, Effect, apply_effects
from switch.p4runtime.entities.register_wire import register_messages
from switch.p4runtime.entities.registers import RegisterHandler
from switch.p4runtime.p4data import BitCodec, data_codec
from switch.p4runtime.packet_io import PacketIO
from switch.p4runtime.state import DigestList, Register
from switch.p4runtime.status import StatusError
from switch.p4runtime.transaction import Transaction

# -- byte strings: the examples of the specification, tables "Valid" and "Invalid Bytestring"


@pytest.mark.parametrize(
    ("width", "value", "data", "is_canonical"),
    [
        (8, 99, b"\x63", True),
        (16, 99, b"\x00\x63", False),
        (16, 99, b"\x63", True),
        (16, 12388, b"\x30\x64", True),
        (16, 12388, b"\x00\x30\x64", False),
        (12, 99, b"\x00\x63", False),
        (12, 99, b"\x63", True),
        (12, 99, b"\x00\x00\x63", False),
    ],
)
def test_unsigned_examples_of_the_specification(width, value, data, is_canonical):
    assert bytestrings.decode(data, width, "x") == value
    assert (bytestrings.encode(value) == data) is is_canonical


@pytest.mark.parametrize(
    ("width", "value", "data", "is_canonical"),
    [
        (8, 99, b"\x63", True),
        (8, -99, b"\x9d", True),
        (8, -99, b"\xff\x9d", False),
        (12, -739, b"\xfd\x1d", True),
        (16, 0, b"\x00\x00", False),
        (16, 0, b"\x00", True),
    ],
)
def test_signed_examples_of_the_specification(width, value, data, is_canonical):
    assert bytestrings.decode_signed(data, width, "x") == value
    assert (bytestrings.encode_signed(value) == data) is is_canonical


@pytest.mark.parametrize(
    ("decode", "width", "data"),
    [
        (bytestrings.decode, 8, b"\x01\x63"),
        (bytestrings.decode, 8, b""),
        (bytestrings.decode, 16, b"\x01\x00\x63"),
        (bytestrings.decode, 12, b"\x10\x63"),
        (bytestrings.decode, 12, b"\x01\x00\x63"),
        (bytestrings.decode, 12, b"\x00\x40\x63"),
        (bytestrings.decode_signed, 8, b"\x00\x9d"),
        (bytestrings.decode_signed, 12, b"\x8d\x1d"),
        (bytestrings.decode_signed, 16, b""),
    ],
)
def test_invalid_examples_of_the_specification(decode, width, data):
    with pytest.raises(StatusError, match="INVALID_ARGUMENT"):
        decode(data, width, "x")


@given(st.integers(1, 130).flatmap(lambda w: st.tuples(st.just(w), st.integers(0, (1 << w) - 1))))
def test_unsigned_values_survive_the_way_there_and_back(case):
    width, value = case
    assert bytestrings.decode(bytestrings.encode(value), width, "x") == value


@given(
    st.integers(1, 130).flatmap(
        lambda w: st.tuples(st.just(w), st.integers(-(1 << (w - 1)), (1 << (w - 1)) - 1))
    )
)
def test_signed_values_survive_the_way_there_and_back(case):
    width, value = case
    assert bytestrings.decode_signed(bytestrings.encode_signed(value), width, "x") == value


# -- P4Data


def spec(text):
    return text_format.Parse(text, p4t.P4DataTypeSpec())


TYPES = text_format.Parse(
    """
    structs { key: "pair" value {
      members { name: "a" type_spec { bitstring { bit { bitwidth: 9 } } } }
      members { name: "b" type_spec { bool {} } }
    } }
    headers { key: "h" value {
      members { name: "x" type_spec { bit { bitwidth: 4 } } }
      members { name: "y" type_spec { int { bitwidth: 4 } } }
    } }
    serializable_enums { key: "e" value { underlying_type { bitwidth: 3 } } }
    new_types { key: "n" value { original_type { bitstring { bit { bitwidth: 5 } } } } }
    new_types { key: "t" value { translated_type { uri: "u" sdn_bitwidth: 5 } } }
    """,
    p4t.P4TypeInfo(),
)


@pytest.mark.parametrize(
    ("type_text", "cells", "data"),
    [
        ("bitstring { bit { bitwidth: 9 } }", [300], {"bitstring": b"\x01\x2c"}),
        ("bitstring { int { bitwidth: 9 } }", [511], {"bitstring": b"\xff"}),
        ("bool {}", [1], {"bool": True}),
        ('serializable_enum { name: "e" }', [5], {"bitstring": b"\x05"}),
        ('new_type { name: "n" }', [31], {"bitstring": b"\x1f"}),
        (
            'struct { name: "pair" }',
            [7, 0],
            {"struct": {"members": [{"bitstring": b"\x07"}, {"bool": False}]}},
        ),
        (
            "tuple { members { bool {} } members { bitstring { bit { bitwidth: 2 } } } }",
            [1, 3],
            {"tuple": {"members": [{"bool": True}, {"bitstring": b"\x03"}]}},
        ),
        (
            'header { name: "h" }',
            [15, 15],
            {"header": {"is_valid": True, "bitstrings": [b"\x0f", b"\xff"]}},
        ),
    ],
)
def test_values_of_p4_types_are_encoded_and_decoded(type_text, cells, data):
    codec = data_codec(spec(type_text), TYPES)
    message = p4d.P4Data()
    codec.encode(iter(cells), message)
    assert message == p4d.P4Data(**data)
    assert codec.decode(message, "x") == cells
    assert len(codec.widths) == len(cells)


@pytest.mark.parametrize(
    "type_text",
    [
        "",
        "bitstring { varbit { max_bitwidth: 8 } }",
        "bitstring { bit {} }",
        "error {}",
        'struct { name: "nobody" }',
        'new_type { name: "t" }',
        'header_union { name: "h" }',
    ],
)
def test_types_that_no_cell_can_hold_are_refused(type_text):
    with pytest.raises(StatusError, match="INVALID_ARGUMENT"):
        data_codec(spec(type_text), TYPES)


@pytest.mark.parametrize(
    ("type_text", "data"),
    [
        ("bool {}", {"bitstring": b"\x01"}),
        ("bitstring { bit { bitwidth: 9 } }", {}),
        ("bitstring { bit { bitwidth: 9 } }", {"bitstring": b"\x02\x00"}),
        ('struct { name: "pair" }', {"struct": {"members": [{"bool": True}]}}),
        ('struct { name: "pair" }', {"tuple": {}}),
        ('header { name: "h" }', {"header": {"bitstrings": [b"\x01", b"\x01"]}}),
        ('header { name: "h" }', {"header": {"is_valid": True}}),
    ],
)
def test_data_of_another_type_is_refused(type_text, data):
    with pytest.raises(StatusError, match="INVALID_ARGUMENT"):
        data_codec(spec(type_text), TYPES).decode(p4d.P4Data(**data), "x")


@pytest.mark.parametrize("width", [1, 8, 63, 64, 128, 512])
@pytest.mark.parametrize("first", [0, 120, 65_000])
def test_many_register_cells_make_the_same_messages_as_few(width, first):
    cells = [0, 1, (1 << width) - 1, 1 << (width - 1)] * 700
    register = Register(0x16FFFFFF, "r", 100_000, BitCodec(width))
    wire = register_messages(register.register_id, first, cells)
    messages = [p4r.ReadResponse.FromString(data) for data in wire]
    assert max(len(message.entities) for message in messages) <= 1024
    fast = [entity for message in messages for entity in message.entities]
    few = RegisterHandler().entities
    slow = [
        entity
        for n in range(0, len(cells), 7)
        for entity in few(register, first + n, cells[n : n + 7], p4r.RegisterEntry())
    ]
    assert fast == slow


# -- controller headers


def header(*widths):
    text = " ".join(
        f'metadata {{ id: {n} name: "m{n}" bitwidth: {w} }}' for n, w in enumerate(widths, 1)
    )
    return PacketIO(
        text_format.Parse(
            "\n".join(
                f'controller_packet_metadata {{ preamble {{ name: "{name}" }} {text} }}'
                for name in ("packet_in", "packet_out")
            ),
            p4i.P4Info(),
        )
    )


@given(st.lists(st.integers(1, 70), min_size=1, max_size=6), st.randoms())
def test_controller_headers_of_any_widths_are_packed_and_unpacked(widths, rng):
    packet_io = header(*widths)
    packet = p4r.PacketOut(payload=b"payload")
    values = [rng.getrandbits(width) for width in widths]
    numbered = list(enumerate(values, 1))
    rng.shuffle(numbered)
    for number, value in numbered:
        packet.metadata.add(metadata_id=number, value=bytestrings.encode(value))
    frame = packet_io.packet_out(packet)
    assert len(frame) == (sum(widths) + 7) // 8 + len(b"payload")
    received = packet_io.packet_in(frame)
    assert [int.from_bytes(m.value, "big") for m in received.metadata] == values
    assert received.payload == b"payload"


def test_without_controller_headers_frames_pass_as_they_are():
    packet_io = PacketIO(p4i.P4Info())
    assert packet_io.packet_in(b"frame") == p4r.PacketIn(payload=b"frame")
    assert packet_io.packet_out(p4r.PacketOut(payload=b"frame")) == b"frame"
    with pytest.raises(StatusError, match="INVALID_ARGUMENT"):
        packet_io.packet_out(p4r.PacketOut(metadata=[p4r.PacketMetadata(metadata_id=1)]))


# -- digest lists


def digest(**config):
    return DigestList(1, "d", BitCodec(8), p4r.DigestEntry.Config(**config))


def bits(digest_list):
    return [data.bitstring for data in digest_list.data]


def test_a_digest_may_be_sent_again_when_its_acknowledgement_is_overdue():
    reporter, entry = DigestReporter(), digest(ack_timeout_ns=100)
    assert reporter.add(entry, (1,), 0).list_id == 1
    assert reporter.add(entry, (1,), 99) is None
    assert reporter.add(entry, (1,), 100).list_id == 2


def test_without_an_acknowledgement_time_out_nothing_is_held_back():
    reporter, entry = DigestReporter(), digest()
    assert [reporter.add(entry, (1,), n).list_id for n in range(3)] == [1, 2, 3]


def test_a_list_is_due_after_its_first_sample_has_waited():
    reporter, entry = DigestReporter(), digest(max_timeout_ns=50)
    assert reporter.add(entry, (1,), 10) is None
    assert reporter.add(entry, (2,), 40) is None
    assert reporter.next_due_ns({1: entry}) == 60
    assert reporter.due(entry, 59) is None
    assert bits(reporter.due(entry, 60)) == [b"\x01", b"\x02"]
    assert reporter.next_due_ns({1: entry}) is None


def test_a_list_that_reached_nobody_is_not_held_back():
    reporter, entry = DigestReporter(), digest(ack_timeout_ns=1 << 60)
    reporter.not_sent(1, reporter.add(entry, (1,), 0).list_id)
    assert reporter.add(entry, (1,), 1) is not None


def test_a_digest_that_is_disabled_loses_what_was_buffered_and_what_was_not_acknowledged():
    config = p4r.DigestEntry.Config(max_list_size=2, max_timeout_ns=50, ack_timeout_ns=1 << 60)
    reporter, entry = DigestReporter(), DigestList(1, "d", BitCodec(8), config)
    assert [reporter.add(entry, (sample,), 0) is None for sample in (1, 2, 3)] == [
        True,
        False,
        True,
    ]
    entry.config = None
    assert reporter.due(entry, 1000) is None
    assert reporter.add(entry, (1,), 1000) is None
    entry.config = config
    assert reporter.due(entry, 2000) is None
    assert reporter.add(entry, (1,), 2000) is None
    again = reporter.due(entry, 2050)
    assert (again.list_id, bits(again)) == (2, [b"\x01"])


def test_another_program_starts_afresh():
    reporter, entry = DigestReporter(), digest(ack_timeout_ns=1 << 60)
    reporter.add(entry, (1,), 0)
    reporter.clear()
    assert reporter.add(entry, (1,), 1) is not None


# -- effects


class Recorder:
    """A data plane that writes down its calls, and refuses what it is told to."""

    def __init__(self, refused=()):
        self.calls = []
        self.refused = set(refused)

    def __getattr__(self, method):
        def call(config, *arguments):
            items = arguments[-1]
            for place, item in enumerate(items):
                if item in self.refused:
                    self.calls.append((method, list(items[:place])))
                    raise RequestRefused("no", place)
            self.calls.append((method, *arguments[:-1], list(items)))

        return call


def table_op(key):
    return TableOp(OpKind.INSERT, "t", (key,))


def counter(key):
    return (EntryName("t", (key,)), "cell")


def apply(plane, *items):
    kinds = {TableOp: Channel.TABLE, DefaultOp: Channel.TABLE, tuple: Channel.DIRECT_COUNTER}
    kinds[Cell] = Channel.REGISTER
    effects = [Effect(kinds[type(item)], item, number) for number, item in enumerate(items)]
    return [(update, str(why)) for update, why in apply_effects(plane, Config.RUNNING, effects)]


def test_entries_overtake_the_counters_of_other_entries_only():
    plane = Recorder()
    apply(plane, table_op(1), counter(1), table_op(2), counter(2), table_op(1), counter(1))
    assert plane.calls == [
        ("write_table", [table_op(1), table_op(2)]),
        ("write_direct_counters", [counter(1), counter(2)]),
        ("write_table", [table_op(1)]),
        ("write_direct_counters", [counter(1)]),
    ]


def test_a_counter_that_comes_first_stays_before_a_change_of_its_entry():
    plane = Recorder()
    apply(plane, counter(1), table_op(2), table_op(1))
    assert [call[0] for call in plane.calls] == [
        "write_table",
        "write_direct_counters",
        "write_table",
    ]
    assert plane.calls[0][1] == [table_op(2)]


def test_other_kinds_of_effects_keep_their_order():
    plane = Recorder()
    cells = [Cell("r", 0, 5), Cell("r", 1, 6), Cell("s", 2, 7), Cell("s", 2, 8)]
    apply(plane, *cells[:2], table_op(1), *cells[2:])
    assert plane.calls == [
        ("write_registers", "r", 0, [5, 6]),
        ("write_table", [table_op(1)]),
        ("write_registers", "s", 2, [7]),
        ("write_registers", "s", 2, [8]),
    ]


def test_what_follows_a_refused_effect_is_done():
    plane = Recorder(refused=[table_op(2), 6])
    refused = apply(plane, table_op(1), table_op(2), table_op(3), Cell("r", 0, 5), Cell("r", 1, 6))
    assert refused == [(1, "no"), (4, "no")]
    assert ("write_table", [table_op(3)]) in plane.calls


def test_a_refused_update_is_undone_and_the_others_stay():
    tx, state = Transaction(), {}
    for key in (1, 2, 3):
        tx.begin_update()
        tx.put(state, key, "here")
        tx.effect(Channel.TABLE, table_op(key))
    errors = tx.flush(Recorder(refused=[table_op(2)]), Config.RUNNING)
    assert [(update, error.code.name) for update, error in errors.items()] == [(1, "INTERNAL")]
    assert state == {1: "here", 3: "here"}


def test_a_rolled_back_transaction_leaves_everything_as_it_was():
    tx, state = Transaction(), {1: "old", 2: "gone"}
    digest_list = digest()
    tx.begin_update()
    tx.put(state, 1, "new")
    tx.put(state, 3, "new")
    tx.remove(state, 2)
    tx.assign(digest_list, "name", "other")
    tx.effect(Channel.TABLE, table_op(1))
    tx.rollback()
    plane = Recorder()
    assert tx.flush(plane, Config.RUNNING) == {}
    assert plane.calls == []
    assert state == {1: "old", 2: "gone"}
    assert digest_list.name == "d"
