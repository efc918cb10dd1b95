"""The process's one log configuration.

Choices: os-ken's own options (``--verbose``, ``--log-file``, ``--log-config-file`` and so on) say
where the log goes; here is added how a line looks. Messages about a node begin with its name, as
the texts of errors do (``s1: primary``). The default level tells an operator what changed; the
logger's name appears with ``--verbose``, for developers.
"""

from __future__ import annotations

import logging

from os_ken import cfg, log

from controller.errors import ConfigError

LINE = "%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s"
VERBOSE_LINE = LINE + " [%(name)s, %(threadName)s]"
DATE = "%Y-%m-%d %H:%M:%S"

QUIET = ("os_ken.base.app_manager", "oslo_config.cfg")
"Loggers whose INFO lines tell an operator nothing."


def configure(conf: cfg.ConfigOpts = cfg.CONF) -> None:
    """Set logging up by the options.

    Raises:
        ConfigError: the log file or the logging configuration cannot be used.
    """
    try:
        log.init_log()
    except (OSError, ValueError, KeyError) as exc:
        raise ConfigError(f"cannot set the log up: {exc}") from exc
    if conf.log_config_file:
        return
    formatter = logging.Formatter(VERBOSE_LINE if conf.verbose else LINE, DATE)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
    if not conf.verbose:
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
