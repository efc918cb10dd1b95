"""The command line of `scripts/bench_switch`."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.switches.bmv2 import COMMAND as BMV2

_DESCRIPTION = """\
Measure the embedded switch, and BMv2 where it is installed, in the same network namespace:
loss-free rate, latency, entries and registers per second, time to load, memory, slow tables, and
what a reload does to packets.
"""
_EPILOG = """\
Loss-free: at most 0.01 % lost and a median latency of at most 2 ms. A rate fails if three trials of
it do, since a single pause of the machine spoils any. All takes about seven minutes for both
switches, --quick two; nothing else should run on the machine. Needs root. Exit status 0: all
targets are reached, 1: some are not.
"""


@dataclass(frozen=True)
class Arguments:
    """What was asked for."""

    switches: list[str]
    quick: bool
    json: Path | None


def read_arguments() -> Arguments:
    """Read the command line; ends the process, saying why, if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="bench_switch",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--switch",
        choices=["embedded", "bmv2", "both"],
        help="which to measure (both, or only the embedded one where BMv2 is not installed)",
    )
    parser.add_argument("--quick", action="store_true", help="64 bytes only, short trials")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    given = parser.parse_args()
    has_bmv2 = shutil.which(BMV2) is not None
    if given.switch in ("bmv2", "both") and not has_bmv2:
        parser.error(f"--switch {given.switch}: {BMV2} is not on the PATH")
    choice = given.switch or ("both" if has_bmv2 else "embedded")
    switches = ["bmv2", "embedded"] if choice == "both" else [choice]
    return Arguments(switches, given.quick, given.json and given.json.absolute())
