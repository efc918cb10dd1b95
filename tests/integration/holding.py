"""Holds migrations before their copying begins, so that a test finds one under way for certain."""

from __future__ import annotations

from pathlib import Path

from me_process import MeProcess

APP = """
import threading
from pathlib import Path
from os_ken.base.app_manager import OSKenApp
from controller.migration.steps import Copy

copy = Copy.run

def copy_when_nobody_holds_it(self, move):
    while Path("hold").exists():
        Path("held").touch()
        threading.Event().wait(0.02)
    return copy(self, move)

Copy.run = copy_when_nobody_holds_it

class Holding(OSKenApp):
    pass
"""


def write_app(directory: Path) -> str:
    """Write the app that a management entity needs for it; return its name."""
    (directory / "holding_app.py").write_text(APP)
    return "holding_app.py"


class Hold:
    """Migrations that come to their copying are held until this is left."""

    def __init__(self, me: MeProcess) -> None:
        self._me = me
        directory = me.log_file.parent
        self._hold, self._held = directory / "hold", directory / "held"

    def __enter__(self) -> Hold:
        self._hold.touch()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.release()

    def wait_held(self) -> None:
        """Wait until a migration is held."""
        self._me.wait_for(self._held.exists, "a migration is held before its copying")

    def release(self) -> None:
        """Let migrations go on."""
        self._hold.unlink(missing_ok=True)
        self._held.unlink(missing_ok=True)
