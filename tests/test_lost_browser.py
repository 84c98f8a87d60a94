"""Nothing lost, in a real chromium: a tab that crashes, a session that ends, a desk that is away, two editors at one article."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Error, Page, expect, sync_playwright

from tests.conftest import wait_for
from tests.home import ROOT, Home
from tests.prepared import Prepared

pytestmark = pytest.mark.browser

PORT = 8190
DESK = f"http://localhost:{PORT + 1}"
COPIES = "Object.keys(localStorage).filter((key) => key.startsWith('desk-text:')).length"
COPY = "Object.entries(localStorage).filter(([key]) => key.startsWith('desk-text:')).map(([, copy]) => copy).join()"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("paper"), PORT=PORT, SITE_WORKERS=1).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def editor(paper: Home, chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browsers in which somebody of the desk is signed in: its first person, unless told who."""
    contexts: list[BrowserContext] = []

    def make(who: tuple[str, str] | None = None, **options: object) -> BrowserContext:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.route("**/vendor/prosemirror/*", lambda route: route.abort())  # the plain field: the editor has tests of its own
        contexts.append(context)
        sign_in(paper, context.new_page(), "/desk/sign-in", who).close()
        return context

    yield make
    for context in contexts:
        context.close()


def colleague(paper: Home) -> tuple[str, str]:
    """A second person, and the password."""
    command = [sys.executable, "-m", "newsapp.cli", "user", "add", "harbour@newsapp.example", "--role", "editor"]
    said = subprocess.run(command, cwd=ROOT, env=paper.environment, capture_output=True, text=True, timeout=60, check=True).stdout
    return "harbour@newsapp.example", re.search(r"with (\S+)", said)[1]


def sign_in(paper: Home, page: Page, path: str | None = None, who: tuple[str, str] | None = None) -> Page:
    email, password = who or paper.editor
    if path:
        page.goto(DESK + path)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("sign-in"), timeout=60_000)
    return page


def write(context: BrowserContext, headline: str, body: str = "<p>One.</p>\n<p>Two.</p>") -> tuple[Page, str]:
    """A draft, opened in its form; its address too."""
    page = context.new_page()
    page.goto(f"{DESK}/desk/articles/new")
    page.locator("#headline").fill(headline)
    page.locator("#section").select_option(label="World")
    page.locator("#body").fill(body)
    save(page)
    return page, page.url


def save(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Save draft").click()


def crash(page: Page) -> None:
    """End the tab's process at once."""
    with page.expect_event("crash"), contextlib.suppress(Error):
        page.goto("chrome://crash")


def test_text_survives_a_crash_and_is_taken_over_and_saved(editor: Callable[..., BrowserContext]) -> None:
    context = editor()
    page, address = write(context, "The tab that crashed")
    page.locator("#body").press_sequentially("<p>Typed and not saved.</p>")
    expect(page.locator("[data-guard-says]")).to_contain_text("your text is kept at the desk", timeout=15_000)
    page.locator("#kicker").press_sequentially("A last word")
    wait_for(lambda: "A last word" in page.evaluate(COPY), 5, "this browser to keep it; the desk does not have it yet")
    crash(page)
    page = context.new_page()
    page.goto(address)
    notice = page.locator("[data-text]")
    expect(notice).to_contain_text("You have unsaved text")
    page.get_by_text("What differs").click()
    expect(notice.locator("ins").filter(has_text="Typed and not saved.")).to_be_visible()
    expect(notice).to_contain_text("A last word", timeout=10_000)
    expect(page.locator("#body")).not_to_have_value(re.compile("Typed and not saved"))
    page.get_by_role("link", name="Take it over").click()
    expect(page.locator("#body")).to_have_value(re.compile("Typed and not saved"))
    expect(page.locator("#kicker")).to_have_value("A last word")
    save(page)
    expect(page.locator("[data-text]")).to_have_count(0)
    expect(page.locator("#kicker")).to_have_value("A last word")
    wait_for(lambda: page.evaluate(COPIES) == 0, 10, "the browser's copies to be let go")
    page.reload()
    expect(page.locator("[data-text]")).to_have_count(0)
    page.get_by_role("link", name="Revisions").click()
    expect(page.locator("table")).to_contain_text("Saved from recovered text")


def test_leaving_with_unsaved_text_asks_and_saving_does_not(editor: Callable[..., BrowserContext]) -> None:
    page, address = write(editor(), "The page that was left")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", stay)
    page.locator("#kicker").press_sequentially("Unsaved")
    page.get_by_role("link", name="Settings").click()
    page.wait_for_url("**/settings")
    assert asked == ["beforeunload"]
    page.goto(address)
    page.get_by_role("link", name="Take it over").click()
    save(page)
    assert asked == ["beforeunload"]
    expect(page.locator("#kicker")).to_have_value("Unsaved")


@pytest.mark.parametrize("scripted", [True, False], ids=["with JavaScript", "without"])
def test_a_session_that_ends_mid_edit_keeps_the_text(paper: Home, editor: Callable[..., BrowserContext], scripted: bool) -> None:
    context = editor(java_script_enabled=scripted)
    page, address = write(context, f"The session that ended {scripted}")
    context.clear_cookies(name="desk")
    page.locator("#body").fill("<p>A long afternoon of work.</p>")
    save(page)
    expect(page.locator("main")).to_contain_text("What you typed is kept")
    sign_in(paper, page)
    expect(page.locator("main")).to_contain_text("This is your unsaved text")
    expect(page.locator("#body")).to_have_value("<p>A long afternoon of work.</p>")
    save(page)
    page.goto(address)
    expect(page.locator("#body")).to_have_value("<p>A long afternoon of work.</p>")
    expect(page.locator("[data-text]")).to_have_count(0)


def test_a_form_goes_on_after_signing_in_in_another_tab(paper: Home, editor: Callable[..., BrowserContext]) -> None:
    context = editor()
    page, _ = write(context, "The session that came back")
    context.clear_cookies(name="desk")
    page.locator("#kicker").press_sequentially("Signed out")
    says = page.locator("[data-guard-says]")
    expect(says).to_contain_text("You are signed out; kept in this browser", timeout=15_000)
    sign_in(paper, context.new_page(), "/desk/sign-in").close()
    page.locator("#kicker").press_sequentially(" and in")
    expect(says).to_contain_text("your text is kept at the desk", timeout=30_000)
    save(page)
    expect(page.locator("#kicker")).to_have_value("Signed out and in")


def test_a_desk_that_is_away_is_said_and_tried_again(editor: Callable[..., BrowserContext]) -> None:
    context = editor()
    page, _ = write(context, "The desk that was away")
    context.set_offline(True)
    page.locator("#kicker").press_sequentially("On the train")
    says = page.locator("[data-guard-says]")
    expect(says).to_have_text(re.compile(r"Not saved to the desk since \d\d:\d\d; kept in this browser"), timeout=15_000)
    context.set_offline(False)
    expect(says).to_contain_text("your text is kept at the desk", timeout=30_000)


def test_two_editors_see_each_other_and_put_their_versions_together(paper: Home, editor: Callable[..., BrowserContext]) -> None:
    mine, address = write(editor(), "Two editors", "<p>One.</p>\n<p>Two.</p>\n<p>Three.</p>")
    other = editor(colleague(paper))
    theirs = other.new_page()
    theirs.goto(address)
    expect(theirs.locator("[data-here-says]")).to_contain_text("editor@newsapp.example has this open too")
    expect(mine.locator("[data-here-says]")).to_contain_text("harbour@newsapp.example has this open too", timeout=20_000)
    theirs.locator("#headline").fill("Two editors, theirs")
    theirs.locator("#body").fill("<p>One.</p>\n<p>Two.</p>\n<p>Three, theirs.</p>")
    save(theirs)
    expect(mine.locator("[data-newer-says]")).to_contain_text("saved this article", timeout=20_000)
    mine.locator("#headline").fill("Two editors, mine")
    mine.locator("#body").fill("<p>One, mine.</p>\n<p>Two.</p>\n<p>Three.</p>")
    save(mine)
    expect(mine.get_by_role("heading", name="Two versions")).to_be_visible()
    mine.locator("fieldset", has_text="Headline").get_by_label("Yours").check()
    mine.get_by_role("button", name="Put together").click()
    expect(mine.locator("#headline")).to_have_value("Two editors, mine")
    expect(mine.locator("#slug")).to_have_value(re.compile(r"^(two-editors-mine)?$"))  # nobody chose one: the headline makes it
    expect(mine.locator("#body")).to_have_value("<p>One, mine.</p>\n<p>Two.</p>\n<p>Three, theirs.</p>")
    save(mine)
    theirs.goto(address)
    expect(theirs.locator("#body")).to_have_value(re.compile("One, mine.*Three, theirs", re.DOTALL))
    theirs.get_by_role("link", name="Revisions").click()
    expect(theirs.locator("tbody tr")).to_have_count(4)
    theirs.locator("tbody tr").last.get_by_role("button", name="Restore").click()
    theirs.goto(address)
    expect(theirs.locator("#headline")).to_have_value("Two editors")


def test_signing_out_leaves_no_text_in_the_browser(paper: Home, editor: Callable[..., BrowserContext]) -> None:
    context = editor()
    page, _ = write(context, "The shared computer")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#kicker").press_sequentially("Secret")
    wait_for(lambda: page.evaluate(COPIES) == 1, 10, "the browser's own copy")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in*")
    assert page.evaluate(COPIES) == 0
