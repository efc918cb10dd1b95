"""The command line of `python -m topo`."""

import pytest

from topo.cli import choose_programs
from topo.errors import BlueprintError
from topo.topologies import line


@pytest.mark.parametrize(
    ("choices", "programs"),
    [
        ([], ["guarded", "guarded"]),
        (["l2"], ["l2", "l2"]),
        (["s2=l2"], ["guarded", "l2"]),
        (["l2", "s1=l2_firewall"], ["l2_firewall", "l2"]),
        (["s1=l2_firewall", "l2"], ["l2", "l2"]),
    ],
)
def test_programs_are_chosen_for_all_nodes_or_one_the_last_choice_wins(choices, programs):
    chosen = choose_programs(line(), choices)
    assert [node.program for node in chosen.nodes] == programs


@pytest.mark.parametrize("choice", ["", "s1=", "=l2"])
def test_half_a_choice_is_refused(choice):
    with pytest.raises(BlueprintError, match=r"give PROGRAM or NODE=PROGRAM"):
        choose_programs(line(), [choice])
