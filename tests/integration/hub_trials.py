"""What the hub promises, tried on the hub that OSKEN_HUB_TYPE chooses: one trial per process.

Run as a script with a trial's name; ends with status 0 if the promise holds.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

from os_ken.base.app_manager import AppManager, OSKenApp
from os_ken.controller.event import EventBase
from os_ken.controller.handler import set_ev_cls

from controller import hub
from controller.news.outlet import LANE_LIMIT, EventOutlet

LIMIT_S = 30.0
"Long enough for whatever has to happen, however busy the machine."


class News(EventBase):
    """An event with a number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Source(OSKenApp):
    """An app that emits news."""

    _EVENTS = [News]  # noqa: RUF012 - os-ken's own form

    def start(self) -> object:
        super().start()
        self.outlet = EventOutlet(self)
        self.outlet.open()
        return hub.spawn(self.outlet.run, name="outlet")


class Reader(OSKenApp):
    """An app that keeps what it gets, and fails at number 1."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.got: hub.Mailbox[int] = hub.Mailbox(10 * LANE_LIMIT)

    @set_ev_cls(News)
    def on_news(self, event: News) -> None:
        if event.number == 1:
            raise ValueError("a handler's defect")
        self.got.put(event.number)


class Hanging(OSKenApp):
    """An app that handles one event and never returns from it."""

    @set_ev_cls(News)
    def on_news(self, event: News) -> None:
        hub.Mailbox().get()


def start(*classes: type[OSKenApp]) -> list[OSKenApp]:
    manager = AppManager.get_instance()
    apps = [manager.instantiate(cls) for cls in classes]
    for app in apps:
        app.start()
    return apps


def in_thread(function: Callable[[], object]) -> None:
    """Run something in a thread that the hub does not know."""
    threading.Thread(target=function, daemon=True).start()


def a_call_that_blocks_holds_up_nobody() -> None:
    """The call ends when there were so many ticks while it lasted."""
    calling, ten_ticks = threading.Event(), threading.Event()
    left = ["tick"] * 10

    def tick() -> None:
        if calling.is_set() and left:
            left.pop()
        if not left:
            ten_ticks.set()

    def wait() -> bool:
        calling.set()
        return ten_ticks.wait(LIMIT_S)

    ticking = hub.periodic(0.02, tick, name="ticks")
    assert hub.call(wait) is True
    ticking.stop()


def a_call_returns_what_the_function_returns_or_raises() -> None:
    assert hub.call(divmod, 7, 2) == (3, 1)
    try:
        hub.call(divmod, 7, 0)
    except ZeroDivisionError:
        return
    raise AssertionError("no exception came through")


def a_foreign_thread_wakes_who_waits_for_its_mailbox() -> None:
    mailbox: hub.Mailbox[int] = hub.Mailbox()
    in_thread(lambda: (time.sleep(0.1), mailbox.put(5)))
    began = time.monotonic()
    assert mailbox.get(2 * LIMIT_S) == 5
    assert time.monotonic() - began < LIMIT_S


def a_mailbox_gives_up_in_time() -> None:
    began = time.monotonic()
    try:
        hub.Mailbox().get(0.1)
    except hub.MailboxEmpty:
        assert 0.05 < time.monotonic() - began < LIMIT_S
        return
    raise AssertionError("something came out of an empty mailbox")


def a_mailbox_is_bounded_and_ends_after_what_was_put() -> None:
    mailbox: hub.Mailbox[int] = hub.Mailbox(2)
    mailbox.put(1)
    mailbox.put(2)
    try:
        mailbox.put(3)
    except hub.MailboxFull:
        mailbox.close()
    assert list(mailbox) == [1, 2]
    assert list(mailbox) == []


def many_threads_lose_nothing_in_a_mailbox() -> None:
    mailbox: hub.Mailbox[int] = hub.Mailbox(100_000)
    for start_at in range(0, 20_000, 5_000):
        in_thread(lambda first=start_at: [mailbox.put(first + i) for i in range(5_000)])
    assert sorted(mailbox.get(LIMIT_S) for _ in range(20_000)) == list(range(20_000))


def joining_a_task_ends_in_time() -> None:
    task = hub.spawn(lambda: hub.Mailbox().get(), name="waits for ever")
    assert hub.join(task, 0.1) is False
    assert hub.join(hub.spawn(lambda: None, name="ends"), LIMIT_S) is True


def a_task_that_fails_is_logged_and_ends() -> None:
    assert hub.join(hub.spawn(lambda: 1 / 0, name="fails"), LIMIT_S) is True


def an_app_goes_on_after_a_handler_failed() -> None:
    source, reader = start(Source, Reader)
    for number in range(4):
        source.outlet.post(News(number))
    assert [reader.got.get(LIMIT_S) for _ in range(3)] == [0, 2, 3]


def events_from_foreign_threads_reach_apps_in_order() -> None:
    source, reader = start(Source, Reader)
    in_thread(lambda: [source.outlet.post(News(n)) for n in range(2, 502)])
    assert [reader.got.get(LIMIT_S) for _ in range(500)] == list(range(2, 502))


def an_app_that_hangs_delays_no_other() -> None:
    source, reader, _ = start(Source, Reader, Hanging)
    count = 2 * LANE_LIMIT
    for number in range(2, count + 2):
        source.outlet.post(News(number))
        assert reader.got.get(LIMIT_S) == number


def periodic_calls_go_on_after_one_failed_and_end_when_stopped() -> None:
    calls: list[int] = []
    three_calls = threading.Event()

    def call() -> None:
        calls.append(1)
        if len(calls) == 3:
            three_calls.set()
        raise ValueError("a defect")

    ticking = hub.periodic(0.02, call, name="ticks")
    assert hub.call(three_calls.wait, LIMIT_S) is True
    ticking.stop(LIMIT_S)
    seen = len(calls)
    hub.call(time.sleep, 0.1)
    assert len(calls) == seen


if __name__ == "__main__":
    hub.prepare()
    globals()[sys.argv[1]]()
    sys.stdout.flush()
    os._exit(0)  # other threads may hang on purpose
