"""What calls on arrays have in common, be they of counters, meters or registers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Generic, TypeVar

from switch.dataplane.errors import DataPlaneError
from switch.dataplane.messages import Config
from switch.p4json.objects import CounterArray, MeterArray, RegisterArray
from switch.p4json.program import Program
from switch.thrift.calls import Calls

Array = TypeVar("Array", CounterArray, MeterArray, RegisterArray)


class ArrayCalls(Calls, Generic[Array]):
    """The calls on one kind of array."""

    unknown: ClassVar[str]
    """The code that says that there is no array of a name."""

    @abstractmethod
    def find(self, program: Program, name: str) -> Array | None:
        """The array of a name, without those that belong to tables."""

    @abstractmethod
    def refusal(self, code: str) -> Exception:
        """The exception of such calls."""

    @contextmanager
    def array(
        self, cxt_id: int, name: str, index: int | None = None
    ) -> Iterator[tuple[Config, Array]]:
        """An array of the program that calls are about, which has that cell; held while in use."""
        with self.device.lock:
            program = self.program(cxt_id)
            array = self.find(program, name) if program is not None else None
            if array is None:
                raise self.refusal(self.unknown)
            self.check_index(index is None or 0 <= index < array.size)
            try:
                yield self.device.control_config, array
            except DataPlaneError as error:
                raise self.refusal("ERROR") from error

    def check_index(self, is_valid: bool) -> None:
        """Refuse a call that names cells which the array does not have."""
        if not is_valid:
            raise self.refusal("INVALID_INDEX")
