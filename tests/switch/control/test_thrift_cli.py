"""BMv2's own command line on both switches: what it prints must be the same."""

import pytest
from p4rt import PROGRAMS
from switch_process import running_switch

from tests.switch.bmv2 import SimpleSwitch, command_line

pytestmark = pytest.mark.bmv2

JSON, P4INFO = PROGRAMS / "everything.json", PROGRAMS / "everything.p4info.txtpb"

TABLES = """
table_add dmac forward 00:00:00:00:00:01 => 1
table_add dmac forward 00:00:00:00:00:02 => 2
table_add dmac drop 00:00:00:00:00:03 =>
table_add dmac forward 00:00:00:00:00:01 => 3
table_add dmac set_hop 00:00:00:00:00:07 => 5
table_dump dmac
table_modify dmac forward 1 7
table_dump_entry dmac 1
table_delete dmac 1
table_delete dmac 1
table_add dmac forward 00:00:00:00:00:05 => 5
table_add dmac forward 00:00:00:00:00:06 => 6
table_modify dmac forward 1 7
table_delete dmac 1
table_delete dmac 16777217
table_delete dmac 99
table_num_entries dmac
table_dump dmac
table_dump_entry_from_key dmac 00:00:00:00:00:06
table_dump_entry_from_key dmac 00:00:00:00:00:99
table_set_default dmac forward 3
table_dump dmac
table_reset_default dmac
table_dump dmac
table_clear dmac
table_num_entries dmac
table_add dmac forward 00:00:00:00:00:05 => 5
table_add route set_color 00:00:0a:00:00:00/24 =>
table_add route set_color_hop 00:00:0a:00:01:00/40 => 4
table_add route set_color_hop 00:00:00:00:00:00/0 => 4
table_add route set_color_hop 00:00:00:00:00:00/49 => 4
table_dump route
table_add acl set_hop 0xff&&&0x0f 1->5 0&&&0 00:00:00:00:00:07 => 9 10
table_add acl drop 0&&&0 0->0xffff 1&&&0x1ff 00:00:00:00:00:07 => 20
table_add acl drop 0&&&0 0->0xffff 1&&&0x1ff 00:00:00:00:00:07 => 20
table_add acl drop 0&&&0 0->0xffff 1&&&0x1ff 00:00:00:00:00:07 => 21
table_dump acl
table_dump_entry_from_key acl 0&&&0 0->0xffff 1&&&0x1ff 00:00:00:00:00:07 21
table_add smac NoAction 00:00:00:00:00:01 =>
table_set_timeout smac 0 1000
table_set_timeout smac 7 1000
table_set_timeout dmac 0 1000
table_add fixed NoAction 1&&&1 => 1
table_modify fixed NoAction 0 =>
table_delete fixed 0
table_set_default fixed set_hop 1
table_reset_default fixed
table_dump started
table_add keyless set_hop => 1
table_set_default keyless set_hop 5
table_dump keyless
table_add profiled set_hop 1 => 1
"""

COUNTERS_AND_METERS = """
table_clear dmac
table_clear route
table_add dmac forward 00:00:00:00:00:05 => 5
counter_write dmac_counter 0 3 300
counter_read dmac_counter 0
counter_reset dmac_counter
counter_read dmac_counter 0
counter_read dmac_counter 5
counter_write port_counter 2 3 300
counter_read port_counter 2
counter_reset port_counter
counter_read port_counter 2
meter_set_rates port_meter 1 0.5:10 1:20
meter_get_rates port_meter 1
meter_get_rates port_meter 0
meter_array_set_rates port_meter 0.000128:9000 0.001:18000
meter_get_rates port_meter 3
meter_set_rates port_meter 1 0.5:10
meter_set_rates port_meter 9 0.5:10 1:20
table_add route set_color 00:00:0a:00:00:00/24 =>
meter_set_rates route_meter 0 0.5:10 1:20
meter_get_rates route_meter 0
meter_set_rates route_meter 8 0.5:10 1:20
table_modify route set_color_hop 0 => 1
meter_get_rates route_meter 0
"""

REPLICATION = """
mc_mgrp_create 1
mc_mgrp_create 1
mc_node_create 5 1 2 3
mc_node_create 6 2
mc_node_associate 1 0
mc_node_associate 1 1
mc_node_associate 1 1
mc_node_associate 2 1
mc_node_associate 1 9
mc_dump
mc_node_update 1 3 1
mc_dump
mc_node_dissociate 1 1
mc_node_dissociate 1 1
mc_node_dissociate 7 1
mc_dump
mc_node_update 1 2
mc_node_associate 1 1
mc_node_destroy 0
mc_node_destroy 0
mc_dump
mc_node_create 0 3
mc_node_associate 1 0
mc_dump
mc_node_destroy 0
mc_node_destroy 1
mc_mgrp_destroy 1
mc_mgrp_destroy 1
mc_dump
mirroring_get 5
mirroring_add 5 2
mirroring_add 5 3
mirroring_get 5
mc_mgrp_create 1
mirroring_add_mc 6 1
mirroring_add_mc 7 99
mirroring_get 6
mirroring_get 7
mirroring_delete 5
mirroring_delete 5
mirroring_delete 6
mirroring_get 6
"""

PROFILES = """
act_prof_create_member hops set_hop 5
act_prof_create_member hops forward 2
act_prof_create_member hops drop
act_prof_modify_member hops set_hop 0 9
act_prof_modify_member hops set_hop 7 9
act_prof_dump hops
act_prof_dump_member hops 1
act_prof_dump_member hops 4
table_indirect_add profiled 0x800 => 0
table_indirect_add profiled 0x801 => 1
table_indirect_add profiled 0x801 => 0
table_indirect_add profiled 0x802 => 5
table_dump profiled
act_prof_delete_member hops 1
table_indirect_delete profiled 1
table_indirect_delete profiled 1
act_prof_delete_member hops 1
act_prof_delete_member hops 1
act_prof_create_member hops forward 3
table_dump profiled
table_num_entries profiled
table_indirect_reset_default profiled
table_clear profiled
act_prof_create_group hops
act_prof_create_group ways
act_prof_create_group ways
act_prof_create_member ways set_hop 5
act_prof_create_member ways forward 2
act_prof_add_member_to_group ways 0 0
act_prof_add_member_to_group ways 1 0
act_prof_add_member_to_group ways 1 0
act_prof_add_member_to_group ways 4 0
act_prof_add_member_to_group ways 1 4
act_prof_dump ways
act_prof_dump_group ways 0
act_prof_dump_group ways 5
act_prof_remove_member_from_group ways 1 0
act_prof_remove_member_from_group ways 1 0
act_prof_delete_member ways 0
table_indirect_add_with_group selected 0x800 => 0
table_indirect_add_with_group selected 0x801 => 1
table_indirect_add selected 0x802 => 1
table_dump selected
act_prof_delete_group ways 0
table_indirect_delete selected 0
act_prof_delete_group ways 0
"""

SCRIPT = TABLES + COUNTERS_AND_METERS + REPLICATION + PROFILES


def test_the_command_line_prints_the_same():
    commands = [line for line in SCRIPT.splitlines() if line]
    with SimpleSwitch(JSON, {}) as bmv2:
        theirs = _answers(bmv2.cli(commands))
    arguments = ("--thrift", "127.0.0.1:0", "--program", JSON, "--p4info", P4INFO)
    with running_switch(*map(str, arguments)) as switch:
        ours = _answers(command_line(int(switch.thrift.rpartition(":")[2]), commands))
    assert len(theirs) == len(commands) + 1
    for command, our_answer, their_answer in zip(commands, ours, theirs, strict=False):
        assert (command, our_answer) == (command, their_answer)
    assert len(ours) == len(theirs)


def _answers(printed: str) -> list[str]:
    """What was printed for each command, and at the end."""
    return printed.split("RuntimeCmd: ")[1:]
