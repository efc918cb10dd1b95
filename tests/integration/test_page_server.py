"""The page's server: many pages, slow ones, and a management entity that goes and comes."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller.dashboard.live import BACKLOG
from tests.integration.page_world import SimulatedMe, page_process
from topo import topologies

PAGES = 50
TIMEOUT_S = 20.0
NETWORK = topologies.leaf_spine(84, 16)
PLACES = {"leaf1": range(16)}
LOAD = {"level": "normal", "stale": False, "ports": {}}


class Page:
    """A page's live feed, as a browser reads it."""

    def __init__(self, url: str) -> None:
        netloc = url.split("/")[2]
        self._connection = http.client.HTTPConnection(netloc, timeout=TIMEOUT_S)
        self._connection.request("GET", "/live")
        self._feed = self._connection.getresponse()

    def close(self) -> None:
        self._feed.close()
        self._connection.close()

    def next(self, *kinds: str) -> tuple[str, Any]:
        """Return the next message of these kinds."""
        while True:
            line = self._feed.readline()
            assert line, "the page was disconnected"
            if line.startswith(b"event: ") and (kind := line[7:].strip().decode()) in kinds:
                return kind, json.loads(self._feed.readline().removeprefix(b"data: "))

    def until(self, key: str, value: Any) -> list[str]:
        """Read until something is as given; return the kinds of messages on the way."""
        kinds = []
        while True:
            kind, said = self.next("picture", "change")
            kinds.append(kind)
            if said.get(key, not value) == value:
                return kinds


@contextmanager
def open_pages(url: str, count: int) -> Iterator[list[Page]]:
    with ExitStack() as stack:
        pages = [Page(url) for _ in range(count)]
        for page in pages:
            stack.callback(page.close)
        yield pages


@pytest.fixture
def me(tmp_path: Path) -> Iterator[SimulatedMe]:
    me = SimulatedMe(tmp_path / "rpc.sock", NETWORK, PLACES)
    yield me
    me.close()


@pytest.fixture
def url(me: SimulatedMe, tmp_path: Path) -> Iterator[str]:
    with page_process(tmp_path / "rpc.sock") as url:
        yield url


def test_fifty_pages_cost_the_management_entity_as_much_as_one(me: SimulatedMe, url: str) -> None:
    with open_pages(url, PAGES) as pages:
        for page in pages:
            page.until("gone", None)
        began, before = time.monotonic(), me.asked.copy()
        for number in range(200):
            me.publish("node_up", node=f"s{number}", reason="")
        for page in pages:
            news: list[Any] = []
            while not news or news[-1]["text"] != "s199":
                news += page.next("change")[1].get("news", [])
        asked = me.asked - before
        assert set(asked) <= {"overview"}
        assert asked["overview"] <= 2 + (time.monotonic() - began) / 0.5


def test_a_page_that_does_not_read_holds_up_nobody_and_is_shown_all_anew(
    me: SimulatedMe, url: str
) -> None:
    filler = "x" * 1_000_000  # more than sockets hold in so many messages
    with open_pages(url, 2) as (slow, quick):
        slow.until("gone", None)
        quick.until("gone", None)
        for round_ in range(2 * BACKLOG):
            me.publish("load", nodes={"leaf1": LOAD | {"pps": round_, "filler": filler}})
            assert quick.next("change")[1]["load"]["leaf1"]["pps"] == round_
        me.overview = me.overview | {"conflicts": ["seen"]}
        me.publish("scaling_paused")
        quick.until("conflicts", ["seen"])
        kinds = slow.until("conflicts", ["seen"])
    assert "picture" in kinds
    assert len(kinds) < 2 * BACKLOG


def test_pages_are_told_that_the_management_entity_is_gone_and_that_it_is_back(
    me: SimulatedMe, url: str, tmp_path: Path
) -> None:
    with open_pages(url, 2) as pages:
        for page in pages:
            page.until("gone", None)
        me.close()
        for page in pages:
            while not page.next("change")[1].get("gone"):
                pass
        again = SimulatedMe(tmp_path / "rpc.sock", NETWORK, {"leaf2": range(16)})
        try:
            for page in pages:
                page.until("gone", None)
        finally:
            again.close()


def test_a_request_needs_one_of_our_names_and_to_act_the_token(url: str) -> None:
    found = {}
    for host in ("localhost", "127.0.0.1:1", "[::1]", "[::1]:80", "evil.example:8080", "[::1"):
        found[host] = _pause(url, host, b"wrong")
    ours, others = [403] * 4, [421] * 2
    assert list(found.values()) == [*ours, *others], found
    assert _pause(url, "localhost", b"\xff\xfe") == 403, "a token that is no UTF-8"


def _pause(url: str, host: str, token: bytes) -> int:
    """Send a command under a name; return the status of the answer."""
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=TIMEOUT_S)
    connection.putrequest("POST", "/do/pause", skip_host=True)
    for name, value in (("Host", host), ("X-Hitless-Token", token), ("Content-Length", "0")):
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status
