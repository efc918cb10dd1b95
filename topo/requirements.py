"""What a network needs of the machine, checked before anything is started."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from topo.errors import Missing, NotRoot, Refused
from topo.process import run_command

PACKAGES = {
    "mnexec": "mininet",
    "ifconfig": "net-tools",
    "ip": "iproute2",
    "ethtool": "ethtool",
    "setpriv": "util-linux",
    "chrt": "util-linux",
}
"""Programs that every network needs, and the Debian package of each."""

NODE_PROGRAMS = {"embedded": "hitless-switch", "bmv2": "simple_switch_grpc"}
"""The program of each kind of node."""

OWN = ("hitless", "hitless-switch", "osken-manager")
"""Programs that the project installs into its virtual environment."""


def executable(name: str) -> str:
    """Return the path of a program: one of our own beside this Python, any other from the PATH.

    Missing, with what to do, if there is none.
    """
    beside = Path(sys.executable).with_name(name)
    if name in OWN and beside.exists():
        return str(beside)
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not on the PATH: {_remedy(name)}")
    return found


def check_machine(programs: Iterable[str]) -> None:
    """Raise NotRoot or Missing unless networks that need `programs` besides can be made here."""
    if os.geteuid() != 0:
        raise NotRoot(
            "network namespaces need root rights: run the same command as root, "
            "for example with sudo"
        )
    for program in (*PACKAGES, *programs):
        executable(program)
    try:
        import_module("mininet.net")
    except ImportError as error:
        raise Missing(
            f"Mininet's Python API cannot be imported ({error}): run scripts/setup as root, which "
            "installs the package mininet and makes .venv over the system's Python"
        ) from error
    tried = run_command(["mnexec", "-n", "true"])
    if tried.returncode != 0:
        raise Refused(
            f"mnexec cannot make a network namespace here: {tried.stderr.strip()}; in a container "
            "this takes the rights to mount and to administer networks, and / must be a mount point"
        )


def _remedy(program: str) -> str:
    if program in PACKAGES:
        return f"run scripts/setup as root, or apt-get install {PACKAGES[program]}"
    if program == "simple_switch_grpc":
        return (
            "BMv2 is neither in Debian nor on PyPI; install it from the P4 consortium's packages "
            "(https://github.com/p4lang/behavioral-model#installing-bmv2), or use --node embedded"
        )
    return "run scripts/setup, and start from its .venv"
