"""What open pages are sent: encoded once, a few messages, never more than they read."""

import asyncio
import json

import pytest

from controller.dashboard import live as module
from controller.dashboard.live import BACKLOG, KEEPALIVE, Live


@pytest.fixture(autouse=True)
def pause(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_S", 0.02)


def event(number):
    return {"event": "node_up", "at": float(number), "node": f"s{number}", "reason": ""}


def told(message):
    """Return kind and data of a message's first event."""
    kind, data = message.decode().split("\n")[:2]
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_events_that_come_together_make_one_message_the_same_for_all_pages():
    async def run():
        live = Live()
        pages = [live.messages() for _ in range(50)]
        for page in pages:
            assert told(await anext(page))[0] == "picture"
        for number in range(40):
            live.take("event", event(number))
        messages = [await anext(page) for page in pages]
        assert len({id(message) for message in messages}) == 1
        kind, data = told(messages[0])
        assert (kind, len(data["news"])) == ("change", 40)

    asyncio.run(run())


def test_the_begin_of_a_migration_does_not_wait_for_its_end(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_S", 60.0)
    record = {"id": 1, "state": "running", "function": "firewall", "slots": "3", "reason": ""}
    record |= {"from": "s1", "to": "s4"}
    begun = {"event": "migration_started", "at": 0.0, "migration": record}

    async def run():
        live = Live()
        page = live.messages()
        await anext(page)
        live.take("event", begun)
        kind, data = told(await anext(page))
        assert (kind, data["migrations"]) == ("change", [record])

    asyncio.run(run())


def test_a_page_that_does_not_read_gets_the_whole_picture_when_it_reads_again():
    async def run():
        live = Live()
        page = live.messages()
        await anext(page)
        for number in range(BACKLOG + 3):
            live.take("event", event(number))
            await asyncio.sleep(0.03)
        kind, data = told(await anext(page))
        assert (kind, len(data["news"])) == ("picture", BACKLOG + 3)
        live.take("event", event(99))
        kind, data = told(await anext(page))
        assert (kind, [news["text"] for news in data["news"]]) == ("change", ["s99"])

    asyncio.run(run())


def test_a_page_to_which_nothing_happens_is_sent_a_sign_of_life(monkeypatch):
    monkeypatch.setattr(module, "KEEPALIVE_S", 0.01)

    async def run():
        page = Live().messages()
        await anext(page)
        assert await anext(page) == KEEPALIVE

    asyncio.run(run())
