"""Loads, starts and stops os-ken apps, with os-ken's own AppManager doing the work.

Choices: what the AppManager passes over in silence or answers with a bare assertion is an
``AppError`` here that names the app. Apps are stopped in the reverse order of their start.
"""

from __future__ import annotations

import importlib.util
import inspect
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from os_ken.base.app_manager import AppManager, OSKenApp
from os_ken.cfg import CONF

from controller.config.files import warn_unknown
from controller.errors import AppError, ConfigError, HitlessError

LOG = logging.getLogger(__name__)

T = TypeVar("T")


class AppRunner:
    """A set of apps in this process. os-ken allows one such set."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._manager = AppManager.get_instance()

    def load(self) -> None:
        """Import the apps, and those that they require; create what they share.

        Raises:
            AppError: an app cannot be imported, or two have the same name.
            ConfigError: there is no such app, or what the apps share finds the configuration wrong.
        """
        for name in self._names:
            self._load(name)
        classes = self._manager.applications_cls.values()
        for name, count in Counter(cls.__name__ for cls in classes).items():
            if count > 1:
                modules = sorted(cls.__module__ for cls in classes if cls.__name__ == name)
                raise AppError(f"{count} apps are called {name}: in {', '.join(modules)}")
        _guarded("cannot create what the apps share", self._manager.create_contexts)

    def start(self) -> list[Any]:
        """Start the apps; return the main threads that they gave. Raises as ``load``.

        An app that has a method ``all_started`` is told when the last one has.
        """
        threads = _guarded(
            "cannot start the apps",
            lambda: self._manager.instantiate_apps(**self._manager.contexts),
        )
        for name, app in self._manager.applications.items():
            if hasattr(app, "all_started"):
                _guarded(f"cannot start app {name}", app.all_started)
        return threads

    def warn_unknown_options(self) -> None:
        """Log what stands in the configuration files and is no option of an app loaded so far."""
        warn_unknown(CONF)

    def close(self) -> None:
        """Stop the apps and close what they share; an error is logged and holds up no other."""
        for name in reversed(list(self._manager.applications)):
            _logged(f"app {name}: error while stopping", self._manager.uninstantiate, name)
        _logged("error while closing what the apps share", self._manager.close)

    def _load(self, name: str) -> None:
        module = module_name(name)
        _guarded(f"cannot load app {name}", lambda: self._manager.load_apps([module]))
        cls = self._manager.applications_cls.get(module)
        if cls is None:
            raise ConfigError(f"{name} is no app: it defines no subclass of OSKenApp")
        _warn_of_further(cls)


def module_name(name: str) -> str:
    """Return what os-ken shall import for an app that was named by its module or its file.

    Raises:
        ConfigError: there is neither such a file nor such a module.
    """
    path = Path(name)
    if path.is_file():
        dotted = _dotted(path.absolute())
        spec = _find(dotted)
        installed = spec is not None and spec.origin and os.path.samefile(spec.origin, path)
        return dotted if installed else name
    dotted = name.removesuffix(".py").replace(os.sep, ".").strip(".")
    if _find(dotted) is None:
        raise ConfigError(f"no app {name}: there is neither such a file nor such a module")
    return dotted


def _dotted(path: Path) -> str:
    """Return the name of a file's module within the packages around it."""
    parts = [path.stem]
    for parent in path.parents:
        if not (parent / "__init__.py").is_file():
            break
        parts.insert(0, parent.name)
    return ".".join(parts)


def _find(dotted: str) -> Any:
    try:
        return importlib.util.find_spec(dotted)
    except (ImportError, ValueError):
        return None


def _warn_of_further(cls: type[OSKenApp]) -> None:
    """os-ken runs one app of a module, the first by name."""
    module = sys.modules[cls.__module__]
    others = [
        name
        for name, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, OSKenApp) and member.__module__ == cls.__module__
    ]
    if len(others) > 1:
        others.remove(cls.__name__)
        LOG.warning(
            "%s: os-ken runs one app of a module: %s is started, %s not",
            module.__file__,
            cls.__name__,
            ", ".join(others),
        )


def _guarded(what: str, action: Callable[[], T]) -> T:
    """Run what calls code of apps; an error that is not ours is logged with its traceback."""
    try:
        return action()
    except HitlessError:
        raise
    except Exception as exc:
        LOG.exception("%s", what)
        raise AppError(f"{what}: {type(exc).__name__}: {exc}") from exc


def _logged(what: str, action: Callable[..., object], *args: Any) -> None:
    try:
        action(*args)
    except Exception:
        LOG.exception("%s", what)
