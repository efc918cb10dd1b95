"""How arguments of operators' commands are read, and what is said of those that will not do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from controller.errors import RequestError
from controller.operator.arguments import Argument, ArgumentError
from controller.operator.command import join
from controller.operator.commands import COMMANDS, METHODS, answer
from controller.operator.values import Choice, Flag, Name, Names, Number, Ports, Quantity, Slots


class Network:
    """Stands for the management entity: the names that candidates are taken from."""

    def node_names(self) -> list[str]:
        return ["s1", "s2"]

    def function_names(self) -> list[str]:
        return ["firewall"]


@pytest.mark.parametrize(
    ("given", "slots"),
    [("0-3,8", [0, 1, 2, 3, 8]), ("5", [5]), (5, [5]), ([3, 1, 1], [1, 3])],
)
def test_slots_are_read_from_text_numbers_and_lists(given: object, slots: list[int]) -> None:
    assert Slots().read(given) == slots


@pytest.mark.parametrize("given", ["", "3-1", "x", [], [-1], ["1"], [True, "a"], None, True, {}])
def test_what_is_no_set_of_slots_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Slots().read(given)


@pytest.mark.parametrize("given", ["", "-1", "1.0", "٣", True, None, 0, "0"])
def test_what_is_no_number_of_at_least_one_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Number("ID", least=1).read(given)


def test_a_choice_names_the_words_that_would_do() -> None:
    with pytest.raises(ValueError, match="'px' is none of pm, pr, auto"):
        Choice(("pm", "pr", "auto")).read("px")


def test_a_flag_is_true_or_false_and_nothing_else() -> None:
    assert Flag().read(True) is True
    with pytest.raises(ValueError, match="true or false"):
        Flag().read(1)


def test_a_name_is_a_text_that_is_not_empty() -> None:
    assert Name("NODE").read(" s1 ") == "s1"
    for wrong in ("", "  ", 3, None):
        with pytest.raises(ValueError, match="must be a name"):
            Name("NODE").read(wrong)


@pytest.mark.parametrize("given", ["3,1", [1, 3], ["1", "3"]])
def test_ports_are_read_from_text_and_lists(given: object) -> None:
    assert Ports().read(given) == [1, 3]
    assert Ports().read(7) == [7]


@pytest.mark.parametrize("given", ["", "1,", "0", [], [True], None, {}, "a"])
def test_what_is_no_list_of_ports_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Ports().read(given)


def test_names_are_read_from_text_and_lists() -> None:
    assert Names("KIND").read("a, b") == Names("KIND").read(["a", "b"]) == ["a", "b"]
    for wrong in ("", "a,,b", [], [1], None):
        with pytest.raises(ValueError, match=r".+"):
            Names("KIND").read(wrong)


@pytest.mark.parametrize("given", ["-1", "x", "nan", "inf", True, None, []])
def test_what_is_no_quantity_is_refused(given: object) -> None:
    assert Quantity("PPS").read("2.5e3") == 2500.0
    with pytest.raises(ValueError, match="is no number from 0 on"):
        Quantity("PPS").read(given)


def node_names(me: Network, _others: Mapping[str, object]) -> list[str]:
    return me.node_names()


def argument(**changes: object) -> Argument:
    details = {"name": "source", "flag": "--from", "type": Name("NODE"), "help": ""}
    return Argument(**{**details, **changes})


def test_an_unknown_name_is_answered_with_those_that_would_do() -> None:
    wanted = argument(candidates=node_names)
    with pytest.raises(
        ArgumentError, match="--from: there is no node 's9'; these would do: s1, s2"
    ) as caught:
        wanted.take("s9", Network(), {})
    assert caught.value.values == ["s1", "s2"]


def test_a_missing_argument_is_answered_with_those_that_would_do() -> None:
    wanted = argument(candidates=node_names, required=True)
    with pytest.raises(ArgumentError, match="--from: is missing; these would do: s1, s2"):
        wanted.take(None, Network(), {})


def test_an_argument_that_may_be_left_out_has_its_default() -> None:
    assert argument(default="s1").take(None, Network(), {}) == "s1"


def test_a_long_list_of_values_that_would_do_is_cut_and_counted() -> None:
    text = str(ArgumentError("--from", "no", [f"s{i}" for i in range(40)]))
    assert "s11 and 28 more" in text
    assert "s12" not in text


def test_an_unknown_command_is_answered_with_those_that_would_do() -> None:
    with pytest.raises(RequestError, match=r"no command 'nodez'; these would do: .*\bnodes\b"):
        answer(Network(), "nodez", {})


def test_an_unknown_argument_is_answered_with_those_that_would_do() -> None:
    with pytest.raises(ArgumentError, match=r"slot: migrate has no such argument; .*slots"):
        answer(Network(), "migrate", {"slot": "1"})


def test_of_a_list_each_name_is_checked() -> None:
    wanted = argument(type=Names("NODE"), candidates=node_names)
    assert wanted.take("s2,s1", Network(), {}) == ["s2", "s1"]
    with pytest.raises(ArgumentError, match="there is no node 's9'"):
        wanted.take("s1,s9", Network(), {})


def test_parts_of_an_answer_are_joined_by_their_lists() -> None:
    parts = [{"node": "s1", "cells": [1]}, {"node": "s1", "cells": [2, 3]}, {"last": True}]
    assert join(parts) == {"node": "s1", "cells": [1, 2, 3], "last": True}
    assert parts[0]["cells"] == [1], "what is joined is left as it is"


def test_values_that_would_do_are_listed_for_any_argument() -> None:
    def ask(command: str, argument: str) -> list[str]:
        return answer(Network(), "values", {"command": command, "argument": argument})["values"]

    assert ask("migrate", "source") == ["s1", "s2"]
    assert ask("migrate", "method") == ["pm", "pr", "auto"]
    assert ask("values", "argument") == []
    with pytest.raises(ArgumentError, match="there is no argument 'sauce'; these"):
        ask("migrate", "sauce")


def test_definitions_are_told_to_those_who_write_clients() -> None:
    told = {c["method"]: c for c in answer(Network(), "commands", {})["commands"]}
    assert set(told) == set(METHODS)
    assert "subscribe" in told
    source = told["migrate"]["arguments"][1]
    assert (source["name"], source["written"], source["required"]) == ("source", "--from", True)


def test_every_command_and_argument_says_what_it_is_for() -> None:
    for name, command in COMMANDS.items():
        assert command.name == name
        assert command.help
        assert all(a.help for a in command.arguments)
        assert len({a.name for a in command.arguments}) == len(command.arguments)
