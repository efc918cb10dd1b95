"""What the run-time structures refuse, and how a program's own assertion fails."""

from __future__ import annotations


class Refused(Exception):
    """Something was asked that cannot be done; nothing was changed."""


class AssertionFailed(Exception):
    """A packet broke an `assert` or `assume` of the program."""
