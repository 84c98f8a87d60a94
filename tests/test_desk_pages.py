"""Every page of the desk in a real chromium: it comes, says nothing to the console, asks no other host, fits a phone, and is accessible."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from newsapp import create_app
from newsapp.config import Config
from newsapp.people.rights import BY_ENDPOINT
from tests.home import Home
from tests.paper import Paper
from tests.prepared import Prepared
from tests.tabs import AGENT, UNDRIVEN
from tests.walk import DESKTOP, DOOR, HALFWAY, MORE, NEEDS, NO_PAGE, name_of, names, photograph, stops, wrong_with

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
PORT = 8440
DESK = f"http://localhost:{PORT + 1}"
PICTURES = os.environ.get("DESK_PICTURES")  # a folder: `make screenshots` has each page photographed into it
SHEET = Path(__file__).parent.parent / "docs" / "desk.md"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("pages") / "home", PORT=PORT, SITE_WORKERS=1).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", UNDRIVEN])
        yield browser
        browser.close()


class Walker:
    """A browser of its own, and all that is wrong with the pages it opens."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(user_agent=AGENT, viewport=DESKTOP, reduced_motion="reduce")  # type: ignore[arg-type]
        self.page, self.wrong, self.at = self.context.new_page(), list[str](), ""
        self.page.set_default_timeout(30_000)
        self.page.on("pageerror", lambda error: self.note(f"error: {error}"))
        self.page.on("console", lambda message: message.type == "error" and self.note(f"console: {message.text}"))
        self.page.on("request", self.asked)

    def note(self, words: str) -> None:
        self.wrong.append(f"{self.at}: {words}")

    def asked(self, request: Request) -> None:
        if urlsplit(request.url).scheme.startswith("http") and urlsplit(request.url).hostname != "localhost":
            self.note(f"asks {request.url}")

    def visit(self, name: str, path: str, status: int = 200) -> None:
        """Open a page once, and look at it by day and by night."""
        self.at = name
        self.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme="light")
        answer = self.page.goto(DESK + path, wait_until="load")
        if answer is None or answer.status != status or urlsplit(self.page.url).path != urlsplit(path).path:
            self.note(f"answers {answer and answer.status} at {self.page.url}")
        if status != 200:  # chromium notes such an answer as an error of its own
            self.wrong = [each for each in self.wrong if f"status of {status}" not in each]
        self.look()

    def look(self) -> None:
        self.wrong += [f"{self.at}: {each}" for each in wrong_with(self.page, self.photograph)]

    def photograph(self, where: str) -> None:
        photograph(self.page, PICTURES, f"desk-{self.at}")


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto(f"{DESK}/desk/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.fixture(scope="module")
def editor(home: Home, browser: Browser) -> Iterator[Walker]:
    email, password = home.editor
    walker = Walker(browser)
    walker.email, walker.password = email, password  # type: ignore[attr-defined]
    sign_in(walker.page, email, password)
    expect(walker.page).not_to_have_url(re.compile("sign-in"), timeout=60_000)
    yield walker
    walker.context.close()


@pytest.fixture(scope="module")
def paper(editor: Walker, browser: Browser) -> Paper:
    made = Paper(editor.page, DESK).make()
    guest = browser.new_context(user_agent=AGENT).new_page()
    guest.goto(f"http://localhost:{PORT}/")
    stories = [guest.locator("main .hed a").nth(place).get_attribute("href") for place in range(3)]
    for story in stories:
        with guest.expect_response(lambda answer: answer.request.method == "POST"):  # that it was on screen
            guest.goto(f"http://localhost:{PORT}{story}")
    guest.context.close()
    return made


@pytest.fixture
def desk_app(config: Config) -> Flask:
    return create_app(config, "desk")


def test_every_page_is_whole_quiet_narrow_and_accessible(editor: Walker, browser: Browser, paper: Paper, desk_app: Flask) -> None:
    guest = Walker(browser)
    for stop in stops(desk_app, paper):
        (editor if stop.signed_in else guest).visit(stop.name, stop.path, stop.status)
    wrong = editor.wrong + guest.wrong
    assert not wrong, "\n".join(wrong)


def test_what_the_desk_says_stays_until_it_is_closed(editor: Walker) -> None:
    page = editor.context.new_page()
    page.clock.install()
    page.goto(f"{DESK}/desk/account")
    page.get_by_label("Name", exact=True).fill("Evening desk")
    page.get_by_role("button", name="Save").click()
    said = page.get_by_role("status").filter(has_text="Saved.")
    expect(said).to_be_visible()
    page.clock.fast_forward("08:00:00")
    expect(said).to_be_visible()
    page.get_by_role("button", name="Close this message").click()
    expect(said).to_have_count(0)
    expect(page.locator("main")).to_be_focused()
    page.close()


def test_what_a_reader_is_told_stays_while_it_is_read(browser: Browser, home: Home) -> None:
    page = browser.new_context(user_agent=AGENT, permissions=["clipboard-write"]).new_page()
    page.clock.install()
    page.goto(f"http://localhost:{PORT}/")
    page.locator("main .hed a").first.click()
    page.get_by_role("button", name="Copy link").click()
    told = page.get_by_role("status").filter(has=page.locator(".toast"))
    expect(told).to_be_visible()
    page.clock.fast_forward(19_000)
    expect(told).to_be_visible()
    told.locator("strong").hover()
    page.clock.fast_forward("01:00:00")
    expect(told).to_be_visible()
    page.mouse.move(0, 0)
    page.clock.fast_forward("01:00:00")
    expect(told).to_have_count(0)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Close this message").click()
    expect(told).to_have_count(0)
    page.context.close()


def test_the_way_in_with_a_second_factor_too(editor: Walker, paper: Paper) -> None:
    """It comes last: somebody signs out."""
    page, editor.wrong = editor.page, []
    page.goto(f"{DESK}/desk/account/codes")
    page.get_by_role("button", name="Set it up").click()
    editor.at = "codes-scan"
    editor.look()
    app = pyotp.TOTP(page.locator(".key").inner_text().replace("-", "").replace(" ", ""))
    page.get_by_label("The six digits").fill(app.now())
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_text("The authenticator app is set up")).to_be_visible()
    editor.at = "said"
    editor.look()
    page.get_by_role("button", name="Sign out", exact=True).click()
    sign_in(page, editor.email, editor.password)  # type: ignore[attr-defined]
    expect(page.get_by_label("The six digits")).to_be_visible()
    for endpoint, path in zip(HALFWAY, ("code", "help", "recovery"), strict=True):
        editor.visit(name_of(endpoint), f"/desk/sign-in/{path}")
    assert not editor.wrong, "\n".join(editor.wrong)


def test_what_is_named_here_exists(desk_app: Flask) -> None:
    there = {rule.endpoint for rule in desk_app.url_map.iter_rules()} & ({*BY_ENDPOINT} | DOOR)
    assert {*NEEDS, *NO_PAGE, *HALFWAY, *(endpoint for endpoint, *_ in MORE)} - there == set()


def test_each_page_stands_on_the_sheet_with_its_pictures(desk_app: Flask) -> None:
    told = re.findall(r"\((screenshots/desk-([\w-]+?)(?:-phone)?\.webp)\)", SHEET.read_text())
    assert {name for _, name in told} == names(desk_app)
    assert [path for path, _ in told if not (SHEET.parent / path).exists()] == []
