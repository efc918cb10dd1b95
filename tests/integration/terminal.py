"""The shell in a terminal of its own, for tests."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from me_process import HITLESS

LIMIT_S = 60.0
"Long enough for a shell to start and to answer, however busy the machine."


class Terminal:
    """A terminal with ``hitless shell`` in it; a context manager that leaves nothing behind."""

    def __init__(
        self, socket: Path, state: Path, command: Sequence[str] = (), **environment: str
    ) -> None:
        """Start it.

        Args:
            socket: Where the management entity is.
            state: Where the shell may keep its history.
            command: What to run instead of the shell.
            environment: Further variables.
        """
        self._descriptor, end = pty.openpty()
        variables = {"PROMPT_TOOLKIT_NO_CPR": "1", "XDG_STATE_HOME": str(state), **environment}
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.process = subprocess.Popen(
            command or [HITLESS, "--rpc", str(socket), "shell"],
            stdin=end,
            stdout=end,
            stderr=end,
            env={**os.environ, "TERM": "xterm", **variables},
            start_new_session=True,
        )
        os.close(end)
        self._seen = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)
        os.close(self._descriptor)

    @property
    def shown(self) -> str:
        """What was shown so far."""
        return self._seen.decode(errors="replace")  # a character may have come by half

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def wait_for(self, text: str) -> None:
        """Wait until something is shown."""
        deadline = time.monotonic() + LIMIT_S
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self._descriptor], [], [], 0.2)[0]:
                self._seen += os.read(self._descriptor, 4096)
