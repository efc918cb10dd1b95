"""How apps that the management entity's app loads hear of its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from os_ken.base import app_manager

from controller.errors import AppError
from controller.events import MeEvent


def observe(
    app: app_manager.OSKenApp, kinds: Iterable[type[MeEvent]], hear: Callable[[Any], None]
) -> None:
    """Have an app's handler called with each event of these kinds, on the app's own thread.

    By hand: ``set_ev_cls`` would make the app require ``apps.me_app``, which requires the app, and
    os-ken would load the two in turns for ever.

    Args:
        app: The app, right before it starts.
        kinds: The events' classes.
        hear: Takes an event.

    Raises:
        AppError: the management entity's app is not loaded.
    """
    source = app_manager.lookup_service_brick("MeApp")
    if source is None:
        raise AppError(f"{app.name} belongs to the management entity: load apps.me_app instead")
    for kind in kinds:
        app.register_handler(kind, hear)
        source.register_observer(kind, app.name)
