"""The paper in a real chromium, run by `newsapp up`, as readers and an editor meet it."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import wait_for
from tests.home import ROOT, Home
from tests.prepared import Prepared
from tests.walk import photograph, wrong_with

pytestmark = pytest.mark.browser

PORT = 8160
SITE = f"http://localhost:{PORT}"
DESK = f"http://localhost:{PORT + 1}"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
PICTURES = os.environ.get("SITE_PICTURES")  # a folder: `make screenshots` has each page photographed into it
SHEET = ROOT / "docs" / "site.md"
# A reader's browser: without these flags chromium says that it is driven, and is rightly not counted.
FLAGS = ["--no-sandbox", "--disable-blink-features=AutomationControlled", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("paper"), PORT=PORT).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def reader(paper: Home, chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes readers: a browser each, told apart by their version."""
    contexts: list[BrowserContext] = []
    version = iter(range(int(time.time()) % 100_000, 10**9))

    def make(**options: object) -> BrowserContext:
        context = chromium.new_context(user_agent=AGENT.format(next(version)), **{"viewport": {"width": 1280, "height": 900}, **options})
        context.route("**/vendor/prosemirror/*", lambda route: route.abort())  # the plain field: the editor has tests of its own
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


def fetch(path: str) -> str:
    with urllib.request.urlopen(SITE + path, timeout=10) as answer:
        return answer.read().decode()


def stories(count: int) -> list[str]:
    """Addresses of stories, from the feed."""
    found = re.findall(r"<link>http://[^/]+(/[^<]+/[^<]+)</link>", fetch("/feed.xml"))
    return found[:count]


def most_viewed() -> list[str]:
    """What the list on the front page shows, in its order."""
    rail = fetch("/").split('class="ranks"', 1)
    return re.findall(r'href="(/[^"]+)"', rail[1].split("</ol>")[0]) if len(rail) > 1 else []


def views(path: str) -> int:
    items = json.loads(fetch("/api/v1/most-viewed?window=all&limit=50"))["items"]
    return next((item["views"] for item in items if item["url"].endswith(path)), 0)


def read(context: BrowserContext, path: str) -> Page:
    """Open a story and stay until it has said that it was seen."""
    page = context.new_page()
    with page.expect_response(lambda response: "/beacon?" in response.url, timeout=10_000) as beacon:
        page.goto(SITE + path)
    assert beacon.value.status == 204
    return page


def test_the_list_on_the_front_page_moves_as_people_read(reader: Callable[..., BrowserContext]) -> None:
    first, second, third = stories(3)
    for path, readers in ((first, 3), (second, 2), (third, 1)):
        for _ in range(readers):
            read(reader(), path)
    began = time.monotonic()
    wait_for(lambda: most_viewed()[:3] == [first, second, third], 15, "the list to show 3, 2 and 1 views in that order")
    assert time.monotonic() - began < 3, "the list takes longer than 3 s to move"


def test_reloading_does_not_count(reader: Callable[..., BrowserContext]) -> None:
    path = stories(4)[3]
    page = read(reader(), path)
    wait_for(lambda: views(path) == 1, 10, "the view")
    with page.expect_response(lambda response: "/beacon?" in response.url):
        page.reload()
    read(reader(), path)
    wait_for(lambda: views(path) == 2, 10, "the second reader's view")


def copy_first_paragraph(context: BrowserContext, path: str) -> tuple[Page, str]:
    """Select a story's first paragraph, press Ctrl+C, and return what the clipboard has."""
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=SITE)
    page = context.new_page()
    page.goto(SITE + path)
    page.evaluate("navigator.clipboard.writeText('what was there before')")
    page.locator(".prose p").first.evaluate("p => getSelection().selectAllChildren(p)")
    page.keyboard.press("Control+c")
    page.wait_for_timeout(200)
    return page, page.evaluate("navigator.clipboard.readText()")


@pytest.fixture
def protect(paper: Home) -> Iterator[Callable[..., None]]:
    def change(mode: str, path: str) -> None:
        paper.run("settings", "set", "protection_mode", mode)
        marker = f'data-protect="{mode}"'
        wait_for(lambda: all(marker in fetch(path) for _ in range(8)), 10, f"the mode {mode} to reach the pages of all processes")

    yield change
    paper.run("settings", "set", "protection_mode", "off")


def test_message_mode_keeps_the_text_out_of_the_clipboard_and_says_so(reader: Callable[..., BrowserContext], protect: Callable[..., None]) -> None:
    path = stories(1)[0]
    protect("message", path)
    page, clipboard = copy_first_paragraph(reader(), path)
    assert clipboard == "what was there before"
    expect(page.get_by_role("status")).to_contain_text("You cannot copy content of this page")


def test_message_mode_leaves_form_fields_and_the_rest_of_the_page_alone(reader: Callable[..., BrowserContext], protect: Callable[..., None]) -> None:
    path = stories(1)[0]
    protect("message", path)
    context = reader()
    page, _ = copy_first_paragraph(context, path)
    page.locator("footer").evaluate("part => getSelection().selectAllChildren(part)")
    page.keyboard.press("Control+c")
    assert "what was there before" not in page.evaluate("navigator.clipboard.readText()")
    page.evaluate("""() => { const field = document.createElement('input'); field.value = 'mine'; document.querySelector('article').append(field);
                     field.focus(); field.select() }""")
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == "mine"


def test_credit_mode_adds_headline_link_and_notice(reader: Callable[..., BrowserContext], protect: Callable[..., None]) -> None:
    path = stories(1)[0]
    protect("credit", path)
    page, clipboard = copy_first_paragraph(reader(), path)
    assert clipboard.startswith(page.locator(".prose p").first.inner_text()[:40])
    assert page.locator("h1").inner_text() in clipboard
    assert path in clipboard
    assert "Please quote with a link to the story." in clipboard


def test_limit_mode_lets_short_quotations_go(reader: Callable[..., BrowserContext], protect: Callable[..., None]) -> None:
    path = stories(1)[0]
    protect("limit", path)
    page, clipboard = copy_first_paragraph(reader(), path)
    assert clipboard == "what was there before"
    page.locator(".standfirst").first.evaluate("p => getSelection().setBaseAndExtent(p.firstChild, 0, p.firstChild, 30)")
    page.keyboard.press("Control+c")
    assert len(page.evaluate("navigator.clipboard.readText()")) == 30


PAGES = (
    ("/", "h1"), ("/diplomacy", "h1"), ("/diplomacy/strait-shared-pilot", ".prose p"), ("/about", ".prose p"), ("/most-viewed/day", "h1"),
    ("/how-we-count", "table, dl, ul"), ("/nothing-here", "h1"),
)  # fmt: skip


@pytest.mark.parametrize(("path", "part"), PAGES, ids=[path for path, _ in PAGES])
def test_every_page_is_whole_without_javascript(reader: Callable[..., BrowserContext], path: str, part: str) -> None:
    page = reader(java_script_enabled=False).new_page()
    page.goto(SITE + path)
    expect(page.locator(f"main {part}").first).to_be_attached()
    expect(page.get_by_role("navigation", name="Sections")).to_be_visible()
    expect(page.get_by_role("contentinfo")).to_be_visible()


def test_no_page_sets_a_cookie_or_breaks_the_content_policy(reader: Callable[..., BrowserContext]) -> None:
    context = reader()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    for path, _ in PAGES[:-1]:
        page.goto(SITE + path)
        page.wait_for_timeout(300)
    assert context.cookies() == []
    assert complaints == []


SHOWN = {
    "front": "/", "section": "/diplomacy", "story": "/diplomacy/strait-shared-pilot", "tag": "/tag/shipping", "author": "/author/politics-desk",
    "search": "/search?q=strait", "found-nothing": "/search?q=zzzz", "most-viewed": "/most-viewed/day", "how-we-count": "/how-we-count",
    "corrections": "/corrections", "sections": "/sections", "about": "/about", "offline": "/offline", "not-found": "/nothing-here",
}  # fmt: skip


def test_every_page_is_accessible_by_day_and_on_a_phone_at_night(reader: Callable[..., BrowserContext]) -> None:
    page = reader(reduced_motion="reduce").new_page()
    wrong = []
    for name, path in SHOWN.items():
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(SITE + path)
        wrong += [f"{path}: {each}" for each in wrong_with(page, lambda where, name=name: photograph(page, PICTURES, f"site-{name}"))]
    assert not wrong, "\n".join(wrong)


def test_the_sheet_of_pages_shows_each() -> None:
    shown = re.findall(r"\(screenshots/(site-[\w-]+\.webp)\)", SHEET.read_text())
    assert sorted(shown) == sorted(f"site-{name}{kind}.webp" for name in SHOWN for kind in ("", "-phone"))
    assert [name for name in shown if not (SHEET.parent / "screenshots" / name).exists()] == []


def test_an_editor_writes_and_publishes_and_readers_have_it_at_once(paper: Home, reader: Callable[..., BrowserContext]) -> None:
    email, password = paper.editor
    page = reader().new_page()
    page.goto(f"{SITE}/desk")
    assert page.url.startswith(DESK)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("sign-in"), timeout=60_000)
    page.goto(f"{DESK}/desk/articles/new")
    page.get_by_label("Headline", exact=True).fill("A story from the test")
    page.get_by_label("Section").select_option(label="World")
    page.locator("#body").fill("<p>It happened just now.</p><script>alert(1)</script>")
    page.get_by_role("button", name="Save and publish").click()
    page.get_by_role("button", name="Publish all the same").click()
    began = time.monotonic()
    wait_for(lambda: "A story from the test" in fetch("/world"), 10, "the story in its section")
    assert time.monotonic() - began < 3
    story = fetch("/world/a-story-from-the-test")
    assert "It happened just now." in story
    assert "alert(1)" not in story
    assert any(cookie["name"] == "staff" for cookie in page.context.cookies())


def test_an_embargoed_and_a_spiked_story_are_not_there(paper: Home) -> None:
    for path in Path(ROOT / "newsapp" / "edition" / "articles").glob("*.html"):
        text = path.read_text()
        if 'state = "embargoed"' in text or 'state = "spiked"' in text:
            section = re.search(r'section = "(\w+)"', text).group(1)
            with pytest.raises(urllib.error.HTTPError, match="404"):
                fetch(f"/{section}/{path.stem}")


def test_the_books_balance_after_all_of_it(paper: Home) -> None:
    books = wait_for(lambda: (found := json.loads(paper.run("ledger", "--json")))["waiting"] == 0 and found, 15, "the inbox to be counted")
    assert books["balance"] == 0
    assert books["received"] > 0
