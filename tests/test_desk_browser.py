"""Hands at the desk, in a real chromium: keys and their sheet, plain pages, many articles, the lead picture."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Route, expect, sync_playwright

from tests.conftest import wait_for
from tests.prepared import Prepared
from tests.tabs import AGENT, UNDRIVEN

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PORT = 8430
SITE, DESK = f"http://localhost:{PORT}", f"http://localhost:{PORT + 1}"
FOCUSED = "document.activeElement.textContent.trim()"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, chromium_path: str, prepared: Prepared) -> Iterator[BrowserContext]:
    """Signed in at the desk of a paper that has its sample edition."""
    home = prepared.home_in(tmp_path_factory.mktemp("hands") / "home", PORT=PORT, SITE_WORKERS=1).up()
    email, password = home.editor
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", UNDRIVEN])
        context = chromium.new_context(user_agent=AGENT, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.goto(f"{DESK}/desk/sign-in")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).not_to_have_url(re.compile("sign-in"), timeout=60_000)
        page.close()
        yield context
        chromium.close()
    home.stop()


@pytest.fixture
def tab(browser: BrowserContext) -> Iterator[Page]:
    """A tab in which no script fails and the policy forbids nothing that the page wants."""
    page, said = browser.new_page(), []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    page.close()
    assert said == []


def opened(tab: Page, path: str = "/desk/") -> Page:
    tab.goto(DESK + path)
    expect(tab.locator("[data-keys]")).to_be_visible()
    return tab


# ---- keys


def test_the_list_is_walked_and_opened_by_keys(tab: Page) -> None:
    opened(tab)
    titles = tab.locator(".t-hed").all_inner_texts()
    for key, title in (("j", titles[0]), ("j", titles[1]), ("ArrowDown", titles[2]), ("k", titles[1]), ("ArrowUp", titles[0]), ("k", titles[0])):
        tab.keyboard.press(key)
        assert tab.evaluate(FOCUSED) == title
    tab.keyboard.press("x")
    expect(tab.locator("[data-bulk-says]")).to_have_text("1 ticked")
    tab.keyboard.press("Enter")
    expect(tab.get_by_label("Headline", exact=True)).to_have_value(titles[0])


def test_places_are_two_keys_away_and_typing_is_typing(tab: Page) -> None:
    opened(tab)
    tab.keyboard.press("/")
    expect(tab.locator("#q")).to_be_focused()
    tab.keyboard.type("gp?n")
    expect(tab.locator("#q")).to_have_value("gp?n")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    tab.locator("h1").click()
    for keys, heading in (("gp", "Pictures"), ("gi", "Tags"), ("ga", "Articles"), ("n", "New article")):
        tab.keyboard.type(keys)
        expect(tab.get_by_role("heading", level=1)).to_have_text(heading)


def test_a_story_is_previewed_saved_and_published_by_keys_while_typing(tab: Page, browser: BrowserContext) -> None:
    opened(tab, "/desk/articles/new")
    tab.get_by_label("Headline", exact=True).fill("Written by hand")
    tab.locator(".story-text").click()
    tab.keyboard.type("n and g p and ? are letters here.")
    with browser.expect_page() as preview:
        tab.keyboard.press("Control+Shift+P")
    expect(preview.value.get_by_role("heading", name="Written by hand")).to_be_visible()
    preview.value.close()
    tab.keyboard.press("Control+s")
    expect(tab.get_by_text("Saved. Only the desk sees it.")).to_be_visible()
    tab.locator(".story-text").click()
    tab.keyboard.press("Control+Enter")
    tab.get_by_role("button", name="Publish all the same").click()
    expect(tab.get_by_text("Saved. Readers have it in a second.")).to_be_visible()


def test_the_sheet_says_what_works_and_gives_the_focus_back(tab: Page) -> None:
    opened(tab)
    tab.keyboard.press("j")
    before = tab.evaluate(FOCUSED)
    tab.keyboard.press("?")
    sheet = tab.get_by_role("dialog", name="Keyboard")
    expect(sheet).to_be_visible()
    for group in ("In the list", "On this page", "Go to"):
        expect(sheet.get_by_role("heading", name=group)).to_be_visible()
    expect(sheet.get_by_text("New article")).to_be_visible()
    tab.keyboard.press("n")
    expect(sheet).to_be_visible()
    tab.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    assert tab.evaluate(FOCUSED) == before
    tab.get_by_role("button", name="Keyboard").click()
    expect(sheet).to_be_visible()
    sheet.get_by_role("button", name="Close").click()
    expect(tab.get_by_role("button", name="Keyboard")).to_be_focused()


def test_every_key_of_a_page_stands_in_its_sheet(tab: Page) -> None:
    opened(tab, "/desk/articles/new")
    tab.get_by_role("button", name="Keyboard").click()
    said = re.sub(r"\s+", "", tab.get_by_role("dialog", name="Keyboard").inner_text())
    keys = tab.evaluate("[...document.querySelectorAll('[data-key]')].filter((each) => each.getClientRects().length).map((each) => each.dataset.key)")
    assert "Mod+s" in keys
    for key in (way for each in keys for way in each.split("|")):
        spelled = "then".join(
            "+".join("Ctrl" if part == "Mod" else part.upper() if len(part) == 1 else part for part in one.split("+")) for one in key.split()
        )
        assert spelled in said, (key, said)
    assert "BoldCtrl+B" in said


def test_single_keys_are_switched_off_for_good_and_the_button_stays(tab: Page) -> None:
    opened(tab)
    tab.get_by_role("button", name="Keyboard").click()
    tab.get_by_label("Keys without Ctrl or Cmd work").uncheck()
    tab.keyboard.press("Escape")
    opened(tab)
    for key in ("?", "j", "g", "p", "n"):
        tab.keyboard.press(key)
    assert tab.evaluate("document.activeElement === document.body")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    expect(tab.get_by_role("heading", level=1)).to_have_text("Articles")
    expect(tab.get_by_role("link", name="New article")).not_to_have_attribute("aria-keyshortcuts", "n")
    tab.get_by_role("button", name="Keyboard").click()
    tab.get_by_label("Keys without Ctrl or Cmd work").check()
    tab.keyboard.press("Escape")
    tab.keyboard.press("n")
    expect(tab.get_by_role("heading", level=1)).to_have_text("New article")


# ---- plain pages


def test_a_page_is_written_and_stands_at_the_foot_for_readers(tab: Page, browser: BrowserContext) -> None:
    opened(tab, "/desk/pages/new")
    tab.get_by_label("Title").fill("House rules")
    expect(tab.get_by_label("Address")).to_have_value("house-rules")
    expect(tab.get_by_role("button", name="Embed")).to_have_count(0)
    tab.locator(".story-text").click()
    tab.keyboard.type("## Rules\nBe kind.")
    tab.get_by_label("Readers see it").check()
    tab.keyboard.press("Control+s")
    expect(tab.get_by_text("Saved. Readers have it in a second.")).to_be_visible()
    reader = browser.new_page()
    reader.goto(f"{SITE}/house-rules")
    expect(reader.locator(".prose h2")).to_have_text("Rules")
    expect(reader.get_by_role("contentinfo").get_by_role("link", name="House rules")).to_be_visible()
    address = tab.url
    tab.get_by_label("Address").fill("our-rules")
    tab.keyboard.press("Control+s")
    expect(tab.get_by_role("link", name="/our-rules")).to_be_visible()
    see(reader, "/house-rules", "House rules", f"{SITE}/our-rules")
    tab.get_by_label("Readers see it").uncheck()
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.get_by_text("Only the desk sees it")).to_be_visible()
    see(reader, "/our-rules", "There is no such page")
    tab.goto(address)
    tab.get_by_role("button", name="Remove…").click()
    tab.get_by_role("button", name="Remove it for good").click()
    expect(tab.get_by_text("The page is gone")).to_be_visible()
    reader.close()


def see(reader: Page, path: str, words: str, ends_at: str = "") -> None:
    """Readers have a change within a moment."""

    def shows() -> bool:
        reader.goto(SITE + path)
        return words in reader.locator("h1").inner_text() and (not ends_at or reader.url == ends_at)

    wait_for(shows, 10, f"{path} to say {words!r}")


def test_of_two_editors_of_a_page_the_second_sees_what_the_first_saved(tab: Page, browser: BrowserContext) -> None:
    opened(tab, "/desk/pages")
    tab.locator(".t-hed").first.click()
    other = browser.new_page()
    other.goto(tab.url)
    other.get_by_label("Standfirst").fill("Theirs first.")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("Saved.")).to_be_visible()
    other.close()
    tab.get_by_label("Standfirst").fill("Mine second.")
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.get_by_role("alert").get_by_text("Theirs first.")).to_be_visible()
    expect(tab.get_by_label("Standfirst")).to_have_value("Mine second.")
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.get_by_text("Saved.")).to_be_visible()


def test_a_page_is_written_without_javascript(browser: BrowserContext) -> None:
    plain = without_javascript(browser)
    plain.goto(f"{DESK}/desk/pages/new")
    plain.get_by_label("Title").fill("Written plainly")
    plain.get_by_label("Text").fill("One.\n\nTwo.")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_label("Text")).to_have_value("<p>One.</p>\n<p>Two.</p>")
    plain.context.close()


def without_javascript(browser: BrowserContext) -> Page:
    """The same person in a browser that runs no scripts."""
    context = browser.browser.new_context(user_agent=AGENT, java_script_enabled=False, storage_state=browser.storage_state())
    context.set_default_timeout(15_000)
    return context.new_page()


# ---- many articles


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_many_are_spiked_only_after_a_look_and_come_back_by_a_click(browser: BrowserContext, scripts: bool) -> None:
    page = browser.new_page() if scripts else without_javascript(browser)
    page.goto(f"{DESK}/desk/?state=live")
    titles = page.locator(".t-hed").all_inner_texts()[:2]
    for title in titles:
        page.get_by_label(f"Tick {title}").check()
    page.get_by_label("With those that are ticked").select_option("spike")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("heading", name="Spike 2 articles?")).to_be_visible()
    for title in titles:
        expect(page.get_by_role("row", name=re.compile(re.escape(title)))).to_contain_text("Readers find nothing at its address")
    page.get_by_role("link", name="Leave them as they are").click()
    expect(page.locator(".t-hed").first).to_have_text(titles[0])
    for title in titles:
        page.get_by_label(f"Tick {title}").check()
    page.get_by_label("With those that are ticked").select_option("spike")
    page.get_by_role("button", name="Do it").click()
    page.get_by_role("button", name="Spike 2 articles").click()
    expect(page.get_by_text("Spiked 2 articles.")).to_be_visible()
    expect(page).to_have_url(re.compile("state=live"))
    page.get_by_role("button", name="Back to the drafts").click()
    expect(page.get_by_text("Back among the drafts: 2 articles.")).to_be_visible()
    page.goto(f"{DESK}/desk/?state=drafts")
    for title in titles:
        expect(page.get_by_role("link", name=title)).to_be_visible()
    page.close() if scripts else page.context.close()


# ---- the lead picture


DROP = """([bytes, name, type]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
  for (const kind of ['dragenter', 'dragover', 'drop']) {
    document.querySelector('[data-lead] h2').dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
  }
}"""


def png(colour: str) -> list[int]:
    picture = io.BytesIO()
    Image.new("RGB", (600, 400), colour).save(picture, "PNG")
    return list(picture.getvalue())


def saved(tab: Page) -> None:
    tab.get_by_role("button", name="Save draft").click()
    expect(tab.get_by_text("Saved. Only the desk sees it.")).to_be_visible()


def test_a_picture_that_is_dropped_is_described_focused_and_saved(tab: Page) -> None:
    opened(tab, "/desk/articles/new")
    tab.get_by_label("Headline", exact=True).fill("Dropped in")
    tab.evaluate(DROP, [[1, 2], "notes.txt", "text/plain"])
    expect(tab.get_by_text("notes.txt is no picture.")).to_be_visible()
    tab.evaluate(DROP, [[1, 2], "broken.png", "image/png"])
    expect(tab.get_by_text(re.compile("cannot be read|no picture|not a picture", re.IGNORECASE))).to_be_visible()
    tab.evaluate(DROP, [png("teal"), "quay.png", "image/png"])
    alt = tab.get_by_label("Description for readers who cannot see it")
    expect(alt).to_be_focused()
    tab.keyboard.type("A quay at low tide")
    mark = tab.get_by_role("button", name="Point that a crop keeps")
    box = tab.locator(".focus").bounding_box()
    tab.locator(".focus img").click(position={"x": box["width"] * 0.2, "y": box["height"] * 0.75})
    expect(tab.get_by_label("From the left, in per cent")).to_have_value("20")
    expect(tab.get_by_label("From the top, in per cent")).to_have_value("75")
    mark.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Shift+ArrowUp")
    expect(mark).to_have_accessible_name(re.compile("22 per cent from the left and 65 from the top"))
    saved(tab)
    expect(tab.locator("[data-lead] .focus img")).to_have_attribute("alt", "A quay at low tide")
    expect(tab.get_by_label("From the left, in per cent")).to_have_value("22")
    expect(alt).to_have_value("A quay at low tide")


def test_what_is_typed_while_a_picture_is_on_its_way_stays(tab: Page) -> None:
    opened(tab, "/desk/articles/new")
    tab.get_by_label("Headline", exact=True).fill("Slowly brought")
    alt = tab.get_by_label("Description for readers who cannot see it")
    tab.evaluate(DROP, [png("maroon"), "quay.png", "image/png"])
    expect(alt).to_be_focused()
    alt.fill("A quay at low tide")
    saved(tab)
    held: list[Route] = []
    tab.route(re.compile("/desk/pictures"), lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    with tab.expect_request(lambda request: request.method == "POST"):
        tab.evaluate(DROP, [png("indigo"), "pier.png", "image/png"])
    alt.fill("A pier at noon")
    held[0].continue_()
    expect(tab.get_by_text("of the library is chosen")).to_be_visible()
    expect(alt).to_have_value("A pier at noon")
    saved(tab)
    expect(tab.locator("[data-lead] .focus img")).to_have_attribute("alt", "A pier at noon")


def test_a_picture_is_picked_in_the_library_by_keyboard_and_let_go_again(tab: Page) -> None:
    opened(tab, "/desk/articles/new")
    tab.get_by_label("Headline", exact=True).fill("Picked")
    opener = tab.get_by_role("button", name="From the library…")
    opener.press("Enter")
    dialog = tab.get_by_role("dialog", name="Pick a picture")
    expect(dialog.get_by_label("Find")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(opener).to_be_focused()
    opener.press("Enter")
    expect(dialog.get_by_role("listitem").first).to_be_visible()
    first = dialog.get_by_role("button").nth(1)
    words = first.locator("span").first.inner_text()
    dialog.get_by_label("Find").fill("no such picture at all")
    expect(dialog.get_by_text("Nothing found.")).to_be_visible()
    dialog.get_by_label("Find").fill(words)
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(tab.get_by_label("Description for readers who cannot see it")).to_have_value(words)
    tab.get_by_role("button", name="Not this one").click()
    expect(tab.locator("[data-lead] .focus")).to_have_count(0)
    expect(tab.get_by_label("Description for readers who cannot see it")).to_have_value("")
    opener.press("Enter")
    dialog.get_by_label("Find").fill(words)
    dialog.get_by_role("button", name=words).click()
    saved(tab)
    expect(tab.locator("[data-lead] .focus img")).to_have_attribute("alt", words)


def test_a_file_that_is_chosen_is_shown_at_once_and_saved(tab: Page) -> None:
    opened(tab, "/desk/articles/new")
    tab.get_by_label("Headline", exact=True).fill("Chosen")
    tab.get_by_label("Description for readers who cannot see it").fill("A pier")
    tab.get_by_label("Picture file").set_input_files({"name": "pier.png", "mimeType": "image/png", "buffer": bytes(png("navy"))})
    expect(tab.locator("[data-lead] .focus img")).to_be_visible()
    expect(tab.get_by_label("Description for readers who cannot see it")).to_have_value("A pier")
    saved(tab)
    expect(tab.locator("[data-lead] .focus img")).to_have_attribute("alt", "A pier")


def test_a_picture_is_brought_without_javascript(browser: BrowserContext) -> None:
    plain = without_javascript(browser)
    plain.goto(f"{DESK}/desk/articles/new")
    plain.get_by_label("Headline", exact=True).fill("Plainly brought")
    plain.get_by_label("Description for readers who cannot see it").fill("A mole")
    plain.get_by_label("Picture file").set_input_files({"name": "mole.png", "mimeType": "image/png", "buffer": bytes(png("olive"))})
    plain.get_by_role("button", name="Save draft").click()
    expect(plain.locator("[data-lead] .focus img")).to_have_attribute("alt", "A mole")
    expect(plain.get_by_label("Or its number in the library")).to_be_visible()
    plain.context.close()
