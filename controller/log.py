"""The process's one log configuration.

Choices: os-ken's own options (``--verbose``, ``--log-file``, ``--log-config-file`` and so on) say
where the log goes; here is added how a line looks. Messages about a node begin with its name, as
the texts of errors do (``s1: primary``). The default level tells an operator what changed; the
logger's name appears with ``--verbose``, for developers.

Events go to a logger of their own (``controller.news.event_log`` makes lines of them). It writes to
the file that the option ``event_log`` names; a configuration given with ``--log-config-file`` can
send them elsewhere as well.
"""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from os_ken import cfg, log

from controller.errors import ConfigError
from controller.visible import visible

LINE = "%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s"
VERBOSE_LINE = LINE + " [%(name)s, %(threadName)s]"
DATE = "%Y-%m-%d %H:%M:%S"

EVENTS = logging.getLogger("hitless.events")
"Takes each event as one line of JSON."
EVENTS.propagate = False
EVENTS.addHandler(logging.NullHandler())

QUIET = ("os_ken.base.app_manager", "oslo_config.cfg")
"Loggers whose INFO lines tell an operator nothing."


class LineFormatter(logging.Formatter):
    """Makes one line of a message, whatever was said; a traceback may follow it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return a record's line."""
        record.message = visible(record.message)
        return super().formatMessage(record)


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
    formatter = LineFormatter(VERBOSE_LINE if conf.verbose else LINE, DATE)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
    if not conf.verbose:
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)


class _EventFile(RotatingFileHandler):
    """A file that may not be writable for a while: said once, not for each event."""

    failing = False

    def emit(self, record: logging.LogRecord) -> None:
        self.failed = False
        super().emit(record)
        if self.failing and not self.failed:
            logging.getLogger(__name__).warning("%s: events are written again", self.baseFilename)
        self.failing = self.failed

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        self.failed = True
        if not self.failing:
            logging.getLogger(__name__).exception("%s: events are not written", self.baseFilename)


def open_event_log(path: Path, max_bytes: int, kept: int) -> None:
    """Have events written to a file; see ``controller.news.event_log``.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        handler = _EventFile(path, maxBytes=max_bytes, backupCount=kept, encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"event_log: cannot write {path}: {exc.strerror or exc}") from exc
    handler.setFormatter(logging.Formatter("%(message)s"))
    EVENTS.addHandler(handler)
    EVENTS.setLevel(logging.INFO)


def close_event_log() -> None:
    """Close the file, if there is one."""
    for handler in [h for h in EVENTS.handlers if isinstance(h, _EventFile)]:
        EVENTS.removeHandler(handler)
        handler.close()
