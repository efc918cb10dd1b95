"""The updates of one Write: changes of the switch's own state that can be undone, and effects.

Updates are checked against the state that the control process keeps, which changes at once;
what the data plane is to do is collected and handed over when the whole batch was checked. So a
refused update leaves nothing behind, and a batch that is to be all or nothing (ROLLBACK_ON_ERROR)
has not touched the data plane when its first error shows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, MutableMapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

from switch.dataplane.client import DataPlane
from switch.dataplane.messages import Config
from switch.p4runtime.effects import Channel, Effect, apply_effects
from switch.p4runtime.status import StatusError, internal

_MISSING = object()
_ALL = range(sys.maxsize)


class _Change(NamedTuple):
    """What one update changed."""

    update: int
    undo: Callable[[], Any]

    def take_back(self, updates: Collection[int]) -> None:
        """Undo it if its update is one of these."""
        if self.update in updates:
            self.undo()


class _Changes(NamedTuple):
    """Items that were changed, one by each update from the first on."""

    first: int
    mapping: MutableMapping[Any, Any]
    keys: Sequence[Any]
    formers: Sequence[Any]

    def take_back(self, updates: Collection[int]) -> None:
        """Set the items of these updates back."""
        for update, key in enumerate(self.keys, self.first):
            if update in updates:
                former = self.formers[update - self.first]
                if former is _MISSING:
                    del self.mapping[key]
                else:
                    self.mapping[key] = former


class Transaction:
    """The state of one Write under way."""

    def __init__(self) -> None:
        self._update = 0
        self._updates = 0
        """How many there are from that one on, if they are handled together."""
        self._effects: list[Effect] = []
        self._undo: list[_Change | _Changes] = []
        self._postponed: Callable[[], None] | None = None
        self._marks = (0, 0)

    def begin_update(self) -> None:
        """The next update of the batch is about to be handled."""
        self.begin_updates(1)

    def begin_updates(self, count: int) -> None:
        """The next `count` updates are about to be handled together."""
        self.catch_up()
        self._update += self._updates
        self._updates = count
        self._marks = len(self._effects), len(self._undo)

    def revert_update(self) -> None:
        """The update that was begun last is refused: take back what it did so far."""
        effects, undo = self._marks
        del self._effects[effects:]
        self._take_back(undo)

    def rollback(self) -> None:
        """Take back all updates; nothing of them has reached the data plane."""
        self._postponed = None
        self._effects.clear()
        self._take_back(0)

    def effect(self, channel: Channel, item: Any) -> None:
        """Something for the data plane to do."""
        self._effects.append(Effect(channel, item, self._update, self._updates))

    def undoable(self, undo: Callable[[], Any]) -> None:
        """The state was changed, and `undo` takes it back."""
        self._undo.append(_Change(self._update, undo))

    def put(self, mapping: MutableMapping[Any, Any], key: Any, value: Any) -> None:
        """Set an item of the state."""
        former = mapping.get(key, _MISSING)
        mapping[key] = value
        if former is _MISSING:
            self.undoable(lambda: mapping.pop(key))
        else:
            self.undoable(lambda: mapping.__setitem__(key, former))

    def put_all(
        self, mapping: MutableMapping[Any, Any], keys: Sequence[Any], values: Iterable[Any]
    ) -> None:
        """Set items of the state, one for each update; postponed (`catch_up`)."""
        self._postponed = partial(self._put_all, mapping, keys, values)

    def remove_all(self, mapping: MutableMapping[Any, Any], keys: Sequence[Any]) -> None:
        """Remove items of the state, one for each update; postponed likewise."""
        self._postponed = partial(self._remove_all, mapping, keys)

    def catch_up(self) -> None:
        """Do what was postponed, if anything was, which cannot fail.

        Nobody sees that it is late: it is done before the next update is checked, or else while the
        data plane is at the effects.
        """
        postponed, self._postponed = self._postponed, None
        if postponed is not None:
            postponed()

    def _put_all(
        self, mapping: MutableMapping[Any, Any], keys: Sequence[Any], values: Iterable[Any]
    ) -> None:
        formers = list(map(mapping.get, keys, repeat(_MISSING)))
        mapping.update(zip(keys, values, strict=True))
        self._undo.append(_Changes(self._update, mapping, keys, formers))

    def _remove_all(self, mapping: MutableMapping[Any, Any], keys: Sequence[Any]) -> None:
        formers = list(map(mapping.pop, keys))
        self._undo.append(_Changes(self._update, mapping, keys, formers))

    def remove(self, mapping: MutableMapping[Any, Any], key: Any) -> Any:
        """Remove an item of the state, and return it."""
        former = mapping.pop(key)
        self.undoable(lambda: mapping.__setitem__(key, former))
        return former

    def assign(self, target: object, attribute: str, value: Any) -> None:
        """Set an attribute of the state."""
        former = getattr(target, attribute)
        setattr(target, attribute, value)
        self.undoable(lambda: setattr(target, attribute, former))

    def flush(self, plane: DataPlane, config: Config) -> dict[int, StatusError]:
        """Hand the effects to the data plane; the updates that it refused, which are undone.

        The checks before make refusals impossible unless the two processes disagree about the
        state, so they are INTERNAL errors. Raises `WorkerGone`.
        """
        try:
            refused = apply_effects(plane, config, self._effects)
        finally:
            self.catch_up()
        errors = {update: internal(f"the data plane refused: {why}") for update, why in refused}
        if errors:
            self._take_back(0, errors.keys())
        return errors

    def _take_back(self, mark: int, updates: Collection[int] = _ALL) -> None:
        for change in reversed(self._undo[mark:]):
            change.take_back(updates)
        del self._undo[mark:]
