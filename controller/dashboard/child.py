"""The process that serves the page, as the management entity starts and stops it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

from controller.config.page_options import DashboardOptions

LOG = logging.getLogger(__name__)

URL_FILE = "page.url"
STOP_TIMEOUT_S = 3.0


class PageProcess:
    """At most one process; what it says goes to the log."""

    def __init__(self, options: DashboardOptions, rpc_socket: Path) -> None:
        self._options = options
        self._rpc_socket = rpc_socket
        self._process: subprocess.Popen[str] | None = None
        self._stopping = False

    def start(self) -> None:
        """Start it, if there is to be a page; return at once."""
        if not self._options.enabled:
            return
        command = [sys.executable, "-m", "controller.dashboard", "--with-parent"]
        command += ["--listen", self._options.listen, "--rpc", str(self._rpc_socket)]
        command += ["--url-file", str(self._rpc_socket.with_name(URL_FILE))]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for the management entity, which stops it
        )
        threading.Thread(
            target=self._listen, args=(self._process,), name="page", daemon=True
        ).start()

    def stop(self) -> None:
        """Stop it and wait. Idempotent."""
        self._stopping = True
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """Log what it says, and that it has ended when nobody asked for it."""
        for line in process.stdout or ():
            LOG.info("%s", line.rstrip().removeprefix("page: "))
        status = process.wait()
        if not self._stopping:
            LOG.error("the page's process ended with status %d; all else goes on", status)
