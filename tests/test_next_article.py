"""The next article below the one that is read, in a real chromium: what is offered, told, counted, and where the reader is."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

from newsapp import create_app
from newsapp.changes import touch
from newsapp.config import load_config
from newsapp.database import db, writes
from newsapp.news.models import SPIKED, TAKEN_DOWN, Article
from newsapp.settings.store import SETTINGS_COPY, change
from newsapp.traffic.commands import ledger
from tests.conftest import wait_for
from tests.gate import Asked, Gate
from tests.home import Home
from tests.prepared import Prepared
from tests.reading import publish
from tests.tabs import Chromium
from tests.walk import wrong_with

pytestmark = pytest.mark.browser

PORT, GATE = 8470, 8473
SITE = f"http://localhost:{GATE}"
LONGER = 1300  # milliseconds; on screen for that long, an article has told that it was seen
BRIEF = 500  # and for that long it has not
HEIGHT = 900
TEXT = "<p>The night ferry leaves the north quay at eleven, and the harbour council has asked that it wait for the last tram from the hills.</p>"
EMBED = '<figure data-embed="youtube"><a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">The ferry</a></figure>'
TOP = "article => article.scrollIntoView()"


@dataclass(frozen=True)
class Story:
    path: str
    id: str
    headline: str

    @property
    def url(self) -> str:
        return SITE + self.path


Chain = Callable[..., list[Story]]
Write = Callable[[], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("next") / "home", PORT=PORT, SITE_URL=SITE, SITE_WORKERS=1).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def write(paper: Home) -> Write:
    """Opens a transaction in the running paper's database."""
    app = create_app(load_config(paper.environment), "tool")

    @contextmanager
    def transaction() -> Iterator[None]:
        with app.app_context(), writes():
            yield
            db.session.commit()

    return transaction


@pytest.fixture(scope="module")
def gate(paper: Home) -> Iterator[Gate]:
    with Gate(GATE, PORT).open() as gate:
        gate.pages["/before"] = "<title>Before</title>"
        yield gate
        gate.shutdown()


@pytest.fixture(scope="module")
def browser(gate: Gate, chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright, Chromium(chromium_path, tmp_path_factory.mktemp("reader")).watched(playwright) as context:
        yield context


@pytest.fixture
def tab(browser: BrowserContext) -> Iterator[Page]:
    page = browser.new_page()
    page.set_viewport_size({"width": 1280, "height": HEIGHT})
    yield page
    for other in browser.pages[1:]:
        other.close()


NUMBERS = count(1)


@pytest.fixture
def chain(write: Write) -> Chain:
    """Publishes so many stories in a section of their own, and returns them from the newest to the oldest."""

    def make(length: int, **of_the_second: Any) -> list[Story]:
        section = f"quay-{next(NUMBERS)}"
        stories = []
        for place in range(1, length + 1):
            headline = f"Ferry number {place} of {section}"
            own = {"body": TEXT * 25, "standfirst": "It sails at night.", "by": ("Harbour desk",), "tags": ("Ferries",)}
            own |= of_the_second if place == 2 else {}
            with write():
                number = publish(f"{section}-{place}", section, ago=timedelta(hours=place), headline=headline, **own)
            stories.append(Story(f"/{section}/{section}-{place}", str(number), headline))
        return stories

    return make


def article_of(tab: Page, story: Story) -> Locator:
    return tab.locator(f'article[data-address$="{story.path}"]')


def link_to(tab: Page, story: Story) -> Locator:
    return tab.locator("[data-next]").get_by_role("link", name=story.headline, exact=True)


def come_to(tab: Page, story: Story) -> Locator:
    """Scroll on until a story stands there, and have its beginning at the top of the screen."""
    tab.evaluate("document.querySelector('[data-next]')?.scrollIntoView({ block: 'end' })")
    expect(article_of(tab, story)).to_be_attached()
    article_of(tab, story).evaluate(TOP)
    return article_of(tab, story)


def begin(gate: Gate, tab: Page, story: Story) -> None:
    """Open a story and stay until it has said that it was seen."""
    tab.goto(story.url)
    told(gate, story)


def told(gate: Gate, story: Story, kind: str = "pageview", count: int = 1) -> Asked:
    """The last of so many beacons of a kind."""
    wait_for(lambda: len(gate.beacons(story.id, kind)) >= count, 8, f"{count} of {kind} for {story.path}")
    assert len(gate.beacons(story.id, kind)) == count
    return gate.beacons(story.id, kind)[-1]


def fragments(gate: Gate, story: Story) -> list[Asked]:
    return [asked for asked in gate.fetched(story.path) if "fragment" in asked.query]


@contextmanager
def gained(paper: Home, **expected: int) -> Iterator[None]:
    """The books gain this while something happens, and nothing else."""

    def figures() -> dict[str, int]:
        books = json.loads(CliRunner(env=paper.environment).invoke(ledger, ["--json"]).stdout)
        assert books["balance"] == 0
        return {"waiting": books["waiting"], "counted": books["counted"], **books["filtered"]}

    before = wait_for(lambda: (found := figures())["waiting"] == 0 and found, 15, "the books to be made up")
    yield
    due = {**before, **{name: before.get(name, 0) + more for name, more in expected.items()}}
    wait_for(lambda: figures() == due, 15, f"the books to gain {expected or 'nothing'} and nothing else")


# What is counted


def test_the_next_article_is_a_view_when_somebody_comes_to_it_and_stays(paper: Home, gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    with gained(paper, counted=2):
        begin(gate, tab, first)
        come_to(tab, second)
        query = told(gate, second).query
    assert (query["n"], query["r"]) == ("navigate", "article")
    assert query["t"] != gate.beacons(first.id)[0].query["t"]
    told(gate, first)


def test_loaded_but_unseen_it_is_none(paper: Home, gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    with gained(paper, counted=1):
        begin(gate, tab, first)
        assert fragments(gate, second) == []
        link_to(tab, second).evaluate(f"link => scrollTo(0, link.getBoundingClientRect().top + scrollY - innerHeight - {HEIGHT // 4})")
        expect(article_of(tab, second)).to_be_attached()
        assert not on_screen(article_of(tab, second))
        tab.wait_for_timeout(LONGER)
    assert gate.beacons(second.id) == []
    assert len(fragments(gate, second)) == 1


def on_screen(article: Locator) -> bool:
    return bool(article.evaluate("article => article.getBoundingClientRect().top < innerHeight && article.getBoundingClientRect().bottom > 0"))


def test_scrolled_past_it_is_none_however_often(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    begin(gate, tab, first)
    come_to(tab, second)
    for _ in range(3):
        tab.wait_for_timeout(BRIEF)
        tab.evaluate("scrollTo(0, 0)")
        tab.wait_for_timeout(BRIEF)
        article_of(tab, second).evaluate(TOP)
    tab.evaluate("scrollTo(0, 0)")
    tab.wait_for_timeout(LONGER)
    assert gate.beacons(second.id) == []


def test_back_and_forth_it_is_one(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    begin(gate, tab, first)
    come_to(tab, second)
    told(gate, second)
    for _ in range(2):
        tab.evaluate("scrollTo(0, 0)")
        tab.wait_for_timeout(LONGER)
        article_of(tab, second).evaluate(TOP)
        tab.wait_for_timeout(LONGER)
    told(gate, second)
    told(gate, first)


PLACES = {
    "less than half of it": (HEIGHT, lambda height: height / 2 - 20, False),
    "half of it": (HEIGHT, lambda height: height / 2 + 20, True),
    "less than half of a screen that it is taller than": (300, lambda height: 130, False),
    "half of a screen that it is taller than": (300, lambda height: 170, True),
}


@pytest.mark.parametrize("place", PLACES)
def test_half_of_it_is_on_screen_or_it_fills_half_of_the_screen(gate: Gate, tab: Page, chain: Chain, place: str) -> None:
    screen, pixels, is_view = PLACES[place]
    first, second = chain(2)
    tab.set_viewport_size({"width": 1280, "height": screen})
    begin(gate, tab, first)
    article = come_to(tab, second)
    height = article.evaluate("article => article.offsetHeight")
    assert (height > screen) is (screen != HEIGHT)
    article.evaluate("(article, pixels) => scrollTo(0, article.getBoundingClientRect().top + scrollY - innerHeight + pixels)", pixels(height))
    tab.wait_for_timeout(LONGER)
    assert len(gate.beacons(second.id)) == is_view


def test_each_tells_how_it_was_read_itself(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second, third = chain(3)
    began = time.monotonic()
    begin(gate, tab, first)
    tab.mouse.move(300, 300)
    come_to(tab, second)
    told(gate, second)
    come_to(tab, third)
    told(gate, third)
    tab.get_by_role("button", name=f"Continue Reading {third.headline}").press("Enter")
    article_of(tab, third).evaluate("article => article.scrollIntoView({ block: 'end' })")
    tab.wait_for_timeout(1500)
    tab.close()
    one, two, three = (told(gate, story, "engagement").query for story in (first, second, third))
    assert (two["q"], two["e"]) == ("1", "0"), "what is folded away was not on screen"
    assert (three["q"], three["e"]) == ("4", "1")
    assert min(int(each["s"]) for each in (one, two, three)) >= 1
    assert sum(int(each["s"]) for each in (one, two, three)) <= time.monotonic() - began + 1


def test_a_page_that_comes_back_as_it_was_is_not_counted_again(paper: Home, gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    with gained(paper, counted=2, reload=2):
        begin(gate, tab, first)
        come_to(tab, second)
        told(gate, second)
        tab.evaluate("window.kept = true")
        tab.goto(f"{SITE}/before")
        tab.go_back(wait_until="commit")
        assert told(gate, second, count=2).query["n"] == told(gate, first, count=2).query["n"] == "back_forward"
        assert tab.evaluate("window.kept")
        expect(tab).to_have_url(second.url)


# Where the reader is


def test_continue_reading_opens_by_keyboard_and_asks_for_nothing(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    begin(gate, tab, first)
    article = come_to(tab, second)
    told(gate, second)
    assert article.locator(".prose-indent").evaluate("part => part.offsetHeight < part.scrollHeight / 2")
    article.get_by_role("link", name="Mastodon").focus()
    tab.keyboard.press("Tab")
    button = tab.get_by_role("button", name=f"Continue Reading {second.headline}")
    expect(button).to_be_focused()
    asked = len(gate.asked)
    tab.keyboard.press("Enter")
    expect(button).to_have_count(0)
    assert article.locator(".prose-indent").evaluate("part => part.offsetHeight === part.scrollHeight && !part.inert")
    tab.keyboard.press("Tab")
    expect(article.get_by_role("link", name="Ferries")).to_be_focused()
    assert len(gate.asked) == asked


def head(tab: Page) -> tuple[str, str, str]:
    canonical = tab.locator("[rel=canonical]").get_attribute("href")
    return tab.url, tab.title().partition(" | ")[0], canonical or ""


def test_address_title_and_links_follow_the_article_in_view_and_come_back(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second, third = chain(3)
    tab.goto(f"{first.url}?utm_source=letter#main")
    opened, entries = tab.url, tab.evaluate("history.length")
    assert head(tab) == (opened, first.headline, first.url)
    for story in (second, third):
        come_to(tab, story)
        expect(tab).to_have_url(story.url)
        assert head(tab) == (story.url, story.headline, story.url)
    article_of(tab, second).evaluate(TOP)
    expect(tab).to_have_url(second.url)
    tab.evaluate("scrollTo(0, 0)")
    expect(tab).to_have_url(opened)
    assert head(tab) == (opened, first.headline, first.url)
    assert tab.evaluate("history.length") == entries


def test_what_is_shared_is_the_article_whose_link_it_is(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=SITE)
    tab.goto(first.url)
    article = come_to(tab, second)
    article.get_by_role("button", name="Copy link").click()
    expect(tab.get_by_role("status")).to_contain_text("Link copied")
    assert tab.evaluate("navigator.clipboard.readText()") == second.url
    assert second.path.rpartition("/")[2] in (article.get_by_role("link", name="Email").get_attribute("href") or "")
    assert second.path.rpartition("/")[2] in (article.get_by_role("link", name="Mastodon").get_attribute("href") or "")


def test_a_reload_opens_the_article_of_the_address_and_back_leaves(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second, _ = chain(3)
    tab.goto(f"{SITE}/before")
    tab.evaluate("address => location.assign(address)", first.url)
    tab.wait_for_url(first.url)
    come_to(tab, second)
    expect(tab).to_have_url(second.url)
    told(gate, second)
    tab.reload()
    assert tab.locator("h1").first.inner_text() == second.headline
    tab.wait_for_timeout(BRIEF)
    assert (tab.url, tab.evaluate("scrollY")) == (second.url, 0)
    assert told(gate, second, count=2).query["n"] == "reload"
    tab.go_back(wait_until="commit")
    expect(tab).to_have_title("Before")


def test_after_three_articles_the_foot_of_the_page_is_reached(gate: Gate, tab: Page, chain: Chain) -> None:
    first, *others = chain(6)
    tab.goto(first.url)
    for story in others[:3]:
        come_to(tab, story)
    for _ in range(3):
        tab.keyboard.press("End")
        tab.wait_for_timeout(BRIEF)
    expect(tab.locator("footer.colophon")).to_be_in_viewport()
    assert [len(fragments(gate, story)) for story in others] == [1, 1, 1, 0, 0]
    expect(link_to(tab, others[3])).to_be_visible()
    expect(tab.locator("article[data-beacon]")).to_have_count(4)


# Where it cannot be


def test_without_javascript_it_is_a_link(gate: Gate, browser: BrowserContext, chain: Chain) -> None:
    first, second = chain(2)
    context = browser.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(first.url)
    link_to(page, second).click()
    assert page.locator("h1").inner_text() == second.headline
    assert fragments(gate, second) == []
    context.close()


@pytest.mark.parametrize(("state", "status"), [(TAKEN_DOWN, 410), (SPIKED, 404)])
def test_the_link_of_a_story_that_goes_meanwhile_goes_quietly(write: Write, gate: Gate, tab: Page, chain: Chain, state: str, status: int) -> None:
    first, second = chain(2)
    begin(gate, tab, first)
    with write():
        db.session.get_one(Article, int(second.id)).state = state
        touch(f"article:{second.id}")
    wait_for(lambda: tab.request.get(f"{second.url}?fragment=1").status == status, 10, "the story to be gone")
    tab.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(tab.locator("[data-next]")).to_have_count(0)
    assert tab.locator("article[data-beacon]").count() == 1


def test_where_it_cannot_be_fetched_the_link_stays(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    tab.goto(first.url)
    tab.route("**/*fragment=1", lambda route: route.abort())
    with tab.expect_event("requestfailed"):
        link_to(tab, second).scroll_into_view_if_needed()
    tab.wait_for_timeout(100)
    link_to(tab, second).click()
    assert tab.locator("h1").first.inner_text() == second.headline


# What holds for it too


def test_its_own_copy_protection_holds(paper: Home, write: Write, gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    with write():
        change(f"article:{second.id}", "protection_mode", "message", "chief@newsapp.example")
        change(f"article:{first.id}", "protection_mode", "credit", "chief@newsapp.example")
    with write():
        SETTINGS_COPY.refresh(paper.inbox())
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=SITE)
    wait_for(lambda: 'data-protect="message"' in tab.request.get(second.url).text(), 10, "the setting to reach readers")
    tab.goto(first.url)
    assert first.url in copied(tab, article_of(tab, first).locator(".prose p").first)
    article = come_to(tab, second)
    tab.get_by_role("button", name="Continue Reading").click()
    assert copied(tab, article.locator(".prose p").first) == "before"
    expect(tab.get_by_role("status")).to_contain_text("You cannot copy content of this page")
    # Over both, the stricter one holds, and it is told of both.
    tab.evaluate(
        """() => { const [one, two] = document.querySelectorAll('.prose p:last-child'); getSelection().setBaseAndExtent(one, 0, two, 1); }"""
    )
    assert copied(tab, None) == "before"
    told = [asked.query["a"] for asked, _ in gate.answered if asked.query.get("k") == "refused_copy"]
    assert (told[0], sorted(told[1:])) == (second.id, [first.id, second.id])


def copied(tab: Page, part: Locator | None) -> str:
    """What the clipboard has after Ctrl+C."""
    tab.evaluate("navigator.clipboard.writeText('before')")
    if part:
        part.evaluate("part => getSelection().selectAllChildren(part)")
    tab.keyboard.press("Control+c")
    tab.wait_for_timeout(200)
    return str(tab.evaluate("navigator.clipboard.readText()"))


def test_an_embed_in_it_loads_by_a_click_though_the_first_has_none(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2, body=EMBED + TEXT * 10)
    tab.goto(first.url)
    article = come_to(tab, second)
    tab.get_by_role("button", name="Continue Reading").click()
    article.get_by_role("button", name="Show it here").click()
    expect(article.locator("iframe")).to_have_attribute("src", re.compile("youtube-nocookie"))


def test_folded_and_opened_it_is_fit_for_everybody(tab: Page, chain: Chain) -> None:
    first, second, third = chain(3)
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    tab.goto(first.url)
    come_to(tab, second)
    assert wrong_with(tab) == []
    tab.get_by_role("button", name=f"Continue Reading {second.headline}").click()
    come_to(tab, third)
    tab.get_by_role("button", name=f"Continue Reading {third.headline}").click()
    assert wrong_with(tab) == []
    assert tab.evaluate("document.querySelectorAll('[data-most-viewed]').length") == 1
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(({ id }) => id)")
    assert len(ids) == len(set(ids))
    assert complaints == []


def test_nothing_moves_for_who_wants_no_motion(gate: Gate, tab: Page, chain: Chain) -> None:
    first, second = chain(2)
    tab.emulate_media(reduced_motion="reduce")
    tab.goto(first.url)
    come_to(tab, second)
    place = tab.evaluate("scrollY")
    tab.get_by_role("button", name="Continue Reading").press("Enter")
    assert tab.evaluate("document.getAnimations().filter(({ effect }) => effect.getTiming().duration > 1).length") == 0
    assert abs(tab.evaluate("scrollY") - place) < 2 or tab.evaluate("scrollY") > place
    expect(tab).to_have_url(second.url)


def test_the_site_took_all_that_pages_told(gate: Gate) -> None:
    """But for views that an inbox without time refused, in so many words; test_overload has more of those."""
    told = {(asked.query.get("k", "pageview"), status) for asked, status in gate.answered}
    assert told - {("pageview", 503)} == {(kind, 204) for kind in ("pageview", "engagement", "copy", "refused_copy")}
