"""The command ``hitless``: one command of an operator's, asked of a running management entity.

Exit status:
    0 done;
    1 the request failed, or the migration did not reach its end;
    2 the request cannot be carried out as it stands: a wrong command, argument or value;
    3 no management entity could be reached, or it hangs, or it ended meanwhile;
    4 no answer in time, while the management entity is alive: it is busy, or still at it;
    130 stopped waiting on Ctrl-C.

Choices: the parser is made from the commands' definitions. Data goes to standard output, all else
to standard error. A migration's progress is shown where that is a terminal.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controller.errors import HitlessError, NoAnswer, NotRunning, RpcError
from controller.migration.states import MigrationState
from controller.operator import faults
from controller.operator.arguments import Argument, Flag
from controller.operator.client import CALL_TIMEOUT_S, RpcClient
from controller.operator.commands import COMMANDS, Command
from controller.operator.faults import RequestFailed
from controller.operator.follow import follow
from controller.operator.views import migration_summary
from controller.rpc_address import default_socket

PROGRAM = "hitless"
DONE, FAILED, WRONG, UNREACHED, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 130
STATUS_OF_FAULT = {
    faults.BAD_REQUEST: WRONG,
    faults.CONFLICT: FAILED,
    faults.FAILED: FAILED,
    faults.BUSY: BUSY,
    faults.INTERNAL: FAILED,
}
WAIT_TIMEOUT_S = 600.0
"A migration's end is awaited so long where no --timeout says otherwise."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status = _run(COMMANDS[options.command], options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has seen enough; keep the interpreter from complaining when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except HitlessError as exc:
        print(f"{PROGRAM}: {exc}", file=sys.stderr)
        return _status_of(exc)


def _status_of(error: HitlessError) -> int:
    match error:
        case RequestFailed():
            return STATUS_OF_FAULT.get(error.kind, FAILED)
        case NoAnswer(alive=True):
            return BUSY
        case RpcError():
            return UNREACHED
    return FAILED


def _run(command: Command, options: argparse.Namespace) -> int:
    given = {a.name: getattr(options, a.name) for a in command.arguments}
    arguments = {name: value for name, value in given.items() if value is not None}
    with RpcClient(options.rpc) as client:
        waits = command.starts_migration and not options.no_wait
        if waits:
            client.subscribe()
        data = client.call(command.name, arguments, options.timeout or CALL_TIMEOUT_S)
        if not waits or "id" not in data:
            _show(command, data, options.json)
            return DONE
        return _wait(client, data["id"], options)


def _wait(client: RpcClient, migration_id: int, options: argparse.Namespace) -> int:
    """Wait for a migration's end and show its record."""
    later = f"hitless migrations {migration_id}"
    progress = sys.stderr if sys.stderr.isatty() else None
    try:
        record = follow(client, migration_id, options.timeout or WAIT_TIMEOUT_S, progress)
    except KeyboardInterrupt:
        said = f"stopped waiting; migration {migration_id} goes on: {later}"
        print(f"\n{PROGRAM}: {said}", file=sys.stderr)
        return INTERRUPTED
    except NotRunning as exc:
        raise NotRunning(
            f"{exc}; when it runs again, migration {migration_id} is finished or undone: {later}"
        ) from exc
    if progress and sys.stdout.isatty() and not options.json:
        print("\n".join(migration_summary(record)))  # the steps have been seen
    else:
        _show(COMMANDS["migrations"], {"migration": record}, options.json)
    return DONE if record["state"] == MigrationState.FINISHED.value else FAILED


def _show(command: Command, data: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(data, indent=2, ensure_ascii=False))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in command.view(data, width):
        print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        PROGRAM,
        description="Ask a running management entity, or have it move network functions.",
        epilog="Exit status: 0 done; 1 it failed; 2 a wrong request; 3 no management entity"
        " reached; 4 no answer in time; 130 stopped waiting.",
        parents=[_common()],
    )
    parser.set_defaults(rpc=default_socket(), json=False, timeout=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS.values():
        _add_command(commands, command)
    return parser


def _common() -> argparse.ArgumentParser:
    """Return the options that may stand before the command or after it.

    Without defaults, so that those after it do not reset those before it; and a new parser at each
    call, because argparse shares a parent's options between the parsers that have it.
    """
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "--rpc",
        metavar="SOCKET",
        type=Path,
        help="the management entity's socket (default: $HITLESS_RPC, else rpc.sock in"
        " $XDG_RUNTIME_DIR/hitless, /run/hitless or /tmp/hitless-UID)",
    )
    common.add_argument("--json", action="store_true", help="print the data as JSON")
    common.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        help=f"give up waiting for an answer then (default: {CALL_TIMEOUT_S:g}; for a migration"
        f" to end: {WAIT_TIMEOUT_S:g})",
    )
    return common


def _add_command(commands: Any, command: Command) -> None:
    parser = commands.add_parser(
        command.name, help=command.help, description=command.help, parents=[_common()]
    )
    for argument in command.arguments:
        _add_argument(parser, argument)
    if command.starts_migration:
        parser.add_argument(
            "--no-wait", action="store_true", help="print the migration's id and do not wait"
        )


def _add_argument(parser: argparse.ArgumentParser, argument: Argument) -> None:
    if isinstance(argument.type, Flag):
        parser.add_argument(
            argument.flag, dest=argument.name, action="store_true", help=argument.help
        )
        return
    details: dict[str, Any] = {
        "metavar": argument.flag if argument.positional else argument.type.metavar,
        "type": _reader(argument),
        "help": argument.help,
    }
    if argument.positional:
        nargs = None if argument.required else "?"
        parser.add_argument(argument.name, nargs=nargs, **details)
    else:
        parser.add_argument(
            argument.flag, dest=argument.name, required=argument.required, **details
        )


def _reader(argument: Argument) -> Any:
    def read(text: str) -> Any:
        try:
            return argument.type.read(text)
        except ValueError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from exc

    return read


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds
