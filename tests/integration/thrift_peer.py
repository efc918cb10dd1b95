"""BMv2's Thrift server for tests, on a real socket, that can be told to misbehave.

It has registers, a packet replication engine that notes which copies a packet would get after each
call, and clone sessions; and it can stall, hang up, and refuse.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time

from southbound_tools import LIMIT_S
from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.thrift import TMultiplexedProcessor, TProcessor
from thriftpy2.transport import TBufferedTransport, TSocket, TTransportException

from controller.southbound.thrift_client import IDL

LARGEST = (1 << 63) - 1


class Standard:
    """Registers, and the program that the switch loaded last."""

    def __init__(self, registers: dict[str, list[int]]) -> None:
        self.registers = registers
        self.calls: list[tuple] = []
        self.times: list[float] = []
        self.stalled = threading.Event()
        self.stalled.set()
        self.md5 = b""
        self.table_ids: dict[str, int] = {}

    def bm_register_read(self, cxt_id, register_array_name, idx):
        cells = self._cells("read", register_array_name, idx)
        if idx >= len(cells):
            raise IDL.InvalidRegisterOperation(IDL.RegisterOperationErrorCode.INVALID_INDEX)
        return min(cells[idx], LARGEST)

    def bm_register_read_all(self, cxt_id, register_array_name):
        return [min(c, LARGEST) for c in self._cells("read_all", register_array_name)]

    def bm_register_write(self, cxt_id, register_array_name, index, value):
        self._cells("write", register_array_name, index, value)[index] = value

    def bm_register_write_range(self, cxt_id, register_array_name, start_index, end_index, value):
        cells = self._cells("write_range", register_array_name, start_index, end_index, value)
        cells[start_index:end_index] = [value] * (end_index - start_index)

    def bm_get_config_md5(self):
        return self.md5

    def bm_get_id_from_name(self, cxt_id, resource_type, resource_name):
        if resource_name not in self.table_ids:
            raise IDL.InvalidIdLookup(IDL.IdLookupErrorCode.INVALID_RESOURCE_NAME)
        return self.table_ids[resource_name]

    def _cells(self, call, name, *arguments):
        self.calls.append((call, name, *arguments))
        self.times.append(time.monotonic())
        self.stalled.wait(2 * LIMIT_S)  # longer than a client does
        if name not in self.registers:
            raise IDL.InvalidRegisterOperation(IDL.RegisterOperationErrorCode.INVALID_REGISTER_NAME)
        return self.registers[name]


class Engine:
    """The packet replication engine."""

    def __init__(self) -> None:
        self.groups: dict[int, list[int]] = {}
        self.nodes: dict[int, tuple[int, set[int]]] = {}
        self.history: list[dict[int, list[tuple[int, int]]]] = []

    def copies(self) -> dict[int, list[tuple[int, int]]]:
        """Return port and replication id of each copy that each group makes now."""
        return {
            group: sorted((port, self.nodes[h][0]) for h in members for port in self.nodes[h][1])
            for group, members in self.groups.items()
        }

    def bm_mc_mgrp_create(self, cxt_id, mgrp):
        self.groups.setdefault(mgrp, [])
        return self._done(mgrp)

    def bm_mc_mgrp_destroy(self, cxt_id, mgrp_handle):
        self.groups.pop(mgrp_handle, None)
        self._done()

    def bm_mc_node_create(self, cxt_id, rid, port_map, lag_map):
        handle = next(h for h in range(1000) if h not in self.nodes)
        self.nodes[handle] = rid, _ports(port_map)
        return self._done(handle)

    def bm_mc_node_associate(self, cxt_id, mgrp_handle, l1_handle):
        self.groups[mgrp_handle].append(l1_handle)
        self._done()

    def bm_mc_node_update(self, cxt_id, l1_handle, port_map, lag_map):
        self.nodes[l1_handle] = self.nodes[l1_handle][0], _ports(port_map)
        self._done()

    def bm_mc_node_destroy(self, cxt_id, l1_handle):
        if l1_handle not in self.nodes:
            raise IDL.InvalidMcOperation(IDL.McOperationErrorCode.INVALID_L1_HANDLE)
        for members in self.groups.values():
            if l1_handle in members:
                members.remove(l1_handle)
        del self.nodes[l1_handle]
        self._done()

    def bm_mc_get_entries(self, cxt_id):
        return json.dumps(
            {
                "mgrps": [{"id": g, "l1_handles": hs} for g, hs in self.groups.items()],
                "l1_handles": [
                    {"handle": h, "rid": rid, "l2_handle": h} for h, (rid, _) in self.nodes.items()
                ],
                "l2_handles": [
                    {"handle": h, "ports": sorted(ports), "lags": []}
                    for h, (_, ports) in self.nodes.items()
                ],
            }
        )

    def _done(self, result=None):
        self.history.append(self.copies())
        return result


class SimpleSwitch:
    """Clone sessions, queue depths and the clock."""

    def __init__(self) -> None:
        self.sessions: dict[int, object] = {}
        self.depths: list[int] = []
        self.began_ns = time.monotonic_ns()

    def mirroring_session_add(self, mirror_id, config):
        self.sessions[mirror_id] = config

    def mirroring_session_delete(self, mirror_id):
        if self.sessions.pop(mirror_id, None) is None:
            raise self._unknown()

    def mirroring_session_get(self, mirror_id):
        if mirror_id not in self.sessions:
            raise self._unknown()
        return self.sessions[mirror_id]

    def set_all_egress_queue_depths(self, depth_pkts):
        self.depths.append(depth_pkts)
        return 0

    def get_time_elapsed_us(self):
        return (time.monotonic_ns() - self.began_ns) // 1000

    def _unknown(self):
        return IDL.InvalidMirroringOperation(IDL.MirroringOperationErrorCode.SESSION_NOT_FOUND)


class FakeThrift:
    """The server: accepts connections, serves each in a thread, and can hang up on all."""

    def __init__(self, registers: dict[str, list[int]] | None = None) -> None:
        self.standard = Standard(registers or {})
        self.engine = Engine()
        self.switch = SimpleSwitch()
        self.services = {
            "standard": (IDL.Standard, self.standard),
            "simple_pre_lag": (IDL.SimplePreLAG, self.engine),
            "simple_switch": (IDL.SimpleSwitch, self.switch),
        }
        self.accepted = 0
        self.port = 0
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Listen, on the same port as the last time if there was one."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening and hang up."""
        self.standard.stalled.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._connections.clear()

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self.port}"

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.accepted += 1
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        processor = TMultiplexedProcessor()
        for name, (service, handler) in self.services.items():
            processor.register_processor(name, TProcessor(service, handler))
        protocol = TBinaryProtocol(TBufferedTransport(TSocket(sock=connection)))
        with contextlib.suppress(TTransportException, OSError):
            while True:
                processor.process(protocol, protocol)


def _ports(port_map: str) -> set[int]:
    return {port for port, bit in enumerate(reversed(port_map)) if bit == "1"}
