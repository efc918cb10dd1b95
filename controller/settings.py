"""The management entity's options: what may stand in the file given with ``--config-file``.

Choices: oslo.config, as everywhere in os-ken. Names carry their units. A relative path belongs to
the file that sets it, not to the directory the process was started in. A key in one of our own
groups that is no option is refused; in [DEFAULT], which all apps share, it is warned of, because
an app may register its options late.

The apps read ``os_ken.cfg.CONF`` once, through ``Settings.read``; nothing below sees it.
"""

from __future__ import annotations

import dataclasses
import difflib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from os_ken import cfg
from oslo_config import cfg as oslo_cfg

from controller.errors import ConfigError
from controller.migration.site import MigrationOptions
from controller.rpc_address import default_socket
from controller.southbound.driver import DriverOptions

LOG = logging.getLogger(__name__)

JOURNAL_NAME = "hitless-journal.sqlite"
"The journal's name where none is set: it lies beside the network file then."

_NODE = DriverOptions()
_MIGRATION = MigrationOptions()

PROCESS_OPTIONS = [
    oslo_cfg.StrOpt(
        "network_file",
        help="YAML file with programs, nodes, links, hosts, groups, entries and functions. "
        "Relative to the file that sets it.",
    ),
    oslo_cfg.StrOpt(
        "journal_file",
        help="SQLite file in which migrations are written down before each step. "
        f"Default: {JOURNAL_NAME} beside the network file.",
    ),
    oslo_cfg.StrOpt(
        "rpc_socket",
        help="Unix socket on which operators' commands are answered. Default: as the command "
        "hitless looks for it, see hitless --help.",
    ),
    oslo_cfg.FloatOpt(
        "audit_interval_s",
        default=10.0,
        min=0.0,
        help="All nodes are asked what they really enforce this often; 0: only when there is a "
        "reason to.",
    ),
    oslo_cfg.FloatOpt(
        "startup_timeout_s",
        default=10.0,
        min=0.0,
        help="Nodes that are not ready by then are not waited for any longer before migrations "
        "that were under way when the management entity ended are finished or undone, and "
        "functions that no node enforces are placed as described.",
    ),
]

NODE_OPTIONS = [
    oslo_cfg.FloatOpt(
        "call_timeout_s",
        default=_NODE.call_timeout_s,
        min=0.01,
        help="Time limit of one read or write at a node.",
    ),
    oslo_cfg.FloatOpt(
        "push_timeout_s",
        default=_NODE.push_timeout_s,
        min=0.1,
        help="Time limit of one push of a program to a node.",
    ),
    oslo_cfg.FloatOpt(
        "connect_timeout_s",
        default=_NODE.connect_timeout_s,
        min=0.01,
        help="Time limit of opening a session with a node.",
    ),
    oslo_cfg.FloatOpt(
        "backoff_limit_s",
        default=_NODE.backoff_limit_s,
        min=0.01,
        help="Longest pause between two tries to reach a node.",
    ),
    oslo_cfg.FloatOpt(
        "keepalive_s",
        default=_NODE.keepalive_s,
        min=0.1,
        help="A silent session is probed this often, and given up when a probe is not answered.",
    ),
    oslo_cfg.IntOpt(
        "array_read_limit",
        default=_NODE.array_read_limit,
        min=1,
        help="BMv2: register arrays of up to this many cells are read by one call, which stalls "
        "the packets that use them meanwhile; larger ones cell by cell.",
    ),
    oslo_cfg.FloatOpt(
        "array_read_pause_s",
        default=_NODE.array_read_pause_s,
        min=0.0,
        help="BMv2: least pause between two such calls.",
    ),
    oslo_cfg.IntOpt(
        "egress_queue_depth",
        default=_NODE.egress_queue_depth,
        min=1,
        help="BMv2: packets that each egress queue may hold.",
    ),
]

MIGRATION_OPTIONS = [
    oslo_cfg.FloatOpt(
        "probe_timeout_s",
        default=_MIGRATION.probe_timeout_s,
        min=0.1,
        help="How long the way between two nodes is probed before it counts as broken. A migration "
        "goes on only when probes tell that packets under way have arrived.",
    ),
    oslo_cfg.IntOpt(
        "copy_rounds",
        default=_MIGRATION.copy_rounds,
        min=1,
        help="Rounds of copying after which a migration is given up, if state still changes.",
    ),
    oslo_cfg.FloatOpt(
        "retry_s",
        default=_MIGRATION.retry_s,
        min=0.0,
        help="A step past the commit point, or an undo, is tried again for so long before the "
        "migration waits for the node.",
    ),
]

GROUPS = {"node": NODE_OPTIONS, "migration": MIGRATION_OPTIONS}


def list_opts() -> list[tuple[str | None, list[oslo_cfg.Opt]]]:
    """Return all options by group, for oslo-config-generator."""
    return [(None, PROCESS_OPTIONS), *GROUPS.items()]


@dataclass(frozen=True)
class Settings:
    """The options' values, checked; paths are absolute."""

    network_file: Path
    journal_file: Path
    rpc_socket: Path
    audit_interval_s: float = 10.0
    "0: only when there is a reason to."
    startup_timeout_s: float = 10.0
    node: DriverOptions = field(default_factory=DriverOptions)
    migration: MigrationOptions = field(default_factory=MigrationOptions)

    @classmethod
    def read(cls, conf: cfg.ConfigOpts = cfg.CONF) -> Settings:
        """Take the options from os-ken's configuration.

        Raises:
            ConfigError: an option is missing, out of range or unknown; the text names it.
        """
        register(conf)
        refuse_unknown(conf)
        network_file = _path(conf, "network_file")
        if network_file is None:
            raise ConfigError(
                "no network file: give --config-file FILE with a line network_file = PATH"
            )
        values = {
            group: {option.name: _value(conf, option.name, group) for option in options}
            for group, options in GROUPS.items()
        }
        return cls(
            network_file=network_file,
            journal_file=_path(conf, "journal_file") or network_file.with_name(JOURNAL_NAME),
            rpc_socket=_path(conf, "rpc_socket") or default_socket(),
            audit_interval_s=_value(conf, "audit_interval_s"),
            startup_timeout_s=_value(conf, "startup_timeout_s"),
            node=dataclasses.replace(_NODE, **values["node"]),
            migration=dataclasses.replace(_MIGRATION, **values["migration"]),
        )


def register(conf: cfg.ConfigOpts) -> None:
    """Make the options known to a configuration; again is harmless."""
    conf.register_opts(PROCESS_OPTIONS)
    for group, options in GROUPS.items():
        conf.register_opts(options, group)


def refuse_unknown(conf: cfg.ConfigOpts) -> None:
    """Raise ``ConfigError`` for a key in one of our groups that is no option."""
    for path, group, key in _keys(conf):
        if group in GROUPS:
            names = [option.name for option in GROUPS[group]]
            if key not in names:
                raise ConfigError(f"{path}: [{group}] has no option {key}{_nearest(key, names)}")


def warn_unknown(conf: cfg.ConfigOpts) -> None:
    """Log each key in [DEFAULT] that no app has an option for; once all apps are loaded."""
    for path, group, key in _keys(conf):
        if group == "DEFAULT" and key not in conf:
            LOG.warning("%s: no app has an option %s%s", path, key, _nearest(key, list(conf)))


def _keys(conf: cfg.ConfigOpts) -> Iterator[tuple[str, str, str]]:
    """Yield file, group and key of every line in the configuration files."""
    directories = [Path(directory) for directory in conf.config_dir or []]
    in_directories = [path for found in directories for path in sorted(found.glob("*.conf"))]
    for path in (*(conf.config_file or []), *map(str, in_directories)):
        sections: dict[str, dict[str, list[str]]] = {}
        oslo_cfg.ConfigParser(path, sections).parse()
        for group, values in sections.items():
            for key in values:
                yield path, group, key.replace("-", "_")


def _nearest(key: str, names: list[str]) -> str:
    near = difflib.get_close_matches(key, names, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _value(conf: cfg.ConfigOpts, name: str, group: str = "DEFAULT") -> Any:
    """Return an option's value; raises ``ConfigError`` with the file, the option and the range."""
    try:
        return conf[name] if group == "DEFAULT" else conf[group][name]
    except ValueError as exc:
        reason = str(exc).rpartition("is not valid: ")[2]
        raise ConfigError(f"{_setter(conf, name, group)}: [{group}] {name}: {reason}") from exc


def _path(conf: cfg.ConfigOpts, name: str) -> Path | None:
    """Return a path option, relative to the file that sets it; None if it is not set."""
    value = _value(conf, name)
    if not value:
        return None
    location = conf.get_location(name)
    in_file = location is not None and location.location is oslo_cfg.Locations.user
    base = Path(_setter(conf, name)).parent if in_file else Path.cwd()
    return (base / Path(value).expanduser()).absolute()


def _setter(conf: cfg.ConfigOpts, name: str, group: str = "DEFAULT") -> str:
    """Return the file whose value of an option counts: the last that has one.

    oslo.config's own answer is the last file of all.
    """
    return [path for path, *key in _keys(conf) if key == [group, name]][-1]
