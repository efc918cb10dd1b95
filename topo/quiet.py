"""Interfaces without noise: no IPv6 chatter, no offloads, no ARP answers from the machine itself.

Offloads would hand a switch in user space frames with unfinished checksums, or larger than any link
carries. IPv6 would send router solicitations and reports into every link as soon as it comes up. A
switch port lives in the machine's own network namespace, whose kernel must neither answer ARP there
nor take part otherwise.
"""

from __future__ import annotations

from pathlib import Path

from topo.errors import CommandFailed
from topo.process import run_command

IPV6 = Path("/proc/sys/net/ipv6/conf")
OFFLOADS = ("rx", "tx", "sg", "tso", "gso", "gro")


def checked(*argv: str) -> str:
    """Run a command and return its output; CommandFailed quotes what it said."""
    done = run_command(argv)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise CommandFailed(f"{' '.join(argv)} failed with status {done.returncode}: {said}")
    return done.stdout


def inside(pid: int, *argv: str) -> str:
    """Run a command in the network namespace of process `pid`; CommandFailed as `checked`."""
    return checked("mnexec", "-a", str(pid), *argv)


def offloads_off(interface: str) -> list[str]:
    """Return the command that switches an interface's offloads off."""
    return ["ethtool", "-K", interface, *(word for name in OFFLOADS for word in (name, "off"))]


def silence_namespace(pid: int) -> None:
    """Switch IPv6 off in the network namespace of process `pid`, for future interfaces too."""
    if IPV6.exists():
        for scope in ("all", "default"):
            inside(pid, "sh", "-c", f"echo 1 > {IPV6}/{scope}/disable_ipv6")


def silence_switch_port(interface: str) -> None:
    """Make an interface of the root namespace a mere port of a switch."""
    checked("ip", "link", "set", "dev", interface, "arp", "off")
    checked(*offloads_off(interface))
    if IPV6.exists():
        (IPV6 / interface / "disable_ipv6").write_text("1")
