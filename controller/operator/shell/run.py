"""Runs the shell: at a terminal with a prompt, otherwise line by line from standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from controller.operator.address import Address
from controller.operator.client import PING_TIMEOUT_S, RpcClient
from controller.operator.console import Console
from controller.operator.shell.interpreter import Interpreter
from controller.operator.shell.live import LiveValues
from controller.operator.status import DONE
from controller.operator.terminal import page_for

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession


def run_shell(address: Address, console: Console) -> int:
    """Run the shell until it is left; return an exit status.

    Raises:
        RpcError: there is no management entity to talk to.
    """
    with RpcClient(address) as client:
        version = client.call("ping", timeout_s=PING_TIMEOUT_S)["version"]
    interpreter = Interpreter(address, console)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return run_lines(interpreter, sys.stdin)
    # Imported late: who pipes commands in has no use for it.
    from controller.operator.shell.prompt import make_session

    print(f"hitless {version} at {address}; ? shows what can be written, Tab completes it")
    session = make_session(LiveValues(address).ask, page_for(sys.stdout))
    return converse(interpreter, session)


def run_lines(interpreter: Interpreter, lines: Iterable[str]) -> int:
    """Run lines up to the first that fails; return its status, or 0."""
    for line in lines:
        status = interpreter.run(line)
        if status != DONE or interpreter.over:
            return status
    return DONE


def converse(interpreter: Interpreter, session: PromptSession[str]) -> int:
    """Prompt for lines until the shell is left. Ctrl-C gives a line up."""
    while not interpreter.over:
        try:
            interpreter.run(session.prompt())
        except KeyboardInterrupt:
            continue
        except EOFError:
            break
    return DONE
