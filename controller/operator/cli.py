"""The command ``hitless``: one command of an operator's, or the shell, at a management entity.

Exit status: see ``controller.operator.status``.

Choices: the words of commands and their arguments are those of ``controller.operator.commands``,
read as the shell reads them; only the options here belong to the command line itself. They may
stand anywhere on it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from controller.errors import HitlessError
from controller.operator.address import Address, default_address, parse_address
from controller.operator.client import CALL_TIMEOUT_S, RpcClient
from controller.operator.commands import COMMANDS
from controller.operator.completion import hints_at
from controller.operator.console import WAIT_TIMEOUT_S, Console
from controller.operator.grammar import UsageError, parse, resolve
from controller.operator.shell.live import LiveValues
from controller.operator.status import DONE, TEXT, WRONG, status_of
from controller.operator.terminal import page_for
from controller.operator.views.help_text import command_help, described

PROGRAM = "hitless"
SHELL = "shell"
SHELL_HELP = "the interactive shell: completion, history, ? for help"
HELP = ("-h", "--help")
COMPLETE = "complete"
COMPLETE_HELP = "the words that could stand at the end of a LINE, for other shells' completion"
OWN_WORDS = {SHELL: SHELL_HELP, COMPLETE: COMPLETE_HELP, "help": "what a command does"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status. Ctrl-C is the caller's."""
    console = Console(sys.stdout, sys.stderr)
    try:
        options, words = _options().parse_known_args(arguments)
        console = Console(sys.stdout, sys.stderr, PROGRAM, options.json, options.timeout)
        status = _run(console, options, words)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has seen enough; keep the interpreter from complaining when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except HitlessError as exc:
        console.complain(exc)
        return status_of(exc)


def _run(console: Console, options: argparse.Namespace, words: list[str]) -> int:
    if not words or words[0] in (*HELP, "help"):
        lines = _help(words[1:])
        print("\n".join(lines), file=sys.stdout if words else sys.stderr)
        return DONE if words else WRONG
    if words[0] == SHELL:
        if words[1:]:
            raise UsageError(f"{SHELL} takes no arguments: {' '.join(words[1:])}")
        # Imported late: one-shot commands have no use for it.
        from controller.operator.shell.run import run_shell

        return run_shell(_address(options), console)
    if words[0] == COMPLETE:
        return _complete(" ".join(words[1:]), _address(options))
    if words[0].startswith("-"):
        raise UsageError(f"there is no option {words[0]}: {PROGRAM} --help")
    command, rest = resolve(words)
    if set(HELP) & set(rest):
        print("\n".join(_help(words)))
        return DONE
    given = parse(command, rest)
    with RpcClient(_address(options)) as client:
        return console.run(client, command, given)


def _address(options: argparse.Namespace) -> Address:
    files = {"certificate": options.certificate, "key": options.key, "authority": options.ca}
    return parse_address(options.rpc or default_address(), files)


def _complete(line: str, address: Address) -> int:
    """Print each word that could stand at the end of a line."""
    _, found = hints_at(line, LiveValues(address).ask, OWN_WORDS)
    print(*(hint.text for hint in found if hint.writable), sep="\n")
    return DONE


def _help(words: list[str]) -> list[str]:
    """Say what there is to say about a command, or about all."""
    page = page_for(sys.stdout)
    if words:
        command, _ = resolve(words)
        return command_help(command, page, PROGRAM)
    commands = [(command.name, command.help) for command in COMMANDS.values()]
    return [
        f"usage: {PROGRAM} [OPTION ...] COMMAND [ARGUMENT ...]",
        "",
        *page.wrap("Ask a running management entity, or have it move network functions."),
        *page.wrap("Words may be abbreviated. COMMAND --help shows a command's arguments."),
        "",
        "commands:",
        *described([*commands, *OWN_WORDS.items()], page),
        "",
        "options:",
        *_options().format_help().partition("options:\n")[2].splitlines(),
        "",
        *page.wrap(f"Exit status: {TEXT}"),
    ]


class _Options(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _options() -> argparse.ArgumentParser:
    """Return the parser of the options that may stand anywhere on the command line."""
    options = _Options(PROGRAM, add_help=False, allow_abbrev=False)
    options.add_argument(
        "--rpc",
        metavar="PLACE",
        help="the management entity's Unix socket, or tls:HOST:PORT (default: $HITLESS_RPC, else"
        " rpc.sock in $XDG_RUNTIME_DIR/hitless, /run/hitless or /tmp/hitless-UID)",
    )
    options.add_argument("--json", action="store_true", help="print the data as JSON")
    options.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        help=f"give up waiting for an answer then (default: {CALL_TIMEOUT_S:g}; for a migration"
        f" to end: {WAIT_TIMEOUT_S:g})",
    )
    for name, what in (
        ("certificate", "TLS: who you are"),
        ("key", "TLS: your certificate's key"),
        ("ca", "TLS: who signed the management entity's certificate"),
    ):
        options.add_argument(
            f"--{name}",
            metavar="FILE",
            type=Path,
            help=f"{what} (default: $HITLESS_TLS_{name.upper()})",
        )
    return options


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds
