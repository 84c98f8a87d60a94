"""Writing a story in a real chromium, with the keyboard, the clipboard and files, as an editor does; and the page that readers get."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from newsapp.news.sanitise import sanitise
from tests.prepared import Prepared
from tests.test_browser import AGENT, FLAGS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PORT = 8400
SITE, DESK = f"http://localhost:{PORT}", f"http://localhost:{PORT + 1}"
PASTED = sorted((Path(__file__).parent / "fixtures" / "paste").glob("*.html"))
PASTE = """([html]) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/html', html);
  clipboardData.setData('text/plain', 'text');
  document.querySelector('.story-text').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}"""
DROP = """([bytes]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([new Uint8Array(bytes)], 'quay.png', { type: 'image/png' }));
  const text = document.querySelector('.story-text');
  const { left, top } = text.getBoundingClientRect();
  text.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true, clientX: left + 30, clientY: top + 20 }));
}"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, chromium_path: str, prepared: Prepared) -> Iterator[BrowserContext]:
    home = prepared.home_in(tmp_path_factory.mktemp("paper"), PORT=PORT, SITE_WORKERS=1).up()
    email, password = home.editor
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        context = chromium.new_context(user_agent=AGENT.format(150), viewport={"width": 1280, "height": 900})
        context.set_default_timeout(8000)
        page = context.new_page()
        page.goto(f"{DESK}/desk/sign-in")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
        expect(page).not_to_have_url(re.compile("sign-in"), timeout=60_000)
        yield context
        chromium.close()
    home.stop()


@pytest.fixture
def form(browser: BrowserContext) -> Iterator[Page]:
    page = browser.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{DESK}/desk/articles/new")
    expect(page.locator(".story-text")).to_be_visible()
    yield page
    page.close()
    assert said == []


def body(page: Page) -> str:
    return str(page.locator("textarea[name=body]").input_value())


def test_a_story_written_with_the_keyboard_is_what_readers_get(form: Page, browser: BrowserContext) -> None:
    form.get_by_label("Headline", exact=True).fill("The harbour at night")
    expect(form.locator("#slug")).to_have_value("the-harbour-at-night")
    form.locator(".story-text").click()
    form.keyboard.type("The tide turned at ")
    form.keyboard.press("Control+b")
    form.keyboard.type("four")
    form.keyboard.press("Control+b")
    form.keyboard.type(".\n## Ropes\n- Hemp\nWire\n\n")
    assert body(form) == "<p>The tide turned at <strong>four</strong>.</p>\n<h2>Ropes</h2>\n<ul><li>Hemp</li><li>Wire</li></ul>"
    expect(form.locator("[data-story-length]")).to_have_text("8 words, 1 minute to read")
    form.get_by_role("button", name="Table", exact=True).click()
    form.keyboard.press("Control+End")
    form.get_by_role("button", name="Embed").click()
    form.get_by_label("Address, of").fill("https://youtu.be/dQw4w9WgXcQ")
    form.get_by_label("What it is").fill("The tide, filmed")
    form.get_by_role("button", name="Insert").click()
    expect(form.locator(".story-text .box", has_text="youtube")).to_be_visible()
    form.get_by_role("button", name="Related").click()
    form.locator(".choice", has_text="(Live").first.click()
    expect(form.locator(".story-text .box", has_text="Related story")).to_be_visible()
    picture = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(picture, "PNG")
    form.evaluate(DROP, [list(picture.getvalue())])
    figure = form.locator(".story-text figure.box")
    expect(figure).to_be_visible()
    figure.get_by_label("Description").fill("A quay")
    figure.get_by_label("Credit").fill("Harbour desk")
    figure.get_by_label("Credit").blur()
    typed = body(form)
    assert all(
        part in typed for part in ("<table>", 'data-embed="youtube"', "data-article=", 'alt="A quay"', '<span class="credit">Harbour desk</span>')
    ), typed
    assert sanitise(typed) == typed
    form.get_by_role("button", name="Save and publish").click()
    form.get_by_role("button", name="Publish all the same").click()
    expect(form.get_by_text("Saved. Readers have it in a second.")).to_be_visible()
    assert body(form).split() == typed.split()
    see_as_reader(browser, "the-harbour-at-night", form)


def see_as_reader(browser: BrowserContext, slug: str, form: Page) -> None:
    """The page has it all, and asks nobody else for anything until the reader clicks."""
    page, asked = browser.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(str(form.get_by_role("link", name="See it on the site").get_attribute("href")))
    expect(page.locator(".prose img[alt='A quay']")).to_be_visible()
    expect(page.locator(".related")).to_be_visible()
    button = page.get_by_role("button", name="Show it here")
    expect(button).to_be_visible()
    assert all(url.startswith((SITE, "data:")) for url in asked), asked
    button.click()
    expect(page.locator("iframe")).to_have_attribute("src", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ")
    page.close()


@pytest.mark.parametrize("path", PASTED, ids=lambda path: path.stem)
def test_pasted_text_comes_as_a_story_has_it(form: Page, path: Path) -> None:
    form.locator(".story-text").click()
    form.evaluate(PASTE, [path.read_text()])
    clean = body(form)
    assert re.search(r"<p>The <strong>tide</strong> turned at <em>four</em>", clean), clean
    assert re.search(r"<li>Ropes", clean), clean
    assert path.stem == "pages" or "<h2>The harbour at night</h2>" in clean, clean
    assert not re.search(r"style=|class=|Mso|<span|<p></p>|late|\[D1\]|alert|Menu|Share|google\.com", clean), clean
    assert sanitise(clean) == clean
    if path.stem == "word":
        assert '<th scope="col">Pier</th>' in clean
        assert "<ul><li>Hemp</li></ul>" in clean
        expect(form.get_by_text("did not come along: quay")).to_be_visible()


def test_the_text_can_be_set_from_outside_and_rare_html_is_kept(form: Page) -> None:
    form.evaluate("""() => {
      const area = document.querySelector('textarea[name=body]');
      area.value = '<dl><dt>Tide</dt><dd>Four</dd></dl>\\n<p>Words</p>';
      area.dispatchEvent(new CustomEvent('story:set', { bubbles: true })); }""")
    expect(form.locator(".story-text", has_text="Words")).to_be_visible()
    form.locator("label[for=body]").click()  # into the text, and not onto what stands before it
    form.keyboard.type("More ")
    assert body(form) == "<dl><dt>Tide</dt><dd>Four</dd></dl>\n<p>More Words</p>"
