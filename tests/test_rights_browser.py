"""Copying from a story in a real chromium, in each of the four ways; and what editors see of crawlers."""

from __future__ import annotations

import itertools
import json
import re
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from tests.conftest import wait_for
from tests.home import Home
from tests.prepared import Prepared
from tests.tabs import AGENT, UNDRIVEN
from tests.walk import AXE, RULES, RUN

pytestmark = pytest.mark.browser

PORT = 8450
SITE, DESK = f"http://localhost:{PORT}", f"http://localhost:{PORT + 1}"
MODES = ("off", "credit", "limit", "message")
BEFORE = "what was there before"
MESSAGE = "You cannot copy content of this page"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("rights"), PORT=PORT, SITE_WORKERS=1).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", UNDRIVEN])
        yield browser
        browser.close()


def fetch(path: str) -> str:
    with urllib.request.urlopen(SITE + path, timeout=10) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def story(home: Home) -> dict[str, str]:
    """A story for each mode: each in a section of its own, which has that mode."""
    found = re.findall(r"<link>http://[^/]+(/([^</]+)/[^<]+)</link>", fetch("/feed.xml"))
    by_section = {section: path for path, section in reversed(found)}
    stories = dict(zip(MODES, by_section.items(), strict=False))
    for mode, (section, _) in list(stories.items())[1:]:
        home.run("settings", "set", "protection_mode", mode, "--section", section)
    paths = {mode: path for mode, (_, path) in stories.items()}
    for mode in MODES[1:]:
        wait_for(lambda mode=mode: all(f'data-protect="{mode}"' in fetch(paths[mode]) for _ in range(8)), 10, f"the mode {mode} on its page")
    return paths


class Copier:
    """A reader in front of a story, with a clipboard, and what the page told the site of copies."""

    def __init__(self, context: BrowserContext, path: str) -> None:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=SITE)
        self.page, self.told = context.new_page(), list[str]()
        self.page.on("request", self.note)
        with self.page.expect_response(lambda answer: "/beacon?" in answer.url):  # its scripts run from here on
            self.page.goto(SITE + path)
        self.page.evaluate("text => navigator.clipboard.writeText(text)", BEFORE)

    def note(self, request: Request) -> None:
        if found := re.search(r"&k=(\w*copy)", request.url):
            self.told.append(found[1])
            assert request.post_data is None
            assert re.fullmatch(rf"{SITE}/beacon\?a=\d+&h=\d+&t=[\w-]+&k=\w+&w=0", request.url), request.url

    def copy(self) -> str:
        self.page.keyboard.press("Control+c")
        self.page.wait_for_timeout(150)
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def select(self, script: str) -> Copier:
        self.page.evaluate(f"() => {{ {script} }}")
        return self

    def drag_over(self, selector: str) -> Copier:
        """Select with the mouse, from the beginning of an element to its end."""
        self.page.locator(selector).first.scroll_into_view_if_needed()
        box = self.page.locator(selector).first.bounding_box()
        assert box
        self.page.mouse.move(box["x"] + 1, box["y"] + 8)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 6, steps=8)
        self.page.mouse.up()
        return self


PARAGRAPH = "getSelection().selectAllChildren(document.querySelector('.prose p'))"


@pytest.fixture
def at(story: dict[str, str], chromium: Browser) -> Iterator[Callable[..., Copier]]:
    """Brings a reader before the story of a mode."""
    contexts: list[BrowserContext] = []

    def bring(mode: str, **options: object) -> Copier:
        contexts.append(chromium.new_context(**{"user_agent": AGENT, "viewport": {"width": 1280, "height": 900}, **options}))
        return Copier(contexts[-1], story[mode])

    yield bring
    for context in contexts:
        context.close()


WAYS: dict[str, Callable[[Copier], object]] = {
    "by keys": lambda copier: copier.select(PARAGRAPH),
    "with the mouse": lambda copier: copier.drag_over(".prose p"),
    "all of the page": lambda copier: copier.page.keyboard.press("Control+a"),
}


@pytest.mark.parametrize(("mode", "way"), [*((mode, "by keys") for mode in MODES), *itertools.product(("credit", "message"), list(WAYS)[1:])])
def test_each_mode_answers_however_the_text_was_selected(at: Callable[..., Copier], mode: str, way: str) -> None:
    copier = at(mode)
    WAYS[way](copier)
    selected, clipboard = copier.page.evaluate("`${getSelection()}`"), copier.copy()
    paragraph = squeezed(copier.page.locator(".prose p").first.inner_text())[:80]
    assert paragraph in squeezed(selected)
    if mode in ("limit", "message"):
        assert clipboard == BEFORE
        expect(copier.page.get_by_role("status")).to_contain_text(MESSAGE)
        assert copier.told == ["refused_copy"]
        assert paragraph in squeezed(copier.page.evaluate("`${getSelection()}`"))  # what was selected stays so
    else:
        assert paragraph in squeezed(clipboard)
        assert ("Please quote with a link to the story." in clipboard) is (mode == "credit")
        assert copier.told == ["copy"]
        assert copier.page.locator(".toast").count() == 0


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("mode", ["credit", "message"])
def test_a_long_press_on_a_phone_selects_and_the_mode_answers(at: Callable[..., Copier], mode: str) -> None:
    copier = at(mode, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page, text = copier.page, copier.page.locator(".prose p").first
    text.scroll_into_view_if_needed()
    box = text.bounding_box()
    assert box
    wire = page.context.new_cdp_session(page)
    wire.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": box["x"] + 30, "y": box["y"] + 10}]})
    page.wait_for_timeout(900)
    wire.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.evaluate(f"() => {{ if (getSelection().isCollapsed) {PARAGRAPH} }}")  # headless chromium selects nothing by touch
    chosen = page.evaluate("`${getSelection()}`").strip()
    assert chosen
    page.evaluate("document.execCommand('copy')")  # what the bubble's Copy does
    page.wait_for_timeout(150)
    clipboard = page.evaluate("navigator.clipboard.readText()")
    if mode == "credit":
        assert squeezed(chosen) in squeezed(clipboard)
        assert "Please quote with a link" in clipboard
    else:
        assert clipboard == BEFORE
        toast = page.locator(".toast").bounding_box()
        assert toast
        assert toast["x"] >= 0
        assert toast["x"] + toast["width"] <= 390


@pytest.mark.parametrize("mode", MODES)
def test_form_fields_code_and_the_rest_of_the_page_are_free(at: Callable[..., Copier], mode: str) -> None:
    copier = at(mode)
    copier.select("""const body = document.querySelector('.prose');
        body.insertAdjacentHTML('beforeend', '<pre><code>make run</code></pre><textarea>mine</textarea>')""")
    assert copier.select("getSelection().selectAllChildren(document.querySelector('.prose pre code'))").copy() == "make run"
    assert copier.select("const field = document.querySelector('.prose textarea'); field.focus(); field.select()").copy() == "mine"
    copier.select("document.activeElement.blur()")
    footer = copier.select("getSelection().selectAllChildren(document.querySelector('footer p'))").copy()
    assert footer
    assert footer not in (BEFORE, "mine")
    assert "Please quote" not in footer
    assert copier.told == []
    assert copier.page.locator(".toast").count() == 0


def test_a_quotation_of_the_limit_is_free_and_one_more_letter_is_not(at: Callable[..., Copier]) -> None:
    copier = at("limit")
    first = "const text = document.querySelector('.prose p').firstChild; getSelection().setBaseAndExtent(text, 0, text, {})"
    copier.select("document.querySelector('.prose p').textContent = 'x'.repeat(300)")
    assert copier.select(first.format(200)).copy() == "x" * 200
    copier.page.evaluate("text => navigator.clipboard.writeText(text)", BEFORE)
    assert copier.select(first.format(201)).copy() == BEFORE
    assert copier.told == ["copy", "refused_copy"]


def test_only_what_is_of_the_story_weighs_against_the_limit(at: Callable[..., Copier]) -> None:
    copier = at("limit")
    clipboard = copier.select("""const end = document.querySelector('article.story, article'), words = end.querySelector('h1').firstChild;
        end.replaceChildren(end.querySelector('h1')); words.data = 'Short';
        getSelection().setBaseAndExtent(document.querySelector('.masthead'), 0, words, 5)""").copy()  # fmt: skip
    assert "Short" in clipboard
    assert len(clipboard) > 5


@pytest.mark.parametrize("mode", ["credit", "message"])
def test_find_print_keys_and_menus_are_left_alone(at: Callable[..., Copier], mode: str) -> None:
    page = at(mode).page
    word = page.locator(".prose p").first.inner_text().split()[3]
    assert page.evaluate("word => find(word)", word)
    page.evaluate("""() => { window.stopped = [];
        for (const type of ['keydown', 'keyup', 'contextmenu', 'selectstart', 'mousedown', 'dragstart', 'beforeprint'])
            addEventListener(type, (event) => event.defaultPrevented && window.stopped.push(type)) }""")
    for key in ("Control+f", "Control+p", "Control+a", "F3", "Shift+F10"):
        page.keyboard.press(key)
    page.locator(".prose p").first.click(button="right")
    page.keyboard.press("Escape")
    assert page.evaluate("window.stopped") == []
    assert page.evaluate("getComputedStyle(document.querySelector('.prose p')).userSelect") != "none"
    on_screen = page.locator("article .prose").inner_text()
    page.evaluate(PARAGRAPH.join(("() => { ", " }")))
    page.keyboard.press("Control+c")
    page.emulate_media(media="print")
    assert page.locator("article .prose p").first.is_visible()
    assert squeezed(page.locator("article .prose p").first.inner_text()) in squeezed(on_screen)
    assert not page.locator("[data-toasts]").is_visible()
    assert len(page.pdf()) > 5000


def test_the_message_is_spoken_closes_by_key_and_traps_nobody(at: Callable[..., Copier]) -> None:
    page = at("message").page
    region = page.locator("[data-toasts]")
    assert region.get_attribute("role") == "status"  # there before anything is said, so that it is spoken
    assert region.inner_text() == ""
    page.evaluate(f"() => {{ {PARAGRAPH} }}")
    page.keyboard.press("Control+c")
    expect(page.get_by_role("status")).to_contain_text(MESSAGE)
    assert page.evaluate("document.activeElement === document.body")  # it takes no focus
    page.evaluate(AXE)
    assert page.evaluate(RUN, RULES) == []
    assert page.locator("[aria-hidden=true] a, [aria-hidden=true] button, [aria-hidden=true] [tabindex='0']").count() == 0
    page.get_by_role("button", name="Close this message").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".toast")).to_have_count(0)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement !== null")


def test_what_is_pasted_from_the_credit_leads_to_the_story_and_loads_pictures_from_it(at: Callable[..., Copier], story: dict[str, str]) -> None:
    copier = at("credit")
    copier.select("""document.querySelector('.prose').insertAdjacentHTML('afterbegin', '<p id="odd">See <a href="/world">the world</a></p>');
        getSelection().selectAllChildren(document.querySelector('#odd'))""").copy()
    pasted = copier.page.evaluate("""async () => { const [item] = await navigator.clipboard.read();
        return (await item.getType('text/html')).text() }""")
    assert f'href="{SITE}/world"' in pasted
    assert f'href="{SITE}{story["credit"]}"' in pasted


def test_copies_are_in_the_ledger_and_on_the_numbers_page_and_the_books_balance(at: Callable[..., Copier], home: Home, desk: Page) -> None:
    copier = at("message")
    copier.select(PARAGRAPH).copy()

    def signals() -> dict[str, int]:
        found: dict[str, int] = json.loads(home.run("ledger", "--json"))["signals"]
        return found

    wait_for(lambda: signals()["waiting"] == 0 and signals()["counted"] > 0, 20, "the copy to be counted")
    assert signals()["balance"] == 0
    number = re.search(r"a=(\d+)", copier.page.evaluate("document.querySelector('[data-beacon]').dataset.beacon"))
    assert number
    desk.goto(f"{DESK}/desk/articles/{number[1]}/numbers")
    expect(desk.get_by_role("heading", name="Copied from it")).to_be_visible()


# What editors see of crawlers


@pytest.fixture(scope="module")
def desk(home: Home, chromium: Browser) -> Iterator[Page]:
    """The desk's first person, signed in."""
    email, password = home.editor
    context = chromium.new_context(user_agent=AGENT, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{DESK}/desk/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).not_to_have_url(re.compile("sign-in"), timeout=60_000)
    yield page
    context.close()


def row(page: Page, name: str) -> list[str]:
    return [
        cell.strip()
        for cell in page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name)).first.locator("th, td").all_inner_texts()
    ]


def test_an_editor_sees_what_each_kind_of_crawler_gets(desk: Page, story: dict[str, str], home: Home) -> None:
    def crawls() -> int:
        found: int = json.loads(home.run("ledger", "--json"))["signals"]["filtered"].get("bot", 0)
        return found

    before = crawls()
    desk.goto(f"{DESK}/desk/settings")
    desk.get_by_role("link", name="See what crawlers get of an address").click()
    desk.get_by_label("Address").fill(story["off"])
    desk.get_by_role("button", name="Try it").click()
    person, google, gpt, asked = (row(desk, name) for name in ("A person", "Googlebot", "GPTBot", "ChatGPT-User"))
    assert person[1:3] == ["not asked", "200"]
    assert google[1:4] == ["Allowed", "200", "May be listed"]
    assert (gpt[1], asked[1]) == ("Refused", "Allowed")
    assert {each[6] for each in (person, google, gpt)} == {"Reserved"}
    assert "max-image-preview:large" in google[4]
    assert "nocache" in row(desk, "bingbot")[5]
    assert "nocache" not in google[5]
    assert crawls() == before  # trying is no crawler's fetch


@pytest.mark.parametrize(("typed", "says"), [("/nowhere", "404"), ("/desk/articles", "302"), ("https://other.example/", "Only addresses of")])
def test_an_address_that_is_no_page_is_told_as_it_is(desk: Page, typed: str, says: str) -> None:
    desk.goto(f"{DESK}/desk/rights?address={typed}")
    expect(desk.get_by_role("main")).to_contain_text(says)


def test_a_changed_choice_shows_in_the_next_trial_and_keeps_no_search_out(desk: Page, story: dict[str, str], home: Home) -> None:
    home.run("settings", "set", "rights_answers", "refused")
    wait_for(lambda: "OAI-SearchBot" in fetch("/robots.txt"), 10, "robots.txt to follow")
    desk.goto(f"{DESK}/desk/rights?address={story['off']}")
    assert row(desk, "OAI-SearchBot")[1] == "Refused"
    assert row(desk, "Googlebot")[1:4] == ["Allowed", "200", "May be listed"]
    home.run("settings", "set", "rights_answers", "allowed")
