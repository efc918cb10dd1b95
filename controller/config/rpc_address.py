"""Where the management entity listens for operators' commands, when nobody says where.

Both sides use this: the process that serves and the command that asks. It must stay light, for
the command's sake.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SOCKET_NAME = "rpc.sock"
VARIABLE = "HITLESS_RPC"


def default_socket(environment: Mapping[str, str] = os.environ, uid: int | None = None) -> Path:
    """Return the socket's path: $HITLESS_RPC, else in a directory of this user's own.

    That directory is $XDG_RUNTIME_DIR/hitless where the login set one up, /run/hitless for root,
    and /tmp/hitless-UID otherwise.
    """
    named = environment.get(VARIABLE)
    if named:
        return Path(named).absolute()
    return _runtime_directory(environment, os.getuid() if uid is None else uid) / SOCKET_NAME


def _runtime_directory(environment: Mapping[str, str], uid: int) -> Path:
    login = environment.get("XDG_RUNTIME_DIR")
    if login and os.path.isdir(login):
        return Path(login) / "hitless"
    return Path("/run/hitless") if uid == 0 else Path(f"/tmp/hitless-{uid}")
