"""The management entity's options as oslo.config declares them: names, defaults, ranges, help.

Choices: names carry their units. Defaults of what others use are their users' own, so there is one
place for each. ``controller.config.settings`` reads the values.
"""

from __future__ import annotations

from collections.abc import Sequence

from oslo_config import cfg

from controller.config.metrics_options import METRICS_OPTIONS
from controller.config.page_options import DASHBOARD_OPTIONS
from controller.config.rpc_options import RPC_OPTIONS
from controller.discovery.options import DISCOVERY_OPTIONS
from controller.forwarding.options import FORWARDING_OPTIONS
from controller.load.options import LOAD_OPTIONS
from controller.migration.site import MigrationOptions
from controller.scaling.options import SCALING_OPTIONS
from controller.southbound.driver import DriverOptions

JOURNAL_NAME = "hitless-journal.sqlite"
"The journal's name where none is set: it lies beside the network file then."

_NODE = DriverOptions()
_MIGRATION = MigrationOptions()

PROCESS_OPTIONS = [
    cfg.StrOpt(
        "network_file",
        help="YAML file with programs, nodes, links, hosts, groups, entries and functions. "
        "Relative to the file that sets it.",
    ),
    cfg.StrOpt(
        "policy_file",
        help="YAML file that says how functions are placed: thresholds of load, which nodes may "
        "run what, and what happens when a node fails. Default: nothing is wanted.",
    ),
    cfg.StrOpt(
        "journal_file",
        help="SQLite file in which migrations are written down before each step. "
        f"Default: {JOURNAL_NAME} beside the network file.",
    ),
    cfg.StrOpt(
        "rpc_socket",
        help="Unix socket on which operators' commands are answered. Default: as the command "
        "hitless looks for it, see hitless --help.",
    ),
    cfg.StrOpt(
        "event_log",
        help="File to which events are appended, one line of JSON each. Relative to the file that "
        "sets it. Default: none.",
    ),
    cfg.IntOpt(
        "event_log_max_bytes",
        default=10_000_000,
        min=0,
        help="The event log is rotated before it gets larger; 0: never.",
    ),
    cfg.IntOpt(
        "event_log_kept",
        default=5,
        min=0,
        help="How many older event logs are kept.",
    ),
    cfg.FloatOpt(
        "audit_interval_s",
        default=10.0,
        min=0.0,
        help="All nodes are asked what they really enforce this often; 0: only when there is a "
        "reason to.",
    ),
    cfg.FloatOpt(
        "startup_timeout_s",
        default=10.0,
        min=0.0,
        help="Nodes that are not ready by then are not waited for any longer before migrations "
        "that were under way when the management entity ended are finished or undone, and "
        "functions that no node enforces are placed as described.",
    ),
]

NODE_OPTIONS = [
    cfg.FloatOpt(
        "call_timeout_s",
        default=_NODE.call_timeout_s,
        min=0.01,
        help="Time limit of one read, write or probe at a node.",
    ),
    cfg.FloatOpt(
        "push_timeout_s",
        default=_NODE.push_timeout_s,
        min=0.1,
        help="Time limit of one push of a program to a node.",
    ),
    cfg.FloatOpt(
        "connect_timeout_s",
        default=_NODE.connect_timeout_s,
        min=0.01,
        help="Time limit of opening a session with a node.",
    ),
    cfg.FloatOpt(
        "backoff_limit_s",
        default=_NODE.backoff_limit_s,
        min=0.01,
        help="Longest pause between two tries to reach a node.",
    ),
    cfg.FloatOpt(
        "keepalive_s",
        default=_NODE.keepalive_s,
        min=0.1,
        help="A silent session is probed this often, and given up when a probe is not answered.",
    ),
    cfg.IntOpt(
        "array_read_limit",
        default=_NODE.array_read_limit,
        min=1,
        help="BMv2: register arrays of up to this many cells are read by one call, which stalls "
        "the packets that use them meanwhile; larger ones cell by cell.",
    ),
    cfg.FloatOpt(
        "array_read_pause_s",
        default=_NODE.array_read_pause_s,
        min=0.0,
        help="BMv2: least pause between two such calls.",
    ),
    cfg.IntOpt(
        "egress_queue_depth",
        default=_NODE.egress_queue_depth,
        min=1,
        help="BMv2: packets that each egress queue may hold.",
    ),
]

NODE_TLS_OPTIONS = [
    cfg.StrOpt(
        "ca",
        help="PEM file with the authorities whose certificates nodes may show. With it P4Runtime "
        "goes over TLS to all nodes, each known by the host of its address; without it, plainly. "
        "BMv2's Thrift port knows no TLS, and gRPC no Ed25519 certificates. Relative to the file "
        "that sets it, as the next two.",
    ),
    cfg.StrOpt(
        "certificate",
        help="PEM file with the certificate that is shown to nodes that ask for one.",
    ),
    cfg.StrOpt("key", help="PEM file with the certificate's key."),
]

MIGRATION_OPTIONS = [
    cfg.FloatOpt(
        "probe_timeout_s",
        default=_MIGRATION.probe_timeout_s,
        min=0.1,
        help="How long the way between two nodes is probed before it counts as broken. A migration "
        "goes on only when probes tell that packets under way have arrived.",
    ),
    cfg.IntOpt(
        "copy_rounds",
        default=_MIGRATION.copy_rounds,
        min=1,
        help="Rounds of copying after which a migration is given up, if state still changes.",
    ),
    cfg.FloatOpt(
        "retry_s",
        default=_MIGRATION.retry_s,
        min=0.0,
        help="A step past the commit point, or an undo, is tried again for so long before the "
        "migration waits for the node.",
    ),
    cfg.IntOpt(
        "history",
        default=_MIGRATION.history,
        min=10,
        help="Ended migrations that the journal keeps, the latest. Those that have not ended are "
        "kept however many there are.",
    ),
]

GROUPS: dict[str, Sequence[cfg.Opt]] = {
    "node": [*NODE_OPTIONS, *NODE_TLS_OPTIONS],
    "migration": MIGRATION_OPTIONS,
    "forwarding": FORWARDING_OPTIONS,
    "dashboard": DASHBOARD_OPTIONS,
    "load": LOAD_OPTIONS,
    "metrics": METRICS_OPTIONS,
    "rpc": RPC_OPTIONS,
    "scaling": SCALING_OPTIONS,
    "discovery": DISCOVERY_OPTIONS,
}


def list_opts() -> list[tuple[str | None, Sequence[cfg.Opt]]]:
    """Return all options by group, for oslo-config-generator."""
    return [(None, PROCESS_OPTIONS), *GROUPS.items()]
