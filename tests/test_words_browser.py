"""An Arabic and a French paper, and Arabic stories in an English one, in a real chromium: mirrored, nothing too wide, nothing that axe-core finds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright

from newsapp.config import load_config
from newsapp.database import db
from newsapp.settings import accent, store
from tests import tongues
from tests.conftest import Valkey, make_app
from tests.walk import DESKTOP, PHONE, wrong_with

pytestmark = pytest.mark.browser

PORT = 8460
# "in en": Arabic stories in an English paper. "dressed": with a look of its own (docs/look.md).
PORTS = {"ar": PORT, "fr": PORT + 1, "ar in en": PORT + 2, "ar dressed": PORT + 3, "fr dressed": PORT + 4}
PICTURES = os.environ.get("READERS_PICTURES")  # a folder to put screenshots into
FEW = ("/", "/{section}", "/{section}/story-0")
MORE = ("/search?q={word}", "/corrections", "/how-we-count", "/most-viewed/day", "/nowhere")
WALK = [(language, path) for language in PORTS for path in (*FEW, *(MORE if language == "ar" else ()))]


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory, valkey_session: Valkey) -> Iterator[dict[str, Flask]]:
    """Each served from this process on a port of its own."""
    apps, servers = {}, []
    for number, (language, port) in enumerate(PORTS.items(), 1):
        home = tmp_path_factory.mktemp(language[:2])
        found = {"NEWSAPP_HOME": str(home), "PORT": str(port), "REDIS_URL": f"{valkey_session.url}?db={number}", "LOG_LEVEL": "ERROR"}
        app = make_app(load_config(found | {"DATABASE_URL": f"sqlite:///{home}/newsapp.db"}), "site")
        app.extensions["redis_jobs"].flushdb()
        tongues.write(app, language[:2], within=language.partition(" in ")[2])
        if language.endswith("dressed"):
            tongues.dress(app)
        with app.app_context():
            store.change("site", "protection_mode", "message", "the test")
            db.session.commit()
            db.session.remove()
        app.extensions["memory"].begin()
        apps[language] = app
        servers.append(tongues.serve(app))
    yield apps
    for server in servers:
        server.shutdown()
    for app in apps.values():
        with app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, papers: dict[str, Flask]) -> Iterator[Page]:
    context = chromium.new_context(viewport=DESKTOP, reduced_motion="reduce")  # a button that fades has a colour between two
    yield context.new_page()
    context.close()


def address(language: str, path: str) -> str:
    section, about = next(iter(tongues.PAPERS[language[:2]]["sections"].items()))
    return f"http://localhost:{PORTS[language]}" + path.format(section=section, word=about["headlines"][0].split()[0])


@pytest.mark.parametrize(("language", "path"), WALK)
def test_a_page_fits_and_has_no_findings_by_day_and_by_night(page: Page, language: str, path: str) -> None:
    page.goto(address(language, path))
    name = path.strip("/").partition("?")[0].replace("/", "-").replace("{section}", "section") or "front"

    def photograph(where: str) -> None:
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{language.replace(' ', '-')}-{name}-{where.partition(', ')[2]}.png", full_page=True)

    assert wrong_with(page, photograph) == []


def test_a_logo_turns_with_the_colours_of_the_page_and_stands_where_the_paper_begins(page: Page) -> None:
    for language, mirrored in (("ar dressed", True), ("fr dressed", False)):
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        for scheme, shown in (("light", "day"), ("dark", "night")):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(address(language, "/"))
            logo = page.locator(f".masthead .logo--{shown}")
            expect(logo).to_be_visible()
            expect(page.locator(".masthead .logo:visible")).to_have_count(1)
            assert logo.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
            box = logo.bounding_box()
            assert (box["x"] > DESKTOP["width"] / 2) == mirrored
            assert box["width"] == pytest.approx(box["height"] * 1080 / 220, rel=0.02)
        page.locator("[data-scheme-toggle]").click()
        expect(page.locator(".masthead .logo--day")).to_be_visible()


def test_the_accent_colours_the_page_in_both_schemes(page: Page) -> None:
    for scheme, colour in (("light", accent.accent_of(tongues.LOOK["accent"]).day), ("dark", accent.accent_of(tongues.LOOK["accent"]).night)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(address("fr dressed", "/{section}/story-0"))
        shown = page.locator(".kicker").first.evaluate("part => getComputedStyle(part).color")
        assert shown == f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_an_arabic_paper_is_mirrored(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto(address("ar", "/"))
    name, tools = page.locator(".masthead .nameplate").bounding_box(), page.locator(".masthead__tools").bounding_box()
    assert name["x"] > tools["x"] + tools["width"]
    assert name["x"] + name["width"] > size["width"] * 0.9
    first, last = (page.locator(".sections li").nth(n).bounding_box()["x"] for n in (0, -1))
    assert first > last
    if size is DESKTOP:
        assert page.locator(".most-viewed").first.bounding_box()["x"] < page.locator(".lead").bounding_box()["x"]


def test_arabic_letters_are_neither_spaced_nor_slanted(page: Page) -> None:
    page.goto(address("ar", "/{section}/story-0"))
    for part in ("h1", ".prose em", ".nameplate__title", ".ranks a"):
        style = page.locator(part).first.evaluate(
            "part => { const { letterSpacing, fontStyle } = getComputedStyle(part); return [letterSpacing, fontStyle] }"
        )
        assert style == ["normal", "normal"], part


def test_a_latin_name_does_not_turn_the_line_that_it_stands_in(page: Page) -> None:
    """The number after the name stays on the far side of it, as it is read."""
    page.goto(address("ar", "/how-we-count"))
    name, date = (page.locator("main dd bdi").nth(n).bounding_box() for n in (0, 1))
    assert name["y"] != date["y"] or name["x"] > date["x"]
    assert date["width"] > 0


def test_what_the_scripts_say_is_in_the_papers_language(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=f"http://localhost:{PORTS['fr']}")
    page.goto(address("fr", "/{section}/story-0"))
    page.locator("[data-copy-link]").first.click()
    expect(page.get_by_role("status")).to_have_text("Lien copié")
    page.locator(".prose p").first.evaluate("p => getSelection().selectAllChildren(p)")
    page.keyboard.press("Control+c")
    expect(page.get_by_role("status")).to_contain_text("Vous ne pouvez pas copier le contenu de cette page")
    expect(page.get_by_role("status")).to_contain_text("Pour faire connaître l’article, copiez son lien.")
    page.goto(address("fr", "/search"))
    page.locator("#q").press_sequentially("pilote")
    expect(page.get_by_role("listbox", name="Articles")).to_be_visible()
