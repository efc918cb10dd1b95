"""Each command is given to a running management entity, over its socket, by some test.

The tests are read, not run: a word that is left out there, or a new command without a test, fails
here at once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from controller.operator.commands import COMMANDS
from controller.operator.grammar import UsageError, resolve

TESTS = Path(__file__).resolve().parents[1] / "integration"
MODULES = ("test_commands_with_switches", "test_me_with_switches", "test_me_without_nodes")
GIVING = ("data", "hitless", "lines")
"Functions of these tests that give a command: words, to a management entity by its socket."


def test_each_command_has_a_test_over_a_real_socket() -> None:
    tested = {name for module in MODULES for name in commands_given(TESTS / f"{module}.py")}
    assert tested == set(COMMANDS), "give the others to a management entity in a test"


def commands_given(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and name_of(node.func) in GIVING:
            try:
                yield resolve(words_of(node))[0].name
            except UsageError:
                continue  # what is no command is tested there, too


def name_of(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


def words_of(call: ast.Call) -> list[str]:
    given = [a for a in call.args if not (isinstance(a, ast.Name) and a.id == "me")]
    constants = takewhile(lambda argument: isinstance(argument, ast.Constant), given)
    return [str(constant.value) for constant in constants]
