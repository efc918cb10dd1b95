"""The page in a real browser, of networks too large to bring up here: can it be read?"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from southbound_tools import eventually

from tests.integration.page_browser import (
    LABELS,
    keep_picture,
    open_browser,
    open_page,
    shown_after_ms,
)
from tests.integration.page_world import SimulatedMe, page_process
from topo import topologies
from topo.blueprint import Blueprint

SIZES = ((1280, 800), (1920, 1080), (480, 900))
LEAST_PX = 7.0
"Letters are no smaller; 8 hosts' sum on a telephone."
LEAF_SPINE = topologies.leaf_spine(84, 16, hosts=8)
FAT_TREE = topologies.fat_tree(8)
ZOOM = "graph._cyreg.cy.zoom()"
OFFERED = "[...document.querySelector('[name=destination]').options].map((one) => one.value)"
CARD = """[detail.offsetLeft, detail.offsetTop, detail.offsetLeft + detail.offsetWidth,
  detail.offsetTop + detail.offsetHeight]"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as browser:
        yield browser


@contextmanager
def page_of(
    browser: Any, directory: Path, network: Blueprint, scheme: str = "light"
) -> Iterator[tuple[Any, SimulatedMe]]:
    """Open a page on a network whose firewall is split over three nodes, under load."""
    first, second, third = network.node_names[0], network.node_names[-2], network.node_names[1]
    places = {first: range(6), second: range(6, 10), third: range(10, 16)}
    me = SimulatedMe(directory / "rpc.sock", network, places)
    try:
        began = time.monotonic()
        with page_process(directory / "rpc.sock") as url:
            ready_s = time.monotonic() - began
            with open_page(browser, url, scheme, *SIZES[0]) as page:
                shown_ms = shown_after_ms(page)
                print(
                    f"{network.name}, {len(network.nodes)} nodes: the page's process was ready "
                    f"after {1000 * ready_s:.0f} ms, the network painted after {shown_ms:.0f} ms"
                )
                me.measure(0)
                page.wait_for_selector("#nodes td.number:text-matches('[0-9]')")
                yield page, me
    finally:
        me.close()


def apart(one: list[float], other: list[float]) -> bool:
    """Tell whether two boxes do not overlap; a pixel is the frame's."""
    return (
        one[2] <= other[0] + 1
        or other[2] <= one[0] + 1
        or one[3] <= other[1] + 1
        or other[3] <= one[1] + 1
    )


def centres(page: Any) -> dict[str, tuple[int, int]]:
    """Return where nodes and hosts are drawn, in pixels."""
    boxes = {label["id"]: label["box"] for label in page.evaluate(LABELS)}
    return {
        one: (round((x1 + x2) / 2), round((y1 + y2) / 2)) for one, (x1, y1, x2, y2) in boxes.items()
    }


def check_legible(page: Any, network: Blueprint) -> None:
    labels = page.evaluate(LABELS)
    stage = page.evaluate("(({width, height}) => [width, height])(graph.getBoundingClientRect())")
    assert {label["lines"][0] for label in labels if label["kind"] == "node"} == set(
        network.node_names
    )
    for label in labels:
        left, top, right, bottom = label["box"]
        assert min(left, top) >= 0 and right <= stage[0] and bottom <= stage[1], label
        assert label["px"] >= LEAST_PX, label
        assert label["written"] <= right - left - 2, label
        assert label["label"][1] >= top - 2 and label["label"][3] <= bottom + 2, label
    for one, other in itertools.combinations(labels, 2):
        assert apart(one["label"], other["label"]), (one, other)
        # Hosts hang on their node's lower edge; else nothing touches anything.
        assert one["kind"] != other["kind"] or apart(one["box"], other["box"]), (one, other)


@pytest.mark.parametrize("network", [LEAF_SPINE, FAT_TREE], ids=["leaf-spine", "fat-tree"])
def test_a_hundred_nodes_can_be_read_on_small_and_large_screens(
    browser: Any, tmp_path: Path, network: Blueprint
) -> None:
    for scheme in ("dark", "light"):
        directory = tmp_path / scheme
        directory.mkdir()
        with page_of(browser, directory, network, scheme) as (page, _):
            check_legible(page, network)
            keep_picture(page, network.name)
            for width, height in SIZES[1:] if scheme == "light" else ():
                page.set_viewport_size({"width": width, "height": height})
                page.wait_for_timeout(300)
                check_legible(page, network)


def test_four_nodes_can_be_read_with_their_load_and_slots(browser: Any, tmp_path: Path) -> None:
    network = topologies.diamond()
    with page_of(browser, tmp_path, network) as (page, _):
        page.wait_for_timeout(300)
        check_legible(page, network)
        nodes = [label for label in page.evaluate(LABELS) if label["kind"] == "node"]
        assert all("pkt/s" in node["lines"][1] for node in nodes)
        assert [n["lines"][2:] for n in nodes] == [
            ["firewall 0-5"],
            ["firewall 10-15"],
            ["firewall 6-9"],
            [],
        ]
        page.set_viewport_size({"width": 390, "height": 844})
        fits = "document.documentElement.scrollWidth <= innerWidth"
        assert eventually(lambda: page.evaluate(fits)), "something sticks out on a telephone"


def test_a_node_is_found_by_its_name_and_by_a_hosts(browser: Any, tmp_path: Path) -> None:
    with page_of(browser, tmp_path, LEAF_SPINE) as (page, _):
        before = centres(page)
        find(page, "leaf33", "leaf33")
        find(page, "h9", "leaf2")
        assert centres(page) == before  # it was in sight
        for _ in range(6):
            page.click("#zoom-in")
        zoom = page.evaluate(ZOOM)
        for node in ("leaf84", "leaf1", "spine16"):
            find(page, node, node)
            assert beside_the_card(page, node)
        assert page.evaluate(ZOOM) == zoom
        page.click("#fit")
        check_legible(page, LEAF_SPINE)


def test_what_was_chosen_in_a_list_is_acted_on_by_keyboard_and_left_again(
    browser: Any, tmp_path: Path
) -> None:
    with page_of(browser, tmp_path, LEAF_SPINE) as (page, _):
        page.keyboard.press("n")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("#detail:focus h3:text-is('leaf2')")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.ariaLabel") == "Close leaf2"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # Move from here
        assert page.evaluate("document.activeElement.name") == "destination"
        assert page.eval_on_selector("[name=source]", "source => source.value") == "leaf2"
        offered = page.evaluate(OFFERED)
        assert "leaf2" not in offered and len(offered) == len(LEAF_SPINE.nodes) - 1
        page.focus("#detail")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.dataset.node") == "leaf2"


def find(page: Any, text: str, node: str) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#detail:focus h3:text-is('{node}')")


def beside_the_card(page: Any, node: str) -> bool:
    """Tell whether a node is in sight, and not beneath the card."""
    box = next(label["box"] for label in page.evaluate(LABELS) if label["id"] == node)
    stage = page.evaluate("[0, 0, graph.clientWidth, graph.clientHeight]")
    card = page.evaluate(CARD)
    inside = box[0] >= 0 and box[1] >= 0 and box[2] <= stage[2] and box[3] <= stage[3]
    return inside and apart(box, card)


def test_a_node_that_dies_stays_where_it_was(browser: Any, tmp_path: Path) -> None:
    with page_of(browser, tmp_path, topologies.leaf_spine(4, 2)) as (page, me):
        before = centres(page)
        links = me.overview["links"]
        me.overview["links"] = [link for link in links if not link["b"].startswith("spine2:")]
        dead = next(node for node in me.overview["nodes"] if node["name"] == "spine2")
        dead |= {"state": "down", "enforces": {}}
        me.publish("topology_changed", topology="without spine2's links")
        page.wait_for_selector("#nodes tr:has-text('spine2') :text('down')")
        page.wait_for_timeout(300)
        keep_picture(page, "dead")
        assert centres(page) == before
        assert len(me.overview["links"]) < len(links)
