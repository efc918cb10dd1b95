"""The command ``osken-manager``: runs os-ken apps in one process.

os-ken 4 has no such command any more; this one keeps its arguments and options. Usage:
``osken-manager apps/me_app.py [APP ...] [--config-file FILE]``, where an app is a module's name
or its file.

Choices:
- A file that is a module of an installed package is loaded as that module, so that
  ``apps/me_app.py`` and ``apps.me_app`` are one app, whatever the current directory.
- What os-ken passes over in silence is an error here: a module without an app, one that cannot be
  imported, two apps of one name.
- The process runs until it is told to stop, or until all main threads that apps returned from
  ``start`` have ended. (os-ken's own manager ends at once where none returned any.)
- Stopping has a time limit, since os-ken waits without one for threads that may hang.
- At the end, when other threads have ended and exit handlers have run, the process ends at once.
  The interpreter would go on to take itself apart; daemon threads (eventlet's pool has some) that
  end just then find greenlet's part of it gone, and crash the process.

Exit status: 0 stopped as told; 1 an app could not be started, or did not stop; 2 the arguments or
the configuration are wrong.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from controller.errors import ConfigError, HitlessError, ProgramError

if TYPE_CHECKING:
    from controller.launcher.app_runner import AppRunner
    from controller.launcher.stop_signals import StopSignals

LOG = logging.getLogger(__name__)

PROGRAM = "osken-manager"
HUBS = ("native", "eventlet")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, with which the process is to end."""
    ending = _Ending()
    atexit.register(ending)  # before all others: it is called after them
    status = ending.status = _status(sys.argv[1:] if arguments is None else arguments)
    return status


class _Ending:
    """Ends the process at once, if its exit status is known."""

    status: int | None = None

    def __call__(self) -> None:
        if self.status is not None:
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self.status)


def _status(arguments: Sequence[str]) -> int:
    try:
        return _run(arguments)
    except (ConfigError, ProgramError) as exc:
        return _complain(exc, 2)
    except HitlessError as exc:
        return _complain(exc, 1)


def _complain(problem: Exception, status: int) -> int:
    print(f"{PROGRAM}: {problem}", file=sys.stderr)
    return status


def _run(arguments: Sequence[str]) -> int:
    chosen = os.environ.get("OSKEN_HUB_TYPE", HUBS[0])
    if chosen not in HUBS:
        raise ConfigError(f"OSKEN_HUB_TYPE is {chosen!r}: it can be {' or '.join(HUBS)}")
    # Said at each start, to those who asked for it.
    warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")
    # Imported late: the hub is chosen when its module is imported, and has to be set up before
    # other modules take sockets from the standard library.
    from controller import hub

    hub.prepare()
    from controller.launcher.app_runner import AppRunner
    from controller.launcher.command_line import parse
    from controller.launcher.stop_signals import StopSignals

    command_line = parse(arguments)
    runner = AppRunner(command_line.apps)
    signals = StopSignals()
    try:
        runner.load()
        if command_line.check:
            runner.warn_unknown_options()
            print(f"{PROGRAM}: the configuration is good")
        else:
            _serve(runner, signals)
    finally:
        signals.end_hard_after(command_line.shutdown_timeout_s)
        runner.close()
    return 0


def _serve(runner: AppRunner, signals: StopSignals) -> None:
    """Run the apps until there is a reason to stop."""
    from controller.hub import join_all, spawn

    def wait_for_end() -> None:
        join_all(threads)
        signals.apps_ended()

    threads = runner.start()
    runner.warn_unknown_options()
    if threads:
        spawn(wait_for_end, name="watch of the apps' main threads")
    number = signals.wait()
    reason = f"received {signal.Signals(number).name}" if number else "the apps have ended"
    LOG.info("stopping: %s", reason)
