"""What the run-time structures refuse, and how a program's own assertion fails."""

# ruff: noqa: N818 - the names say what happened; none needs the suffix Error

from __future__ import annotations


class Refused(Exception):
    """Something was asked that cannot be done; nothing was changed."""


class AssertionFailed(Exception):
    """A packet broke an `assert` or `assume` of the program."""


class EndlessLoop(Exception):
    """A loop of the program took too many rounds for one packet."""
