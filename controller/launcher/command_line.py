"""The options of the command ``osken-manager`` itself, on its command line or in its files.

Choices: os-ken's own options (log, OpenFlow) are there too, since apps for os-ken expect them.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass

import os_ken.controller.controller  # noqa: F401 - registers the OpenFlow options
from os_ken import cfg
from oslo_config import cfg as oslo_cfg

from controller import log
from controller.errors import ConfigError

OPTIONS = [
    oslo_cfg.MultiStrOpt(
        "app",
        positional=True,
        default=[],
        help="an os-ken app: its file (apps/me_app.py) or its module (apps.me_app)",
    ),
    oslo_cfg.BoolOpt(
        "check",
        default=False,
        help="load the apps, check the configuration, and start nothing",
    ),
    oslo_cfg.FloatOpt(
        "shutdown-timeout-s",
        default=10.0,
        min=0.1,
        help="seconds after which a process that was told to stop is ended hard",
    ),
]


@dataclass(frozen=True)
class CommandLine:
    """What the command shall do."""

    apps: list[str]
    check: bool
    shutdown_timeout_s: float


def parse(arguments: Sequence[str], conf: cfg.ConfigOpts = cfg.CONF) -> CommandLine:
    """Read command line and configuration files, and set the log up.

    Raises:
        ConfigError: a file is missing or damaged, or an option's value cannot be.
        SystemExit: ``--help`` or ``--version`` was asked for, or an option or its value is wrong.
    """
    conf.register_cli_opts(OPTIONS)
    try:
        conf(
            args=list(arguments),
            prog="osken-manager",
            usage="%(prog)s APP [APP ...] [--config-file FILE] [OPTION ...]",
            version=f"osken-manager {importlib.metadata.version('hitless')}"
            f" (os-ken {importlib.metadata.version('os-ken')})",
            default_config_files=[],
            default_config_dirs=[],
        )
        apps = [name for given in conf.app for name in given.split(",")]
        command_line = CommandLine(apps, conf.check, conf.shutdown_timeout_s)
    except (oslo_cfg.Error, ValueError) as exc:
        raise ConfigError(str(exc)) from exc
    except SystemExit as exc:
        # oslo.config has said what is wrong, and ends with 1 for a value, with 2 for an option.
        raise SystemExit(2 if exc.code else 0) from exc
    if not command_line.apps:
        raise ConfigError("no app is given; to run the management entity: apps/me_app.py")
    log.configure(conf)
    return command_line
