"""The switch itself: its ports, its program, its egress queues and its clock."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from switch.dataplane.errors import DataPlaneError
from switch.p4runtime.device import Device
from switch.p4runtime.device_config import program_json
from switch.thrift.calls import Calls
from switch.thrift.idl import IDL

NO_PROGRAM = "{}"
"""The configuration of a switch without a program."""


class SwitchCalls(Calls):
    """The calls of `standard` on ports and the program."""

    def __init__(self, device: Device, interfaces: Mapping[int, str], thrift_port: int) -> None:
        super().__init__(device)
        self._interfaces = interfaces
        self._thrift_port = thrift_port

    def bm_dev_mgr_show_ports(self) -> list[Any]:
        """All ports and whether they are up."""
        try:
            ports = self.device.plane.ports()
        except DataPlaneError as error:
            raise IDL.InvalidDevMgrOperation(code=IDL.DevMgrErrorCode.ERROR) from error
        return [
            IDL.DevMgrPortInfo(
                port_num=port, iface_name=self._interfaces.get(port, ""), is_up=is_up, extra={}
            )
            for port, is_up in sorted(ports.items())
        ]

    def bm_dev_mgr_add_port(self, iface_name: str, port_num: int, pcap_path: str) -> None:
        """Refused: ports are given on the command line."""
        raise IDL.InvalidDevMgrOperation(code=IDL.DevMgrErrorCode.ERROR)

    def bm_dev_mgr_remove_port(self, port_num: int) -> None:
        """Refused likewise."""
        raise IDL.InvalidDevMgrOperation(code=IDL.DevMgrErrorCode.ERROR)

    def bm_load_new_config(self, config_str: str) -> None:
        """Refused, as by BMv2 without `--enable-swap`: programs come by P4Runtime."""
        raise IDL.InvalidSwapOperation(code=IDL.SwapOperationErrorCode.CONFIG_SWAP_DISABLED)

    def bm_swap_configs(self) -> None:
        """Refused likewise."""
        raise IDL.InvalidSwapOperation(code=IDL.SwapOperationErrorCode.CONFIG_SWAP_DISABLED)

    def bm_mgmt_get_info(self) -> Any:
        """Who this is."""
        return IDL.BmConfig(device_id=self.device.device_id, thrift_port=self._thrift_port)

    def bm_get_config(self) -> str:
        """The program's JSON."""
        pipeline = self.device.controlled
        if pipeline is None:
            return NO_PROGRAM
        return program_json(pipeline.config.p4_device_config).decode("utf-8", "replace")

    def bm_get_config_md5(self) -> bytes:
        """The MD5 sum of the program's JSON; by it the command line tells if it has the same."""
        config = self.bm_get_config().encode("utf-8")
        return hashlib.md5(config, usedforsecurity=False).digest()


class QueueCalls(Calls):
    """The calls of `simple_switch` on egress queues, and on the clock.

    Depths and rates below 0 are, as in BMv2, the largest that there are.
    """

    def set_egress_priority_queue_depth(self, port_num: int, priority: int, depth_pkts: int) -> int:
        """How many packets one queue of a port holds."""
        self.device.plane.set_queue_depth(depth_pkts % (1 << 32), port_num, priority)
        return 0

    def set_egress_queue_depth(self, port_num: int, depth_pkts: int) -> int:
        """How many packets each queue of a port holds."""
        self.device.plane.set_queue_depth(depth_pkts % (1 << 32), port_num)
        return 0

    def set_all_egress_queue_depths(self, depth_pkts: int) -> int:
        """How many packets each queue holds."""
        self.device.plane.set_queue_depth(depth_pkts % (1 << 32))
        return 0

    def set_egress_priority_queue_rate(self, port_num: int, priority: int, rate_pps: int) -> int:
        """How many packets a second leave one queue of a port; 0: no limit."""
        self.device.plane.set_queue_rate(rate_pps % (1 << 64), port_num, priority)
        return 0

    def set_egress_queue_rate(self, port_num: int, rate_pps: int) -> int:
        """How many packets a second leave each queue of a port; 0: no limit."""
        self.device.plane.set_queue_rate(rate_pps % (1 << 64), port_num)
        return 0

    def set_all_egress_queue_rates(self, rate_pps: int) -> int:
        """How many packets a second leave each queue; 0: no limit."""
        self.device.plane.set_queue_rate(rate_pps % (1 << 64))
        return 0

    def get_time_elapsed_us(self) -> int:
        """The switch's clock, which `ingress_global_timestamp` shows."""
        return self.device.plane.clock_us()

    def get_time_since_epoch_us(self) -> int:
        """The time of day."""
        return time.time_ns() // 1000
