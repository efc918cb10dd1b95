"""The page in a real browser: the network, and what is planned and started there."""

import urllib.error
import urllib.request

import pytest
from traces import wait_for

from tests.integration.page_browser import keep_picture, open_browser, open_page
from topo.demo.management import ManagementEntity
from topo.deployment import bring_up
from topo.topologies import diamond

pytestmark = pytest.mark.system


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
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser, url):
    with open_page(browser, url, "light", 1400, 1000) as page:
        page.wait_for_selector("#nodes tbody tr:nth-child(4)")
        yield page


def migrations(me):
    return me.command("migrations")["migrations"]


def explained(page):
    """Wait for what would be done; return it."""
    page.wait_for_selector("#plan[open] li")
    return page.inner_text("#explanation")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_shows_the_network_and_a_move_that_was_planned_and_started_on_it(
    browser, url, me, scheme
):
    with open_page(browser, url, scheme, 1400, 1000) as page:
        page.wait_for_selector("#nodes tbody tr:nth-child(4)")
        names = page.query_selector_all("#nodes tbody td:first-child")
        assert [name.inner_text() for name in names] == ["s1", "s2", "s3", "s4"]
        page.wait_for_selector("#slots .slot[title$='slot 0: s1']")
        before = len(migrations(me))

        page.select_option("[name=source]", "s1")
        page.select_option("[name=destination]", "s4")
        page.fill("[name=slots]", "0-15")  # all: it takes longer than pages wait for more news
        page.keyboard.press("Enter")
        assert "firewall, slots 0-15" in explained(page)
        assert len(migrations(me)) == before  # a plan does nothing
        keep_picture(page, "plan")

        page.keyboard.press("Enter")
        page.wait_for_selector(".slot.moving, .step.running")
        page.wait_for_selector(".step.running, .migration:first-child .step:last-child.done")
        keep_picture(page, "moving")
        page.wait_for_selector("#slots .slot[title$='slot 3: s4']")
        page.wait_for_selector("#migrations .migration .step:last-child.done")
        assert len(migrations(me)) == before + 1
        assert "finished" in page.inner_text("#migrations .migration")
        told = f"migration ended {before + 1}: firewall, slots 0-15, s1 to s4, finished"
        page.wait_for_selector(f"#events :text('{told}')")
        keep_picture(page, "moved")
    me.migrate("firewall", "s4", "s1", "auto", "hitless")


def test_a_move_that_will_not_do_is_refused_with_the_reason(page):
    offered = "(name) => [...document.querySelector(`[name=${name}]`).options].map((o) => o.value)"
    assert page.evaluate(offered, "source") == ["s1"]  # who enforces slots
    assert page.evaluate(offered, "destination") == ["s2", "s3", "s4"]
    page.select_option("[name=destination]", "s2")
    page.click("#move button")
    page.wait_for_selector("#answer.bad")
    assert "not s2" in page.inner_text("#answer")


def test_automatic_moves_are_paused_and_resumed_by_keyboard(page, me):
    page.focus("#scaling button:text('Pause')")
    page.keyboard.press("Enter")
    assert "Nothing is moved because of load" in explained(page)
    assert me.command("scaling")["paused"] is False  # what it means comes first
    page.keyboard.press("Escape")
    page.wait_for_selector("#plan", state="hidden")
    assert page.evaluate("document.activeElement.textContent") == "Pause …"

    page.keyboard.press("Enter")
    explained(page)
    page.keyboard.press("Enter")
    page.wait_for_selector("#scaling:has-text('paused')")
    assert me.command("scaling")["paused"] is True
    page.focus("#scaling button:text('Resume')")
    page.keyboard.press("Enter")
    explained(page)
    page.keyboard.press("Enter")
    page.wait_for_selector("#scaling:has-text('advise')")
    assert me.command("scaling")["paused"] is False


def test_a_node_is_drained_and_undrained_by_keyboard(page, me):
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail h3:text-is('s1')")
    page.focus("#detail button:text('Drain')")
    page.keyboard.press("Enter")
    assert "s1 is drained" in explained(page)
    assert me.command("scaling")["draining"] == []
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail dd:has-text('drained')")
    page.wait_for_selector("#slots:not(:has(.slot[title*='s1']))")
    keep_picture(page, "drained")
    assert me.command("scaling")["draining"] == ["s1"]

    page.focus("#detail button:text('Undrain')")
    page.keyboard.press("Enter")
    assert "s1 may have slots again" in explained(page)
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail button:text('Drain')")
    assert me.command("scaling")["draining"] == []


def test_a_link_shows_what_passes_it_and_how_long_frames_take(page, me):
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail dt:text('Echo to the ME') + dd:text-matches('[0-9] ms')")
    page.click("#detail summary")
    page.click("#detail li button:text('s2:1')")
    page.wait_for_selector("#detail h3:text-is('s1:2 \u2013 s2:1')")
    page.wait_for_selector("#detail dd:text-matches('[0-9] ms, .* [0-9.]+ ms')")
    page.wait_for_selector("#trips .u-legend :text('s1:2=s2:1')")


def test_a_page_with_another_token_can_look_and_not_act(browser, url):
    with open_page(browser, f"{url}x", "light", 1400, 1000) as page:
        page.wait_for_selector("#nodes tbody tr:nth-child(4)")
        page.wait_for_selector("#looking:text('Looking only')")
        page.click("#scaling button:text('Pause')")
        page.click("#start")
        page.wait_for_selector("#answer.bad:has-text('acting takes the token')")


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
