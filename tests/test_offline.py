"""Reading without a network, in a real chromium: what was read opens, what was not says so, and nothing of it is told."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import wait_for
from tests.gate import Gate
from tests.home import ROOT, Home
from tests.prepared import Prepared
from tests.tabs import AGENT, UNDRIVEN
from tests.walk import wrong_with

pytestmark = pytest.mark.browser

PORT, GATE = 8480, 8483
SITE = f"http://localhost:{GATE}"
CONTROLLED = "navigator.serviceWorker.ready.then(() => !!navigator.serviceWorker.controller)"
KEPT = "caches.open('pages').then((pages) => pages.keys()).then((keys) => keys.map(({ url }) => new URL(url).pathname))"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("offline") / "home", PORT=PORT, SITE_URL=SITE, SITE_WORKERS=1).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def gate(paper: Home) -> Iterator[Gate]:
    with Gate(GATE, PORT).open() as gate:
        yield gate
        gate.shutdown()


@pytest.fixture(scope="module")
def chromium(gate: Gate, chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu", UNDRIVEN])


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(user_agent=AGENT, viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def tab(context: BrowserContext) -> Page:
    """A reader who has the front page open, and a service worker."""
    page = context.new_page()
    page.goto(SITE)
    wait_for(lambda: page.evaluate(CONTROLLED), 15, "the service worker")
    wait_for(lambda: {"/", "/offline"} <= set(page.evaluate(KEPT)), 15, "the front page to be kept")
    return page


@pytest.fixture(scope="module")
def stories(gate: Gate) -> list[str]:
    with urllib.request.urlopen(f"http://localhost:{PORT}/feed.xml", timeout=10) as answer:
        return re.findall(r"<link>http://[^/]+(/[^<]+/[^<]+)</link>", answer.read().decode())


def read(tab: Page, path: str) -> str:
    """Open a story online, until it is kept. Returns its headline."""
    tab.goto(SITE + path)
    wait_for(lambda: path in tab.evaluate(KEPT), 10, f"{path} to be kept")
    return tab.locator("h1").first.inner_text()


def test_the_front_page_and_what_was_read_open_without_a_network(tab: Page, stories: list[str]) -> None:
    headline = read(tab, stories[0])
    tab.context.set_offline(True)
    tab.goto(SITE)
    expect(tab.get_by_role("navigation", name="Sections")).to_be_visible()
    tab.goto(SITE + stories[0])
    assert tab.locator("h1").first.inner_text() == headline
    assert '"News Display"' in tab.locator("h1").first.evaluate("h1 => getComputedStyle(h1).fontFamily")
    assert tab.evaluate("document.styleSheets.length") >= 8


def test_a_story_opened_first_of_all_is_kept_too(context: BrowserContext, stories: list[str]) -> None:
    page = context.new_page()
    page.goto(SITE + stories[1])
    wait_for(lambda: stories[1] in page.evaluate(KEPT), 15, "the story to be kept")


def test_an_unread_story_says_so_and_lists_what_can_be_read(tab: Page, stories: list[str]) -> None:
    headlines = [read(tab, path) for path in stories[:2]]
    tab.context.set_offline(True)
    tab.goto(SITE + stories[5])
    expect(tab.get_by_role("heading", name="There is no connection")).to_be_visible()
    links = tab.get_by_role("region", name="What you can read now").get_by_role("link")
    expect(links).to_have_text(headlines[::-1])
    assert wrong_with(tab) == []
    links.last.click()
    assert tab.locator("h1").first.inner_text() == headlines[0]


def test_what_is_read_without_a_network_is_never_told(gate: Gate, tab: Page, stories: list[str]) -> None:
    read(tab, stories[2])
    tab.wait_for_timeout(1300)
    told = len([asked for asked in gate.asked if asked.path == "/beacon"])
    tab.goto(SITE)
    tab.context.set_offline(True)
    tab.goto(SITE + stories[2])
    tab.context.set_offline(False)
    tab.wait_for_timeout(1500)
    assert tab.locator("[data-beacon]").count() == 0
    tab.goto("about:blank")
    beacons = [asked for asked in gate.asked if asked.path == "/beacon"][told:]
    assert {asked.query.get("k") for asked in beacons} <= {"engagement"}
    assert len(beacons) <= 1


def test_online_a_view_is_told_as_ever(gate: Gate, tab: Page, stories: list[str]) -> None:
    number = re.search(r'data-beacon="/beacon\?a=(\d+)', tab.request.get(SITE + stories[3]).text())
    assert number
    tab.goto(SITE + stories[3])
    wait_for(lambda: gate.beacons(number[1], "pageview"), 8, "the view")
    tab.reload()
    wait_for(lambda: len(gate.beacons(number[1], "pageview")) == 2, 8, "the reload")
    assert [asked.query["n"] for asked in gate.beacons(number[1], "pageview")] == ["navigate", "reload"]


def test_online_nothing_kept_is_shown(gate: Gate, tab: Page, stories: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read(tab, stories[4])
    monkeypatch.setitem(gate.pages, stories[4], "<h1>As it is now</h1>")
    tab.goto(SITE + stories[4])
    assert tab.locator("h1").inner_text() == "As it is now"


def test_few_stories_are_kept_and_those_read_last(tab: Page, stories: list[str]) -> None:
    tab.evaluate("caches.open('pages').then((pages) => Promise.all([...Array(30).keys()].map((n) => pages.put(`/world/${n}`, new Response('')))))")
    read(tab, stories[0])
    kept = wait_for(lambda: len(found := tab.evaluate(KEPT)) == 22 and found, 5, "the others to be given up")
    assert kept[-1] == stories[0]
    assert {"/", "/offline"} <= set(kept)


def test_the_desk_is_left_alone(tab: Page) -> None:
    tab.goto(f"{SITE}/desk/sign-in")
    tab.goto(SITE)
    assert not [path for path in tab.evaluate(KEPT) if "desk" in path]
    tab.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        tab.goto(f"{SITE}/desk/")


def test_pages_keep_the_content_policy_with_it(tab: Page, stories: list[str]) -> None:
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    for path in ("/", stories[0], "/offline"):
        tab.goto(SITE + path)
    assert complaints == []
    assert tab.context.cookies() == []


def test_a_release_that_takes_it_back_leaves_nothing(gate: Gate, tab: Page, off: Callable[[], None]) -> None:
    off()
    tab.evaluate("navigator.serviceWorker.getRegistration().then((it) => it.update())")
    wait_for(lambda: tab.evaluate("caches.keys()") == [], 10, "what was kept to be given up")
    wait_for(lambda: tab.evaluate("navigator.serviceWorker.getRegistration().then((it) => !it)"), 10, "the worker to be gone")


@pytest.fixture
def off(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Answers as the site does with OFFLINE_READING=0."""
    script = (ROOT / "static" / "js" / "service-worker-off.js").read_text()
    return lambda: monkeypatch.setitem(gate.scripts, "/service-worker.js", script)
