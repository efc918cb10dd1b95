"""The report counts, names what did not pass, and measures against what BMv2 passes."""

from tests.conformance.outcome import Outcome, Verdict
from tests.conformance.p4c_tests import NotCompiled
from tests.conformance.report import Report


def report(bmv2, embedded, bar_percent=98.0):
    result = Report(bar_percent, [NotCompiled("x", "error: no")])
    for switch, verdicts in (("bmv2", bmv2), ("embedded", embedded)):
        if verdicts is not None:
            result.outcomes[switch] = [
                Outcome(f"t{number}", switch, Verdict(verdict), "because")
                for number, verdict in enumerate(verdicts)
            ]
    return result


def test_what_bmv2_does_not_pass_does_not_count():
    both = report(["passed", "failed"], ["passed", "failed"])
    assert both.share_percent("embedded") == 100.0
    assert both.is_good()


def test_what_bmv2_passes_counts():
    both = report(["passed", "passed"], ["passed", "refused"])
    assert both.share_percent("embedded") == 50.0
    assert not both.is_good()


def test_without_bmv2_everything_counts():
    assert report(None, ["passed", "failed"]).share_percent("embedded") == 50.0


def test_a_crash_is_never_good():
    assert not report(["passed", "failed"], ["passed", "crashed"]).is_good()


def test_bmv2_alone_is_measured_as_well():
    assert not report(["passed", "failed"], None).is_good()


def test_the_text_names_what_did_not_pass_and_what_was_not_compiled():
    text = report(["passed", "passed"], ["passed", "refused"]).text()
    assert "refused on embedded: t1: because" in text
    assert "not compiled: x: error: no" in text
    assert "embedded: 50.0 % of the 2 tests that BMv2 passes" in text
    assert "the bar is 98 %: MISSED" in text


def test_outcomes_survive_json():
    outcome = Outcome("t", "bmv2", Verdict.CRASHED, "killed by SIGSEGV", 0.5)
    assert Outcome.from_dict(outcome.to_dict()) == outcome
