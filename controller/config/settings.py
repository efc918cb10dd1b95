"""The management entity's options: what may stand in the file given with ``--config-file``.

Choices: oslo.config, as everywhere in os-ken. A relative path belongs to the file that sets it, not
to the directory the process was started in. A key in one of our own groups that is no option is
refused; in [DEFAULT] and in groups of others it is only warned of (``controller.config.files``),
because other apps have options too, and may register them late.

The apps read ``os_ken.cfg.CONF`` once, through ``Settings.read``; nothing below sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from os_ken import cfg
from oslo_config import cfg as oslo_cfg

from controller.config.files import keys, nearest
from controller.config.metrics_options import MetricsOptions
from controller.config.options import GROUPS, JOURNAL_NAME, NODE_TLS_OPTIONS, PROCESS_OPTIONS
from controller.config.page_options import DashboardOptions
from controller.config.rpc_address import default_socket
from controller.config.rpc_options import TlsOptions
from controller.discovery.options import DiscoveryOptions
from controller.errors import ConfigError
from controller.forwarding.options import ForwardingOptions
from controller.load.options import LoadOptions
from controller.migration.site import MigrationOptions
from controller.scaling.options import ScalingOptions
from controller.southbound.driver import DriverOptions
from controller.southbound.tls import NodeTls


@dataclass(frozen=True)
class Settings:
    """The options' values, checked; paths are absolute."""

    network_file: Path
    journal_file: Path
    rpc_socket: Path
    policy_file: Path | None = None
    "None: nothing is wanted."
    event_log: Path | None = None
    "None: events are not written."
    event_log_max_bytes: int = 10_000_000
    event_log_kept: int = 5
    audit_interval_s: float = 10.0
    "0: only when there is a reason to."
    startup_timeout_s: float = 10.0
    node: DriverOptions = field(default_factory=DriverOptions)
    migration: MigrationOptions = field(default_factory=MigrationOptions)
    forwarding: ForwardingOptions = field(default_factory=ForwardingOptions)
    dashboard: DashboardOptions = field(default_factory=DashboardOptions)
    scaling: ScalingOptions = field(default_factory=ScalingOptions)
    load: LoadOptions = field(default_factory=LoadOptions)
    metrics: MetricsOptions | None = None
    "None: they are not served."
    rpc_tls: TlsOptions | None = None
    "None: commands are answered at the Unix socket only."
    discovery: DiscoveryOptions = field(default_factory=DiscoveryOptions)

    @property
    def checkpoint_file(self) -> Path:
        """Where checkpoints are kept: beside the journal."""
        return self.journal_file.with_name(f"{self.journal_file.stem}-checkpoints.sqlite")

    @property
    def added_programs(self) -> Path:
        """The folder of the programs that were added at run time: beside the journal."""
        return self.journal_file.with_name(f"{self.journal_file.stem}-programs")

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
        rpc_files = {name: _path(conf, name, "rpc") for name in ("certificate", "key", "client_ca")}
        node_files = {option.name: _path(conf, option.name, "node") for option in NODE_TLS_OPTIONS}
        node = {name: v for name, v in values["node"].items() if name not in node_files}
        return cls(
            network_file=network_file,
            journal_file=_path(conf, "journal_file") or network_file.with_name(JOURNAL_NAME),
            rpc_socket=_path(conf, "rpc_socket") or default_socket(),
            policy_file=_path(conf, "policy_file"),
            event_log=_path(conf, "event_log"),
            event_log_max_bytes=_value(conf, "event_log_max_bytes"),
            event_log_kept=_value(conf, "event_log_kept"),
            audit_interval_s=_value(conf, "audit_interval_s"),
            startup_timeout_s=_value(conf, "startup_timeout_s"),
            node=DriverOptions(**node, tls=NodeTls.read(node_files)),
            migration=MigrationOptions(**values["migration"]),
            forwarding=ForwardingOptions(**values["forwarding"]),
            dashboard=DashboardOptions.of(**values["dashboard"]),
            scaling=ScalingOptions(**values["scaling"]),
            load=LoadOptions(**values["load"]),
            metrics=MetricsOptions.of(values["metrics"]["listen"]),
            rpc_tls=TlsOptions.of(values["rpc"]["listen"], rpc_files),
            discovery=DiscoveryOptions(**values["discovery"]),
        )


def register(conf: cfg.ConfigOpts) -> None:
    """Make the options known to a configuration; again is harmless."""
    conf.register_opts(PROCESS_OPTIONS)
    for group, options in GROUPS.items():
        conf.register_opts(options, group)


def refuse_unknown(conf: cfg.ConfigOpts) -> None:
    """Raise ``ConfigError`` for a key in one of our groups that is no option."""
    for path, group, key in keys(conf):
        if group in GROUPS:
            names = [option.name for option in GROUPS[group]]
            if key not in names:
                raise ConfigError(f"{path}: [{group}] has no option {key}{nearest(key, names)}")


def _value(conf: cfg.ConfigOpts, name: str, group: str = "DEFAULT") -> Any:
    """Return an option's value; raises ``ConfigError`` with the file, the option and the range."""
    try:
        return conf[name] if group == "DEFAULT" else conf[group][name]
    except ValueError as exc:
        reason = str(exc).rpartition("is not valid: ")[2]
        raise ConfigError(f"{_setter(conf, name, group)}: [{group}] {name}: {reason}") from exc


def _path(conf: cfg.ConfigOpts, name: str, group: str = "DEFAULT") -> Path | None:
    """Return a path option, relative to the file that sets it; None if it is not set."""
    value = _value(conf, name, group)
    if not value:
        return None
    location = conf.get_location(name, None if group == "DEFAULT" else group)
    in_file = location is not None and location.location is oslo_cfg.Locations.user
    base = Path(_setter(conf, name, group)).parent if in_file else Path.cwd()
    return (base / Path(value).expanduser()).absolute()


def _setter(conf: cfg.ConfigOpts, name: str, group: str = "DEFAULT") -> str:
    """Return the file whose value of an option counts: the last that has one.

    oslo.config's own answer is the last file of all.
    """
    return [path for path, *key in keys(conf) if key == [group, name]][-1]
