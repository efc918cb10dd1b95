"""What a run found, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.outcome import Outcome, Verdict
from tests.conformance.p4c_tests import NotCompiled

REFERENCE = "bmv2"


@dataclass
class Report:
    """Outcomes by switch, and what was not compiled."""

    bar_percent: float
    not_compiled: Sequence[NotCompiled] = ()
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)

    def reference_passes(self) -> set[str] | None:
        """The tests that BMv2 passes; None if it did not run."""
        if REFERENCE not in self.outcomes:
            return None
        return {item.test for item in self.outcomes[REFERENCE] if item.verdict is Verdict.PASSED}

    def share_percent(self, switch: str) -> float:
        """How much of what BMv2 passes, or else of all, a switch passes."""
        outcomes = self._measured(switch)
        passed = sum(outcome.verdict is Verdict.PASSED for outcome in outcomes)
        return 100.0 * passed / len(outcomes) if outcomes else 0.0

    def is_good(self) -> bool:
        """Whether no switch but the reference crashed, or fell below the bar."""
        return all(
            self.share_percent(switch) >= self.bar_percent
            and not any(outcome.verdict is Verdict.CRASHED for outcome in outcomes)
            for switch, outcomes in self.outcomes.items()
            if switch != REFERENCE or len(self.outcomes) == 1
        )

    def text(self) -> str:
        """The report for people."""
        lines = [*self._not_passed(), *self._not_compiled(), "", self._table()]
        return "\n".join([*lines, *self._shares()])

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "bar_percent": self.bar_percent,
            "good": self.is_good(),
            "share_percent": {name: round(self.share_percent(name), 2) for name in self.outcomes},
            "not_compiled": {item.test: item.reason for item in self.not_compiled},
            "outcomes": [
                outcome.to_dict() for outcomes in self.outcomes.values() for outcome in outcomes
            ],
        }

    def _measured(self, switch: str) -> list[Outcome]:
        reference = self.reference_passes()
        if reference is None or switch == REFERENCE:
            return self.outcomes[switch]
        return [outcome for outcome in self.outcomes[switch] if outcome.test in reference]

    def _not_passed(self) -> list[str]:
        return [
            f"{outcome.verdict} on {outcome.switch}: {outcome.test}: {_indented(outcome.reason)}"
            for outcomes in self.outcomes.values()
            for outcome in outcomes
            if outcome.verdict is not Verdict.PASSED
        ]

    def _not_compiled(self) -> list[str]:
        return [f"not compiled: {item.test}: {item.reason}" for item in self.not_compiled]

    def _table(self) -> str:
        rows = [f"{'':12}" + "".join(f"{verdict:>12}" for verdict in Verdict)]
        for switch, outcomes in self.outcomes.items():
            counts = Counter(outcome.verdict for outcome in outcomes)
            rows.append(f"{switch:12}" + "".join(f"{counts[verdict]:12}" for verdict in Verdict))
        return "\n".join(rows)

    def _shares(self) -> list[str]:
        lines = []
        for switch in self.outcomes:
            of = "all tests"
            if switch != REFERENCE and REFERENCE in self.outcomes:
                of = f"the {len(self._measured(switch))} tests that BMv2 passes"
            lines.append(f"{switch}: {self.share_percent(switch):.1f} % of {of}")
        return [
            *lines,
            f"the bar is {self.bar_percent:g} %: {'met' if self.is_good() else 'MISSED'}",
        ]


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
