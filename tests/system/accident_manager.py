"""osken-manager with accidents: kills a process at a given moment of a migration, then goes on.

The moment is written into a file (see `arm`): the beginning of a step. As soon as the journal
has that step as begun, and before anything is done, the process is killed by SIGKILL: this one,
or any other. Each accident happens once.
"""

import json
import os
import signal
import sys
from pathlib import Path

ME_ITSELF = 0


def arm(directory, step, pid=ME_ITSELF):
    """Have the manager that was given `directory` kill `pid` when `step` begins."""
    accident = directory / "accident.new"
    accident.write_text(json.dumps({"step": step, "pid": pid}))
    accident.rename(directory / "accident.json")


def happen(path, record):
    """Do what is armed, if this is the moment."""
    if not path.exists():
        return
    accident = json.loads(path.read_text())
    if any(s.name == accident["step"] and s.state.value == "running" for s in record.steps):
        path.unlink()
        os.kill(accident["pid"] or os.getpid(), signal.SIGKILL)


def main():
    from controller.launcher import main as osken_manager
    from controller.migration.journal import SqliteJournal

    path = Path(sys.argv[1]) / "accident.json"
    put = SqliteJournal.put

    def put_and_happen(self, record, intent=None):
        put(self, record, intent)
        happen(path, record)

    SqliteJournal.put = put_and_happen
    return osken_manager(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
