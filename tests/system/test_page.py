"""The page in a real browser: the network, and a move that was planned and started there."""

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from traces import wait_for

from topo.demo.management import ManagementEntity
from topo.deployment import bring_up
from topo.topologies import diamond

pytestmark = pytest.mark.system

CHROMIUM = shutil.which("chromium")
PICTURES = os.environ.get("HITLESS_SCREENSHOTS")
"""A directory for screenshots; not set: none are kept."""
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")


@pytest.fixture(scope="module")
def me():
    """A management entity over a diamond, with a page."""
    with bring_up(diamond(), "embedded") as deployment:
        with deployment.configuration.me.open("a") as file:
            file.write("[dashboard]\nenabled = true\nlisten = 127.0.0.1:0\n")
            file.write("[scaling]\nmode = advise\n")  # idle nodes' slots would be gathered
        me = ManagementEntity(deployment)
        me.wait_ready()
        me.url_file = deployment.configuration.rpc_socket.with_name("page.url")
        yield me


@pytest.fixture(scope="module")
def url(me):
    file = me.url_file
    wait_for(file.exists, "the page's URL")
    assert file.stat().st_mode & 0o777 == 0o600
    return file.read_text().strip()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None or subprocess.run([CHROMIUM, "--version"], check=False).returncode != 0:
        pytest.skip("needs a Chromium that starts: Debian's package chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def page(request, browser, url):
    context = browser.new_context(
        color_scheme=request.param, viewport={"width": 1400, "height": 1000}
    )
    errors = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if is_defect(said) else None)
    page.goto(url)
    page.scheme = request.param
    yield page
    context.close()
    assert errors == []


def is_defect(said):
    """Tell whether what a page says on its console is its own fault: refusals are none."""
    return said.type == "error" and "400 (Bad Request)" not in said.text


def keep_picture(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"page-{name}-{page.scheme}.png")


def migrations(me):
    return me.command("migrations")["migrations"]


def test_it_shows_the_network_and_a_move_that_was_planned_and_started_on_it(page, me):
    page.wait_for_selector("#nodes tbody tr:nth-child(4)")
    assert [row.inner_text() for row in page.query_selector_all("#nodes tbody td:first-child")] == [
        "s1", "s2", "s3", "s4",
    ]  # fmt: skip
    assert page.query_selector_all("#slots .slot")[0].get_attribute("title").endswith("slot 0: s1")
    before = len(migrations(me))

    page.select_option("[name=source]", "s1")
    page.select_option("[name=destination]", "s4")
    page.fill("[name=slots]", "3")
    page.keyboard.press("Enter")
    page.wait_for_selector("#plan:not([hidden]) li")
    assert "firewall, slots 3" in page.inner_text("#explanation")
    assert len(migrations(me)) == before  # a plan does nothing
    keep_picture(page, "plan")

    page.click("#start")
    page.wait_for_selector(".slot.moving, .step.running")
    keep_picture(page, "moving")
    page.wait_for_selector("#slots .slot[title$='slot 3: s4']")
    page.wait_for_selector("#migrations .migration .step:last-child.done")
    assert len(migrations(me)) == before + 1
    assert "finished" in page.inner_text("#migrations .migration")
    told = f"migration ended {before + 1}: firewall, slots 3, s1 to s4, finished"
    assert told in page.inner_text("#events")
    keep_picture(page, "moved")
    me.migrate("firewall", "s4", "s1", "auto", "hitless")


def test_a_move_that_will_not_do_is_refused_with_the_reason(page):
    page.wait_for_selector("[name=destination] option[value=s1]", state="attached")
    page.select_option("[name=source]", "s1")
    page.select_option("[name=destination]", "s1")
    page.click("#move button")
    page.wait_for_selector("#answer.bad")
    assert "source and destination are both s1" in page.inner_text("#answer")


def answer_to(url, headers, body=b"{}"):
    """Return the status of a request."""
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_acting_takes_the_token_and_looking_our_own_name(url):
    base, _, token = url.partition("#token=")
    right = {"X-Hitless-Token": token, "Content-Type": "application/json"}
    for headers in ({}, {"X-Hitless-Token": "wrong"}):
        assert answer_to(f"{base}do/migrate", headers) == 403
    assert answer_to(f"{base}do/migrate", right) == 400  # a function is missing
    assert answer_to(f"{base}do/registers", right) == 404
    assert answer_to(f"{base}do/migrate", right, b"[]") == 400
    assert answer_to(f"{base}", {"Host": "evil.example"}, None) == 421
    assert answer_to(f"{base}", {}, None) == 200
