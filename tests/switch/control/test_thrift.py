"""BMv2's Thrift calls, as its own command line makes them: binary protocol, multiplexed."""

import hashlib
import resource
import socket
import struct
import subprocess
import time

import pytest
from finsy.proto import p4r
from memory_plane import MemoryPlane
from p4rt import (
    DEVICE_ID,
    EVERYTHING_JSON,
    Set,
    action,
    everything_config,
    exact,
    insert,
    limits,
    lpm,
    p4_id,
    table_entry,
    ternary,
    wait_for,
)
from thriftpy2.protocol import TBinaryProtocolFactory, TMultiplexedProtocolFactory
from thriftpy2.thrift import TApplicationException, TClient
from thriftpy2.transport import TBufferedTransportFactory, TSocket

from switch.addresses import AddressError
from switch.dataplane.messages import Config, CounterCell, EntryName, MeterCell, MeterConfig
from switch.p4runtime.batches import BatchReader
from switch.p4runtime.configs import set_config
from switch.p4runtime.device import Device
from switch.p4runtime.roles import FULL_ACCESS
from switch.thrift.idl import IDL
from switch.thrift.server import MAX_CONNECTIONS, ThriftServer
from switch.thrift.services import make_services

TOTALS = "EverythingIngress.totals"
OFFSETS = "EverythingIngress.offsets"
COUNTER = "EverythingIngress.port_counter"


class Rig:
    def __init__(self):
        self.plane = MemoryPlane()
        self.device = Device(DEVICE_ID, self.plane, cpu_port=510)

    def load(self, verb=Set.VERIFY_AND_COMMIT):
        set_config(self.device, Set(action=verb, config=everything_config()))

    def services(self):
        return make_services(self.device, {1: "s1-eth1", 2: "s1-eth2"}, thrift_port=9090)


@pytest.fixture
def rig():
    rig = Rig()
    with ThriftServer("127.0.0.1:0", rig.services()) as server:
        rig.server = server
        yield rig


def connect(rig, service=IDL.Standard, name="standard"):
    transport = TBufferedTransportFactory().get_transport(
        TSocket("127.0.0.1", rig.server.port, socket_timeout=30_000)
    )
    transport.open()
    protocol = TMultiplexedProtocolFactory(TBinaryProtocolFactory(), name).get_protocol(transport)
    return TClient(service, protocol)


@pytest.fixture
def standard(rig):
    rig.load()
    client = connect(rig)
    yield client
    client.close()


def test_a_register_cell_is_written_and_read(rig, standard):
    standard.bm_register_write(0, TOTALS, 3, 256)
    assert standard.bm_register_read(0, TOTALS, 3) == 256
    assert rig.plane[Config.RUNNING].registers[TOTALS][3] == 256


def test_a_range_of_cells_is_written_without_its_end_and_all_are_read(standard):
    standard.bm_register_write_range(0, TOTALS, 2, 5, 7)
    assert standard.bm_register_read_all(0, TOTALS) == [0, 0, 7, 7, 7] + [0] * 11
    standard.bm_register_write_range(0, TOTALS, 3, 3, 9)
    standard.bm_register_reset(0, TOTALS)
    assert standard.bm_register_read_all(0, TOTALS) == [0] * 16


def test_values_are_cut_to_the_width_of_a_cell_in_twos_complement(rig, standard):
    standard.bm_register_write(0, TOTALS, 0, -1)
    assert standard.bm_register_read(0, TOTALS, 0) == (1 << 32) - 1
    standard.bm_register_write(0, TOTALS, 0, (1 << 40) + 5)
    assert standard.bm_register_read(0, TOTALS, 0) == 5


@pytest.mark.parametrize(
    ("method", "arguments", "code"),
    [
        ("bm_register_read", (0, "nobody", 0), "INVALID_REGISTER_NAME"),
        ("bm_register_read", (1, TOTALS, 0), "INVALID_REGISTER_NAME"),
        ("bm_register_read", (0, TOTALS, 16), "INVALID_INDEX"),
        ("bm_register_read", (0, TOTALS, -1), "INVALID_INDEX"),
        ("bm_register_read_all", (0, "nobody"), "INVALID_REGISTER_NAME"),
        ("bm_register_write", (0, TOTALS, 16, 1), "INVALID_INDEX"),
        ("bm_register_write_range", (0, TOTALS, 5, 4, 1), "INVALID_INDEX"),
        ("bm_register_write_range", (0, TOTALS, 0, 17, 1), "INVALID_INDEX"),
        ("bm_register_write_range", (0, TOTALS, -1, 2, 1), "INVALID_INDEX"),
        ("bm_register_reset", (0, ""), "INVALID_REGISTER_NAME"),
    ],
)
def test_a_register_call_that_cannot_be_done_has_bmv2s_code(standard, method, arguments, code):
    with pytest.raises(IDL.InvalidRegisterOperation) as refused:
        getattr(standard, method)(*arguments)
    assert refused.value.code == getattr(IDL.RegisterOperationErrorCode, code)


def test_without_a_program_there_is_no_register_and_an_empty_config(rig):
    client = connect(rig)
    with pytest.raises(IDL.InvalidRegisterOperation):
        client.bm_register_read(0, TOTALS, 0)
    assert client.bm_get_config() == "{}"


def test_counters_are_read_written_and_reset(rig, standard):
    standard.bm_counter_write(0, COUNTER, 2, IDL.BmCounterValue(bytes=64, packets=1))
    assert rig.plane[Config.RUNNING].counter_arrays[COUNTER][2] == CounterCell(1, 64)
    read = standard.bm_counter_read(0, COUNTER, 2)
    assert (read.packets, read.bytes) == (1, 64)
    standard.bm_counter_reset_all(0, COUNTER)
    assert standard.bm_counter_read(0, COUNTER, 2).packets == 0


@pytest.mark.parametrize(
    ("name", "index", "code"),
    [
        (COUNTER, 8, "INVALID_INDEX"),
        (COUNTER, -1, "INVALID_INDEX"),
        ("nobody", 0, "INVALID_COUNTER_NAME"),
        ("EverythingIngress.dmac_counter", 0, "INVALID_COUNTER_NAME"),
    ],
)
def test_a_counter_call_that_cannot_be_done_has_bmv2s_code(standard, name, index, code):
    with pytest.raises(IDL.InvalidCounterOperation) as refused:
        standard.bm_counter_read(0, name, index)
    assert refused.value.code == getattr(IDL.CounterOperationErrorCode, code)


def test_after_a_save_the_calls_are_about_the_saved_program(rig, standard):
    standard.bm_register_write(0, TOTALS, 0, 1)
    rig.load(Set.VERIFY_AND_SAVE)
    assert standard.bm_register_read(0, TOTALS, 0) == 0
    standard.bm_register_write(0, TOTALS, 0, 2)
    set_config(rig.device, Set(action=Set.COMMIT))
    assert standard.bm_register_read(0, TOTALS, 0) == 2


def test_the_ports_the_switch_and_its_program_are_shown(standard):
    ports = standard.bm_dev_mgr_show_ports()
    assert [(p.port_num, p.iface_name, p.is_up) for p in ports] == [
        (1, "s1-eth1", True),
        (2, "s1-eth2", True),
        (3, "", True),
    ]
    info = standard.bm_mgmt_get_info()
    assert (info.device_id, info.thrift_port) == (DEVICE_ID, 9090)
    assert standard.bm_get_config().encode() == EVERYTHING_JSON
    assert standard.bm_get_config_md5() == hashlib.md5(EVERYTHING_JSON).digest()


def test_the_clocks_are_told(rig):
    client = connect(rig, IDL.SimpleSwitch, "simple_switch")
    assert client.get_time_elapsed_us() == 123456
    before_us = time.time_ns() // 1000
    assert before_us <= client.get_time_since_epoch_us() <= time.time_ns() // 1000


def test_an_unknown_method_or_service_is_said_to_be_one_and_the_connection_stays(rig, standard):
    for service, method in (
        ("standard", "bm_serialize_state"),
        ("simple_pre", "bm_register_reset"),
    ):
        with pytest.raises(TApplicationException, match="does not answer"):
            call_raw(rig, f"{service}:{method}")
    assert standard.bm_register_read(0, TOTALS, 0) == 0


def call_raw(rig, name):
    """Call a method without arguments; its exception, or what is left to be read."""
    protocol = TBinaryProtocolFactory().get_protocol(
        TBufferedTransportFactory().get_transport(
            TSocket("127.0.0.1", rig.server.port, socket_timeout=30_000)
        )
    )
    protocol.trans.open()
    protocol.write_message_begin(name, 1, 0)
    protocol.write_struct(type("Nothing", (), {"thrift_spec": {}})())
    protocol.write_message_end()
    protocol.trans.flush()
    _, kind, _ = protocol.read_message_begin()
    assert kind == 3
    error = TApplicationException()
    error.read(protocol)
    raise error


def test_a_call_without_its_arguments_is_refused(rig, standard):
    with pytest.raises(TApplicationException, match="lacks an argument"):
        call_raw(rig, "standard:bm_register_read")


def test_a_dead_worker_fails_the_call_only(rig, standard):
    rig.plane.is_gone = True
    with pytest.raises(IDL.InvalidRegisterOperation) as refused:
        standard.bm_register_read(0, TOTALS, 0)
    assert refused.value.code == IDL.RegisterOperationErrorCode.ERROR
    rig.plane.is_gone = False
    assert standard.bm_register_read(0, TOTALS, 0) == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 64,
        b"\xff" * 64,
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!II", 0x80010001, 0x7FFFFFFF) + b"standard:",
        struct.pack("!IiI", 0x80010001, -5, 0),
        struct.pack("!II", 0x80010001, 25) + b"standard:bm_register_read" + b"\x00" * 4 + b"\x0f",
    ],
)
def test_nonsense_ends_the_connection_only(rig, standard, garbage):
    with socket.create_connection(("127.0.0.1", rig.server.port), timeout=30) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert standard.bm_register_read(0, TOTALS, 0) == 0


def test_connections_are_limited_and_given_back(rig, standard):
    address = ("127.0.0.1", rig.server.port)
    held = [socket.create_connection(address, timeout=30) for _ in range(MAX_CONNECTIONS - 1)]
    with socket.create_connection(address, timeout=30) as refused:
        assert refused.recv(1) == b""
    for connection in held:
        connection.close()
    wait_for(lambda: len(rig.server._connections) == 1)
    assert standard.bm_register_read(0, TOTALS, 0) == 0


def test_a_port_that_is_taken_is_told_with_the_option_that_changes_it(rig):
    address = f"127.0.0.1:{rig.server.port}"
    with (
        pytest.raises(AddressError, match=rf"Thrift at {address}: .*in use.*--thrift"),
        ThriftServer(address, rig.services()),
    ):
        pass


def test_stopping_cuts_the_connections():
    rig = Rig()
    with ThriftServer("127.0.0.1:0", rig.services()) as server:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        wait_for(lambda: server._connections)
    assert connection.recv(1) == b""
    assert server._connections == {}
    connection.close()


def test_egress_queues_get_depths_and_rates(rig):
    client = connect(rig, IDL.SimpleSwitch, "simple_switch")
    assert client.set_all_egress_queue_depths(1) == 0
    assert client.set_egress_queue_depth(2, 2) == 0
    assert client.set_egress_priority_queue_depth(2, 0, 3) == 0
    taken = {port: sum(rig.plane.queues.push(port, 0, 0, 0) for _ in range(9)) for port in (1, 2)}
    assert taken == {1: 1, 2: 3}
    for change in (
        lambda: client.set_all_egress_queue_rates(10),
        lambda: client.set_egress_queue_rate(5, 10),
        lambda: client.set_egress_priority_queue_rate(5, 0, 10),
    ):
        rig.plane.queues.set_rate(0)
        assert change() == 0
        assert rig.plane.queues.limits(5)
    client.close()


def test_a_negative_depth_or_rate_is_as_good_as_none(rig):
    client = connect(rig, IDL.SimpleSwitch, "simple_switch")
    client.set_egress_queue_rate(5, -1)
    client.set_egress_queue_depth(5, -1)
    assert not rig.plane.queues.limits(5)
    assert all(rig.plane.queues.push(5, 0, 0, 0) for _ in range(100))
    client.close()


def test_a_priority_without_a_queue_is_refused_by_name(rig):
    client = connect(rig, IDL.SimpleSwitch, "simple_switch")
    with pytest.raises(TApplicationException, match="no priority 3"):
        client.set_egress_priority_queue_rate(1, 3, 10)
    client.close()


@pytest.mark.bmv2
def test_bmv2s_own_command_line_reads_and_writes(rig):
    rig.load()
    commands = "register_write totals 3 77\nregister_read totals 3\nshow_ports\nswitch_info\n"
    commands += "counter_read port_counter 1\nregister_reset totals\nregister_read totals\n"
    done = subprocess.run(
        ["simple_switch_CLI", "--thrift-port", str(rig.server.port)],
        input=commands + "get_time_elapsed\n",
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert "totals[3]= 77" in done.stdout, done.stdout + done.stderr
    assert "s1-eth1" in done.stdout
    assert "(0 bytes, 0 packets)" in done.stdout
    assert "0, 0, 0" in done.stdout
    assert "123456" in done.stdout


def fill_tables(rig):
    """Entries of every kind of key and action."""
    route = lpm(1, b"\x0a\x00\x00\x00\x00\x00", 8)
    key = [ternary(1, b"\x0a", b"\x0f"), limits(2, b"\x01", b"\x05"), exact(4, b"\x07")]
    member = p4r.ActionProfileMember(
        action_profile_id=p4_id("hops"), member_id=5, action=action("set_hop", b"\x01")
    )
    profiled = table_entry("profiled", [exact(1, b"\x01")])
    profiled.action.action_profile_member_id = 5
    updates = [
        insert(action_profile_member=member),
        insert(table_entry=profiled),
        insert(table_entry=table_entry("dmac", [exact(1, b"\x09")], action("forward", b"\x02"))),
        insert(table_entry=table_entry("route", [route], action("set_color"))),
        insert(table_entry=table_entry("acl", key, action("set_hop", b"\x03"), priority=10)),
    ]
    request = p4r.WriteRequest(updates=updates)
    rig.device.write(BatchReader().read(request.SerializeToString()), FULL_ACCESS)


def test_the_entries_of_tables_are_shown(rig, standard):
    fill_tables(rig)
    assert standard.bm_mt_get_num_entries(0, "EverythingIngress.dmac") == 1
    (entry,) = standard.bm_mt_get_entries(0, "EverythingIngress.dmac")
    assert entry.match_key[0].exact.key == b"\x00\x00\x00\x00\x00\x09"
    assert entry.action_entry.action_name == "EverythingIngress.forward"
    assert (entry.action_entry.action_data, entry.options.priority) == ([b"\x02"], -1)
    (entry,) = standard.bm_mt_get_entries(0, "EverythingIngress.route")
    assert entry.match_key[0].lpm.prefix_length == 8
    (entry,) = standard.bm_mt_get_entries(0, "EverythingIngress.acl")
    assert entry.options.priority == 0x7FFFFFFF - 10
    source, kind, port, destination = entry.match_key
    assert (source.ternary.key[-1:], source.ternary.mask[-1:]) == (b"\x0a", b"\x0f")
    assert (kind.range.start, kind.range.end_) == (b"\x00\x01", b"\x00\x05")
    assert port.ternary.mask == b"\x00\x00"
    assert destination.exact.key[-1:] == b"\x07"
    (entry,) = standard.bm_mt_get_entries(0, "EverythingIngress.profiled")
    assert entry.action_entry.mbr_handle == 4
    (member,) = standard.bm_mt_act_prof_get_members(0, "EverythingIngress.hops")
    assert (member.mbr_handle, member.action_data) == (4, [b"\x01"])
    default = standard.bm_mt_get_default_entry(0, "EverythingIngress.dmac")
    assert default.action_name == "EverythingIngress.drop"


def test_direct_counters_and_rates_of_meters_are_shown(rig, standard):
    fill_tables(rig)
    name = EntryName("EverythingIngress.dmac", (9,))
    rig.plane.write_direct_counters(Config.RUNNING, [(name, CounterCell(3, 300))])
    counted = standard.bm_mt_read_counter(0, "EverythingIngress.dmac", 0)
    assert (counted.packets, counted.bytes) == (3, 300)
    codes = IDL.TableOperationErrorCode
    for table, handle, code in (
        ("dmac", 1, codes.INVALID_HANDLE),
        ("dmac", -1, codes.INVALID_HANDLE),
        ("smac", 0, codes.COUNTERS_DISABLED),
    ):
        with pytest.raises(IDL.InvalidTableOperation) as failed:
            standard.bm_mt_read_counter(0, f"EverythingIngress.{table}", handle)
        assert failed.value.code == code
    meter = "EverythingIngress.port_meter"
    assert standard.bm_meter_get_rates(0, meter, 1) == []
    cell = MeterCell(MeterConfig(1_000_000, 2, 3_000_000, 4))
    rig.plane.write_meters(Config.RUNNING, meter, 1, [cell])
    rates = standard.bm_meter_get_rates(0, meter, 1)
    assert [(rate.units_per_micros, rate.burst_size) for rate in rates] == [(1, 2), (3, 4)]
    for array, index, code in (("none", 0, 1), (meter, 9999, 2)):
        with pytest.raises(IDL.InvalidMeterOperation) as failed:
            standard.bm_meter_get_rates(0, array, index)
        assert failed.value.code == code


def test_a_table_or_profile_that_is_not_there_has_bmv2s_code(standard):
    code = IDL.TableOperationErrorCode
    with pytest.raises(IDL.InvalidTableOperation) as failed:
        standard.bm_mt_get_entries(0, "none")
    assert failed.value.code == code.INVALID_TABLE_NAME
    with pytest.raises(IDL.InvalidTableOperation) as failed:
        standard.bm_mt_act_prof_get_groups(0, "none")
    assert failed.value.code == code.INVALID_ACTION_PROFILE_NAME


def test_connections_are_taken_again_when_the_process_has_descriptors_again(rig, caplog):
    rig.load()
    first, second = (socket.socket() for _ in range(2))
    limits_before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits_before[1]))
        for client in (first, second):  # one descriptor is taken before a client is waited for
            client.connect(("127.0.0.1", rig.server.port))
        wait_for(lambda: "no Thrift connection can be taken" in caplog.text)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits_before)
    client = connect(rig)
    assert client.bm_register_read(0, TOTALS, 0) == 0
    for one in (first, second, client):
        one.close()
