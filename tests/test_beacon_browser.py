"""What a real chromium's pages say of themselves, and what the books make of it: loaded ahead, hidden, brought back, read, left."""

from __future__ import annotations

import gzip
import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import BrowserContext, Page, Playwright, Worker, expect, sync_playwright

from newsapp.traffic.commands import ledger
from tests.conftest import wait_for
from tests.gate import Asked, Gate
from tests.home import ROOT, Home
from tests.prepared import Prepared
from tests.tabs import AGENT, FLAGS, Chromium, menus_of

pytestmark = pytest.mark.browser

PORT, GATE = 8165, 8168
SITE = f"http://localhost:{GATE}"
FIGURES = ("counted", "prefetch", "bot", "headless", "staff", "reload", "repeat", "unconfirmed")
SHORT = 300  # milliseconds, in which a beacon too many would come
LONGER = 1200  # milliseconds; on screen for that long, a page has told that it was seen

Booked = Callable[..., AbstractContextManager[None]]


@dataclass(frozen=True)
class Story:
    """An article that no test has opened before."""

    path: str
    id: str

    @property
    def url(self) -> str:
        return SITE + self.path


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("paper"), PORT=PORT, SITE_URL=SITE, SITE_WORKERS=1).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def gate(paper: Home) -> Iterator[Gate]:
    with Gate(GATE, PORT).open() as gate:
        yield gate
        gate.shutdown()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(gate: Gate, playwright: Playwright, chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with Chromium(chromium_path, tmp_path_factory.mktemp("reader")).watched(playwright) as context:
        yield context


@pytest.fixture(scope="module")
def menus(browser: BrowserContext) -> Worker:
    return menus_of(browser)


@pytest.fixture
def chromium(chromium_path: str, tmp_path: Path) -> Chromium:
    """A browser of the test's own."""
    return Chromium(chromium_path, tmp_path / "own")


@pytest.fixture
def tab(browser: BrowserContext) -> Iterator[Page]:
    """A tab in front, and none beside it that a test before has left."""
    yield browser.new_page()
    for page in browser.pages[1:]:
        page.close()


@pytest.fixture(scope="module")
def stories(gate: Gate) -> Iterator[Story]:
    paths = re.findall(r"<link>http://[^/]+(/[^<]+/[^<]+)</link>", fetch("/feed.xml"))
    return (Story(path, re.search(r'data-beacon="/beacon\?a=(\d+)', fetch(path)).group(1)) for path in paths)


@pytest.fixture
def story(stories: Iterator[Story]) -> Story:
    return next(stories)


def fetch(path: str) -> str:
    with urllib.request.urlopen(f"http://localhost:{PORT}{path}", timeout=10) as answer:
        return answer.read().decode()


@pytest.fixture
def booked(paper: Home) -> Booked:
    """Says what the ledger's figures gain while something happens, and that they gain nothing else."""

    def figures() -> dict[str, int]:
        books = json.loads(CliRunner(env=paper.environment).invoke(ledger, ["--json"]).stdout)
        assert books["balance"] == 0
        found = {"counted": books["counted"], **books["filtered"]}
        return {"waiting": books["waiting"], **{name: found.get(name, 0) for name in FIGURES}}

    @contextmanager
    def gained(**expected: int) -> Iterator[None]:
        before = wait_for(lambda: (found := figures())["waiting"] == 0 and found, 15, "the books to be made up")
        yield
        due = {name: figure + expected.get(name, 0) for name, figure in before.items()}
        wait_for(lambda: figures() == due, 15, f"the books to gain {expected or 'nothing'} and nothing else")

    return gained


def told(gate: Gate, story: Story, kind: str = "pageview", count: int = 1) -> Asked:
    """The last of so many beacons of a kind."""
    wait_for(lambda: len(gate.beacons(story.id, kind)) >= count, 8, f"{count} of {kind} for {story.path}")
    assert len(gate.beacons(story.id, kind)) == count
    return gate.beacons(story.id, kind)[-1]


def read(gate: Gate, tab: Page, story: Story) -> Asked:
    """Open a story and stay until it has said that it was seen."""
    tab.goto(story.url)
    return told(gate, story)


def rules(action: str, *stories: Story) -> str:
    """Speculation rules that the browser follows at once."""
    urls = [story.path for story in stories]
    return f'<script type="speculationrules">{json.dumps({action: [{"urls": urls, "eagerness": "immediate"}]})}</script>'


def link(story: Story) -> str:
    return f'<a href="{story.url}">Read</a>'


def ahead(gate: Gate, story: Story) -> list[str]:
    """For what purposes the browser has fetched a story ahead of time."""
    return [asked.headers["sec-purpose"] for asked in gate.fetched(story.path) if "sec-purpose" in asked.headers]


def test_prefetched_stories_count_when_they_are_opened(gate: Gate, tab: Page, stories: Iterator[Story], booked: Booked) -> None:
    by_link, by_rules = next(stories), next(stories)
    gate.pages["/front"] = f'<link rel="prefetch" href="{by_link.path}">' + rules("prefetch", by_rules)
    with booked():
        tab.goto(f"{SITE}/front")
        wait_for(lambda: ahead(gate, by_link) == ahead(gate, by_rules) == ["prefetch"], 5, "the browser to fetch them")
        tab.wait_for_timeout(LONGER)
        assert gate.beacons(by_link.id) == gate.beacons(by_rules.id) == []
    with booked(counted=2):
        assert read(gate, tab, by_link).query["n"] == "navigate"
        assert read(gate, tab, by_rules).query["n"] == "navigate"


def test_a_story_rendered_ahead_counts_when_it_is_opened(gate: Gate, stories: Iterator[Story], booked: Booked, chromium: Chromium) -> None:
    opened, never = next(stories), next(stories)
    open_it = f"<script>setTimeout(() => fetch('/opens').then(() => location.assign('{opened.path}')), 1800)</script>"
    gate.pages |= {"/front": rules("prerender", opened, never) + open_it, "/opens": ""}
    with booked(counted=1), chromium.alone(f"{SITE}/front"):
        beacon = told(gate, opened)
        assert beacon.query["n"] == "prerender"
        assert beacon.at - gate.fetched("/opens")[0].at > 1
    assert ahead(gate, opened) == ahead(gate, never) == ["prefetch;prerender"]
    assert any(asked.path.endswith("beacon.js") and "prerender" in asked.headers.get("sec-purpose", "") for asked in gate.asked)
    assert gate.beacons(never.id) == []


def test_a_story_in_a_tab_behind_counts_when_it_is_looked_at_and_never_if_it_is_not(
    gate: Gate, tab: Page, stories: Iterator[Story], booked: Booked
) -> None:
    looked_at, never = next(stories), next(stories)
    gate.pages["/front"] = link(looked_at) + link(never)
    tab.goto(f"{SITE}/front")
    with booked():
        tabs = [open_behind(tab, place) for place in (0, 1)]
        tab.wait_for_timeout(LONGER)
        assert [page.evaluate("document.hidden") for page in tabs] == [True, True]
    with booked(counted=1):
        tabs[1].close()
        looked = time.monotonic()
        tabs[0].bring_to_front()
        beacon = told(gate, looked_at)
    assert beacon.at - looked > 1
    assert (beacon.query["n"], beacon.query["r"]) == ("navigate", "internal")
    assert gate.beacons(never.id) == []


def open_behind(tab: Page, place: int) -> Page:
    """Open a link of the page as Ctrl-click does."""
    with tab.context.expect_page() as opened:
        tab.locator("a").nth(place).click(modifiers=["ControlOrMeta"])
    opened.value.wait_for_load_state()
    return opened.value


def test_coming_back_to_a_story_as_it_was_is_a_reload_and_read_anew(gate: Gate, tab: Page, story: Story, booked: Booked) -> None:
    with booked(counted=1, reload=1):
        read(gate, tab, story)
        tab.evaluate("window.kept = true")
        tab.goto(f"{SITE}/about")
        first = told(gate, story, "engagement")
        tab.go_back(wait_until="commit")
        assert told(gate, story, count=2).query["n"] == "back_forward"
        assert tab.evaluate("window.kept")
        tab.goto(f"{SITE}/about")
        second = told(gate, story, "engagement", 2)
    assert int(first.query["s"]) + int(second.query["s"]) <= second.at - gate.fetched(story.path)[0].at + 1


def test_who_leaves_within_a_second_says_nothing_and_coming_back_counts_once(gate: Gate, tab: Page, story: Story, booked: Booked) -> None:
    with booked(counted=1):
        tab.goto(story.url, wait_until="domcontentloaded")
        tab.evaluate("location.assign('/about')")
        tab.wait_for_url("**/about")
        tab.wait_for_timeout(LONGER)
        assert gate.beacons(story.id) == []
        tab.go_back(wait_until="commit")
        assert told(gate, story).query["n"] == "navigate"
        tab.wait_for_timeout(SHORT)
        told(gate, story)


def duplicated(menus: Worker, tab: str) -> None:
    menus.evaluate("duplicate", tab)


def discarded(menus: Worker, tab: str) -> None:
    """Thrown out of memory while another is in front, and looked at again."""
    menus.evaluate("discard", tab)
    menus.evaluate("show", tab)


def reopened(menus: Worker, tab: str) -> None:
    menus.evaluate("close", tab)
    wait_for(lambda: menus.evaluate("reopen"), 5, "the closed tab to be remembered")


def test_a_tab_brought_back_is_a_reload(gate: Gate, tab: Page, story: Story, booked: Booked, menus: Worker) -> None:
    with booked(counted=1, reload=3):
        read(gate, tab, story)
        for count, way in enumerate((duplicated, discarded, reopened), 2):
            way(menus, f"http://localhost{story.path}")
            assert told(gate, story, count=count).query["n"] == "back_forward", way.__name__


def test_of_a_restored_session_the_tab_in_front_is_a_reload_and_others_say_nothing(
    gate: Gate, stories: Iterator[Story], booked: Booked, chromium: Chromium, playwright: Playwright
) -> None:
    front, behind = next(stories), next(stories)
    with booked(counted=1, reload=1):
        with chromium.watched(playwright) as context:
            menus_of(context).evaluate("open", behind.url)
            read(gate, context.new_page(), front)
        with chromium.alone("--restore-last-session"):
            assert told(gate, front, count=2).query["n"] == "back_forward"
            time.sleep(SHORT / 1000)
            tabs = chromium.tabs()
    assert {behind.url, front.url} <= tabs
    assert gate.beacons(behind.id) == []


def test_engaged_time_ends_five_seconds_after_the_last_sign_of_a_reader(gate: Gate, tab: Page, story: Story) -> None:
    read(gate, tab, story)
    tab.wait_for_timeout(5500)
    moved = time.monotonic()
    tab.mouse.move(300, 300)
    tab.wait_for_timeout(1000)
    tab.close(run_before_unload=True)  # as a reader does
    left = told(gate, story, "engagement")
    assert abs(int(left.query["s"]) - (5 + left.at - moved)) <= 1
    assert left.headers["content-length"] == "0"
    assert set(left.query) == {"a", "h", "t", "k", "s", "q", "e", "w"}


def test_what_a_page_tells_when_its_tab_is_closed_outlives_it(gate: Gate, tab: Page, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    read(gate, tab, story)
    monkeypatch.setattr(gate, "distance", 0.5)
    tab.close(run_before_unload=True)  # as a reader does
    left = told(gate, story, "engagement")
    wait_for(lambda: (left, 204) in gate.answered, 3, "the browser to wait for the answer although the tab is gone")


def test_time_at_another_program_is_not_engaged(gate: Gate, tab: Page, story: Story, menus: Worker) -> None:
    read(gate, tab, story)
    menus.evaluate("focus", False)
    assert tab.evaluate("[document.hidden, document.hasFocus()]") == [False, False]
    there = time.monotonic() - gate.fetched(story.path)[0].at
    tab.wait_for_timeout(1500)
    tab.mouse.move(300, 300)
    menus.evaluate("focus", True)
    tab.close(run_before_unload=True)  # as a reader does
    assert int(told(gate, story, "engagement").query["s"]) <= there + 1


def test_a_story_tells_how_it_was_read_once_when_it_is_first_hidden(gate: Gate, tab: Page, story: Story) -> None:
    read(gate, tab, story)
    other = tab.context.new_page()
    told(gate, story, "engagement")
    tab.bring_to_front()
    tab.wait_for_timeout(SHORT)
    other.bring_to_front()
    tab.close(run_before_unload=True)  # as a reader does
    other.wait_for_timeout(SHORT)
    told(gate, story, "engagement")


SCROLLS = {
    "in the second quarter": ("top + height * 0.4 - innerHeight", "2", "0"),
    "at the end": ("bottom + 10 - innerHeight", "4", "1"),
    "beyond the body without a stop": ("bottom + 10", "0", "0"),
}


@pytest.mark.parametrize("place", SCROLLS)
def test_how_far_somebody_came_is_what_was_on_screen(gate: Gate, tab: Page, story: Story, place: str) -> None:
    to, quarter, ended = SCROLLS[place]
    tab.set_viewport_size({"width": 1280, "height": 300})
    tab.goto(story.url)
    tab.evaluate(f"const {{ top, bottom, height }} = document.querySelector('.prose').getBoundingClientRect(); scrollTo(0, {to})")
    told(gate, story)
    tab.evaluate("scrollTo(0, 0)")
    tab.goto(f"{SITE}/about")
    left = told(gate, story, "engagement")
    assert (left.query["q"], left.query["e"]) == (quarter, ended)


REFERRERS = {
    f"http://blog.example:{GATE}": ("other", "blog.example"),
    f"http://search.yahoo.example:{GATE}": ("search", None),
    f"http://old.reddit.net:{GATE}": ("social", None),
}


@pytest.mark.parametrize("origin", REFERRERS)
def test_where_a_reader_came_from(gate: Gate, tab: Page, story: Story, origin: str) -> None:
    gate.pages["/front"] = link(story)
    tab.goto(f"{origin}/front")
    tab.click("a")
    query = told(gate, story).query
    assert (query["r"], query.get("f")) == REFERRERS[origin]


def test_a_pageview_that_found_no_room_is_told_once_more_when_the_site_says(gate: Gate, tab: Page, story: Story, booked: Booked) -> None:
    with booked(counted=1):
        gate.refusals.append({"Retry-After": "1"})
        first, again = read(gate, tab, story), told(gate, story, count=2)
        assert 1 <= again.at - first.at < 2
        assert again.query == first.query | {"d": again.query["d"]}
        assert abs(int(again.query["d"]) - (again.at - first.at)) <= 1


def test_without_javascript_the_pixel_is_kept_apart(gate: Gate, browser: BrowserContext, story: Story, booked: Booked) -> None:
    with booked(unconfirmed=1):
        context = browser.browser.new_context(java_script_enabled=False)
        context.new_page().goto(story.url)
        context.close()
    assert [asked.query["a"] for asked in gate.fetched("/beacon.gif")] == [story.id]
    assert gate.beacons(story.id) == []


def test_a_driven_browser_says_so_and_is_not_counted(gate: Gate, playwright: Playwright, chromium_path: str, story: Story, booked: Booked) -> None:
    with booked(headless=1):
        driven = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        assert read(gate, driven.new_context(user_agent=AGENT).new_page(), story).query["w"] == "1"
        driven.close()


def test_an_editor_who_reads_the_paper_is_staff(paper: Home, gate: Gate, browser: BrowserContext, story: Story, booked: Booked) -> None:
    email, password = paper.editor
    context = browser.browser.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{PORT + 1}/desk")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("sign-in"), timeout=60_000)
    with booked(staff=1):
        assert read(gate, page, story).query["w"] == "0"
    context.close()


def test_the_site_took_all_that_pages_told(gate: Gate) -> None:
    assert {(asked.query.get("k", "pageview"), status) for asked, status in gate.answered} == {("pageview", 204), ("engagement", 204)}


def test_the_scripts_of_a_story_are_small(story: Story) -> None:
    names = set(re.findall(r'src="(/static/[^"]+\.js)"', fetch(story.path)))
    scripts = {name: compressed(name) for name in names | {f"{min(names).rpartition('/')[0]}/toast.js"}}
    assert len(scripts) == 8
    assert not [line for script in scripts.values() for line in gzip.decompress(script).splitlines() if line.lstrip().startswith(b"//")]
    assert sum(map(len, scripts.values())) <= 5200
    assert next(len(script) for name, script in scripts.items() if name.endswith("beacon.js")) <= 1850


def compressed(path: str) -> bytes:
    """A file as the site sends it to browsers; what is too small to be compressed there, here."""
    asked = urllib.request.Request(f"http://localhost:{PORT}{path}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        body = answer.read()
    assert answer.headers["Content-Encoding"] == "gzip" or len(body) < 200
    return body if answer.headers["Content-Encoding"] else gzip.compress(body)


def test_the_proofs_that_the_documentation_names_are_here() -> None:
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs" / "beacon.md").read_text())
    assert set(named) <= set(globals())
    assert len(named) > 12
