"""Command lines: which command is meant, with which arguments, and what could come next."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from controller.operator.arguments import Argument
from controller.operator.cli import _options
from controller.operator.command import Command
from controller.operator.commands import COMMANDS
from controller.operator.completion import Hint, hints
from controller.operator.grammar import UsageError, parse, resolve, usage


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        ("nodes", "nodes", []),
        ("plac", "placement", []),
        ("migrate firewall --from s1", "migrate", ["firewall", "--from", "s1"]),
        ("migrations 3", "migrations", ["3"]),
        ("stat", "status", []),
        ("reg s1 learn", "registers", ["s1", "learn"]),
        ("thresholds", "thresholds", []),
        ("thr s", "thresholds", ["s"]),
        ("thr set s1 --high 9", "thresholds set", ["s1", "--high", "9"]),
        ("prog pu s2 l2", "program push", ["s2", "l2"]),
    ],
)
def test_words_name_a_command_in_full_or_in_short(line: str, name: str, rest: list[str]) -> None:
    command, words = resolve(line.split())
    assert (command.name, words) == (name, rest)


def test_every_command_is_found_by_its_name() -> None:
    for name, command in COMMANDS.items():
        assert resolve(name.split()) == (command, [])


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("migr", "'migr' is ambiguous: migrate, migrations"),
        ("nodez", "there is no command 'nodez'; close to it: node, nodes"),
        ("xyzzy", "there is no command 'xyzzy'; these would do: .*nodes"),
        ("program", "program: give one of program add, program push"),
        ("program pull", "no command 'program pull'; these would do: program add, program push"),
        ("", "no command is given; these would do: .*nodes"),
    ],
)
def test_what_is_no_command_is_answered_with_those_that_would_do(line: str, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        resolve(line.split())


def test_arguments_are_read_by_their_types_and_left_out_if_not_given() -> None:
    words = ["firewall", "--from", "s1", "--to", "s2", "--slots", "0-2", "--dry-run"]
    assert parse(COMMANDS["migrate"], words) == {
        "function": "firewall",
        "source": "s1",
        "destination": "s2",
        "slots": [0, 1, 2],
        "dry_run": True,
    }


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("migrate firewall --to s2", "required: --from"),
        ("migrate firewall --from s1 --to s2 --slots 7-x", "--slots: '7-x' is no slot"),
        ("migrate firewall --from s1 --to s2 --mode x", "--mode: 'x' is none of hitless, paper"),
        ("migrations 0", "at least 1"),
        ("nodes s1 s2 s3", "unrecognized arguments"),
    ],
)
def test_arguments_that_do_not_fit_are_named_with_how_it_is_written(line: str, text: str) -> None:
    command, rest = resolve(line.split())
    with pytest.raises(UsageError, match=text) as caught:
        parse(command, rest)
    assert usage(command) in str(caught.value)


LIVE = {"node": ["s1", "s2"], "source": ["s1", "s2"], "destination": ["s1", "s2"]} | {
    "function": ["firewall"],
    "method": ["pm", "pr", "auto"],
}


def ask(_command: Command, argument: Argument, given: Mapping[str, object]) -> list[str]:
    if argument.name == "register":
        return [f"learn_of_{given['node']}"]
    return LIVE.get(argument.name, [])


def texts(line: str) -> list[str]:
    """Return the hints at the end of a line."""
    *words, partial = line.split(" ")
    found = hints(words, partial, ask, {"help": "about commands"})
    return [hint.text for hint in found]


def test_at_first_all_commands_could_come() -> None:
    assert {"nodes", "migrate", "help"} <= set(texts(""))
    assert texts("migr") == ["migrate", "migrations"]
    assert texts("hel") == ["help"]


def test_positional_arguments_come_with_the_networks_names() -> None:
    assert texts("migrate ")[0] == "firewall"
    assert texts("registers s") == ["s1", "s2"]


def test_names_that_depend_on_other_arguments_are_those_of_the_others() -> None:
    assert texts("registers s2 ")[0] == "learn_of_s2"


def test_an_option_is_followed_by_its_values_and_given_once() -> None:
    assert texts("migrate firewall --from ") == ["s1", "s2"]
    assert texts("migrate firewall --from s1 --f") == []
    assert texts("migrate firewall --from s1 --t") == ["--to"]
    assert texts("migrate firewall --method p") == ["pm", "pr"]


def test_a_value_that_nobody_can_list_is_described() -> None:
    found = hints(["migrations"], "", ask, {})
    assert found[0] == Hint("<ID>", "the migration to show in full")
    assert not found[0].writable


def test_words_of_longer_commands_come_beside_arguments() -> None:
    assert texts("program ") == ["add", "push"]
    assert texts("thresholds ") == ["set", "reset", "s1", "s2"]
    assert "--high" in texts("thresholds set s1 ")


def test_nothing_comes_after_nonsense() -> None:
    assert texts("nodez ") == []


def test_no_argument_is_written_as_an_option_of_the_command_line_itself() -> None:
    own = set(_options()._option_string_actions)
    assert {"--json", "--rpc"} <= own
    for command in COMMANDS.values():
        assert own.isdisjoint(argument.flag for argument in command.arguments), command.name
