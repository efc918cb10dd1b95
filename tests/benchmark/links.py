"""The network of a benchmark: two veth pairs in the namespace of the calling process."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCE, DESTINATION = "source", "sink"
INTERFACES = {1: "switch1", 2: "switch2"}
"""The switch's ports: 1 is the inside, where the source is, 2 the outside."""
_MTU_BYTES = "1600"


def make_links() -> None:
    """Make both pairs; they vanish with the namespace."""
    for scope in ("all", "default"):
        Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6").write_text("1\n")
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True, timeout=10)
    _ip("link", "set", "lo", "up")
    for near, far in ((SOURCE, INTERFACES[1]), (DESTINATION, INTERFACES[2])):
        _ip("link", "add", near, "type", "veth", "peer", "name", far)
        for name in (near, far):
            _ip("link", "set", name, "mtu", _MTU_BYTES, "up")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=10)
