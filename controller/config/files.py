"""What stands in configuration files, whether or not anybody has an option for it."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from oslo_config import cfg

LOG = logging.getLogger(__name__)


def keys(conf: cfg.ConfigOpts) -> Iterator[tuple[str, str, str]]:
    """Yield file, group and key of every line in the configuration files."""
    directories = [Path(directory) for directory in conf.config_dir or []]
    in_directories = [path for found in directories for path in sorted(found.glob("*.conf"))]
    for path in (*(conf.config_file or []), *map(str, in_directories)):
        sections: dict[str, dict[str, list[str]]] = {}
        cfg.ConfigParser(path, sections).parse()
        for group, values in sections.items():
            for key in values:
                yield path, group, key.replace("-", "_")


def warn_unknown(conf: cfg.ConfigOpts) -> None:
    """Log each key in [DEFAULT], and each group, that no app has; once all apps are loaded."""
    told = set()
    for path, group, key in keys(conf):
        if group == "DEFAULT" and key not in conf:
            LOG.warning("%s: no app has an option %s%s", path, key, nearest(key, conf))
        elif group != "DEFAULT" and group not in conf and (path, group) not in told:
            told.add((path, group))
            LOG.warning("%s: no app has a group [%s]%s", path, group, nearest(group, conf))


def nearest(key: str, names: Iterable[str]) -> str:
    """Return a hint at the name that was meant, to stand at the end of a sentence."""
    near = difflib.get_close_matches(key, names, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
