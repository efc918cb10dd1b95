"""The Thrift calls on the whole switch: reset of its state, hashes, and what it refuses."""

from p4rt import action, exact, insert, table_entry
from thrift_clients import INGRESS, WITHOUT_PRIORITY, exactly, mac, refusal

from switch.dataplane.messages import Config, CounterCell
from switch.thrift.idl import IDL

FORWARD = INGRESS + "forward"


def test_a_reset_empties_everything_but_the_program_and_what_is_constant(thrift, primary, rig):
    act = action("forward", b"\x02")
    primary.write(insert(table_entry=table_entry("dmac", [exact(1, b"\x05")], act)))
    thrift.mt_set_default_action("dmac", FORWARD, [b"\x01"])
    for profile in ("hops", "ways"):
        thrift.mt_act_prof_add_member(profile, FORWARD, [b"\x01"])
    thrift.mt_act_prof_create_group("ways")
    thrift.mt_act_prof_add_member_to_group("ways", 0, 0)
    key = [exactly(b"\x08\x00")]
    thrift.mt_indirect_ws_add_entry("selected", key, 0, WITHOUT_PRIORITY)
    pre = thrift.simple_pre_lag
    pre.bm_mc_mgrp_create(0, 3)
    pre.bm_mc_node_associate(0, 3, pre.bm_mc_node_create(0, 0, "1", ""))
    pre.bm_mc_node_create(0, 0, "1", "")
    thrift.simple_switch.mirroring_session_add(5, IDL.MirroringSessionConfig(port=1))
    thrift.register_write("totals", 3, 7)
    thrift.counter_write("port_counter", 3, IDL.BmCounterValue(1, 1))
    thrift.meter_array_set_rates("port_meter", [IDL.BmMeterRateConfig(1, 1)] * 2)

    thrift.standard.bm_reset_state()

    running = rig.plane[Config.RUNNING]
    assert {table for table, _, _ in running.entries} == {INGRESS + "fixed"}
    assert running.defaults[INGRESS + "dmac"] is None
    assert running.members == running.groups == rig.plane.multicast_groups == {}
    assert set(running.registers[INGRESS + "totals"]) == {0}
    assert set(running.counter_arrays[INGRESS + "port_counter"]) == {CounterCell()}
    assert {meter.config for meter in running.meter_arrays[INGRESS + "port_meter"]} == {None}
    assert 5 in rig.plane.clone_sessions
    assert pre.bm_mc_node_create(0, 0, "1", "") == 0
    assert thrift.mt_get_num_entries("fixed") == 3
    key = [exactly(mac(1))]
    assert thrift.mt_add_entry("dmac", key, FORWARD, [b"\x02"], WITHOUT_PRIORITY) == 0


def test_hashes_that_are_not_custom_have_no_parameters(thrift):
    config = IDL.BmCrc16Config(0x1021, -1, 0, True, True)
    call = thrift.standard.bm_set_crc16_custom_parameters
    assert refusal(call, 0, "none", config) == "INVALID_CALCULATION_NAME"


def test_ports_and_programs_are_not_changed_over_thrift(thrift):
    standard = thrift.standard
    for call, *arguments, code in (
        (standard.bm_dev_mgr_add_port, "eth9", 9, "", "ERROR"),
        (standard.bm_dev_mgr_remove_port, 1, "ERROR"),
        (standard.bm_load_new_config, "{}", "CONFIG_SWAP_DISABLED"),
        (standard.bm_swap_configs, "CONFIG_SWAP_DISABLED"),
    ):
        assert refusal(call, *arguments) == code
