"""What can go wrong between the control process and its data plane.

DataPlaneError
+-- PortError          an interface cannot be opened
+-- WorkerGone         the worker is not running, or did not answer in time
+-- NoSavedProgram     a call about the saved program when none is saved
+-- RequestRefused     the worker cannot do what was asked (unknown entry, index out of range)
"""

# ruff: noqa: N818 - the names say what happened; none needs the suffix Error

from __future__ import annotations


class DataPlaneError(Exception):
    """Base of all errors of this package."""


class PortError(DataPlaneError):
    """An interface that cannot be opened; the message names it and says what to do."""


class WorkerGone(DataPlaneError):
    """The worker process is not running, or did not answer within the time limit."""


class NoSavedProgram(DataPlaneError):
    """Something was asked of the saved (or running) program, and there is none."""


class RequestRefused(DataPlaneError):
    """The worker could not do what was asked; nothing of that operation was done.

    `index` is the place of the refused operation in a batch: those before it were done.
    """

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index
