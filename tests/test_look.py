"""The paper's look as editors set it: menu, foot, profiles elsewhere, logo, accent colour."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from PIL import Image

from newsapp.config import Config
from newsapp.database import db, writes
from newsapp.delivery.colours import paper_of
from newsapp.delivery.shelf import COPIES
from newsapp.media import library
from newsapp.news.models import Page, Picture
from newsapp.settings import accent
from newsapp.settings.registry import SettingError, find
from newsapp.settings.store import SETTINGS_COPY, change
from tests.desk import Desk, desk_of, settings_of
from tests.newsroom import Newsroom
from tests.reading import Reader, publish, reader_of

ROOT = Path(__file__).resolve().parent.parent
RED, YELLOW = "#b3261e", "#ffe000"
FOOT = "Service\nLetters mailto:letters@newsapp.example\nOld paper https://old.newsapp.example/\nCompany\nAbout /about"
PROFILES = "https://www.facebook.com/paper\nhttps://social.newsapp.example/@paper\nOur forum https://forum.newsapp.example/paper"


@pytest.fixture
def reader(config: Config) -> Iterator[Reader]:
    for reader in reader_of(config):
        publish("harbour", "world")
        publish("match", "sport")
        publish("vote", "politics")
        yield reader


@pytest.fixture
def chief(config: Config) -> Iterator[Desk]:
    for desk in desk_of(config):
        desk.sign_in()
        yield desk


def look(reader: Reader, **settings: Any) -> None:
    """Have an editor decide, and tell this process as a worker would."""
    with writes():
        for name, value in settings.items():
            change("site", name, value, "chief@newsapp.example")
        db.session.commit()
    memory = reader.app.extensions["memory"]
    for copy in COPIES:
        copy.refresh(reader.app.extensions["redis_jobs"])
    memory.fetch(memory.connection)


def part(reader: Reader, name: str, path: str = "/") -> Any:
    """The part of a page that has a class."""
    return lxml.html.fromstring(reader.text(path)).find_class(name)[0]


def links(element: Any) -> list[tuple[str, str]]:
    return [(link.text_content().strip(), link.get("href")) for link in element.iterfind(".//li/a")]


def nameplate(reader: Reader, place: str, path: str = "/") -> Any:
    return part(reader, place, path).find_class("nameplate")[0]


def facts(reader: Reader, path: str, kind: str) -> Any:
    found = [json.loads(script.text) for script in lxml.html.fromstring(reader.text(path)).iterfind(".//script[@type='application/ld+json']")]
    return next(each for each in found if each["@type"] == kind)


def logo_file(colour: str = RED) -> bytes:
    content = BytesIO()
    Image.new("RGBA", (1200, 240), colour).save(content, "PNG")
    return content.getvalue()


# ---- the menu


def test_the_menu_has_all_sections_until_somebody_orders_it(reader: Reader) -> None:
    assert links(part(reader, "sections")) == [("Politics", "/politics"), ("Sport", "/sport"), ("World", "/world")]


def test_the_menu_follows_the_order_that_editors_type(reader: Reader) -> None:
    with writes():
        db.session.add(Page(slug="about", title="About us"))
        db.session.commit()
    look(reader, menu="/sport\nPodcasts https://podcasts.newsapp.example/\n*\n/about")
    menu = [
        ("Sport", "/sport"),
        ("Podcasts", "https://podcasts.newsapp.example/"),
        ("Politics", "/politics"),
        ("World", "/world"),
        ("About us", "/about"),
    ]
    assert links(part(reader, "sections")) == menu
    assert part(reader, "sections", "/sport").find(".//a[@aria-current]").text == "Sport"


def test_a_menu_without_a_star_leaves_the_other_sections_out(reader: Reader) -> None:
    look(reader, menu="/world")
    assert links(part(reader, "sections")) == [("World", "/world")]


def test_more_sections_than_there_is_room_for_are_one_step_away(reader: Reader) -> None:
    for number in range(12):
        publish(f"story-{number}", f"section-{number}")
    look(reader, menu="/world\n*")
    found = links(part(reader, "sections"))
    assert (found[0], found[-1], len(found)) == (("World", "/world"), ("All sections", "/sections"), 11)


def test_what_a_menu_names_must_be_there(reader: Reader) -> None:
    with pytest.raises(SettingError, match="no section or page has the address /wrold"):
        look(reader, menu="/wrold")


# ---- the foot, and profiles elsewhere


def test_the_foot_has_columns_of_links_and_a_line(reader: Reader) -> None:
    look(reader, footer_columns=FOOT, footer_text="Published by Harbour Press, 1 Quay")
    more = part(reader, "colophon__more")
    assert [heading.text for heading in more.iterfind(".//h2")] == ["Service", "Company"]
    assert links(more)[1:] == [("Old paper", "https://old.newsapp.example/"), ("About", "/about")]
    assert part(reader, "colophon__text", "/world/harbour").text == "Published by Harbour Press, 1 Quay"


def test_profiles_are_plain_links_with_names_and_said_to_machines(reader: Reader) -> None:
    look(reader, profiles=PROFILES)
    addresses = ["https://www.facebook.com/paper", "https://social.newsapp.example/@paper", "https://forum.newsapp.example/paper"]
    for place in ("masthead", "colophon"):
        found = [(a.text_content(), a.get("href")) for a in part(reader, place).iterfind(".//a[@rel='me noopener']")]
        assert found == list(zip(["Facebook", "Mastodon", "Our forum"], addresses, strict=True))
    assert facts(reader, "/world/harbour", "NewsArticle")["publisher"]["sameAs"] == addresses
    assert facts(reader, "/", "WebSite")["publisher"]["sameAs"] == addresses


@pytest.mark.parametrize(("name", "typed", "says"), [
    ("menu", "World", "'World' is neither"), ("menu", "https://elsewhere.example/", "needs a name"),
    ("menu", "Click javascript:alert(1)", "is neither"),
    ("footer_columns", "About /about", "begin with the heading"), ("footer_columns", "Company", "no links follow 'Company'"),
    ("footer_columns", "\n".join(f"Column {n}\nA /a" for n in range(5)), "at most 4 columns, these are 5"),
    ("profiles", "http://x.com/paper", "https://"), ("profiles", "https://paper.example/us", "write a name before"),
    ("accent", "red", "write it like #00566b"), ("accent", YELLOW, r"1\.\d:1, and text needs 4\.5:1\. #\w{6} would pass"),
    ("logo", "harbour.png", "the number of a picture"),
])  # fmt: skip
def test_a_mistake_is_told_in_words_that_say_what_would_do(name: str, typed: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        find(name).clean(typed)


# ---- the logo


def test_the_logo_stands_for_the_name_and_the_name_for_a_logo_that_is_gone(reader: Reader) -> None:
    with writes():
        db.session.add_all(Picture(name=name, widths="480,960", width=960, height=192) for name in ("by-day", "by-night"))
        db.session.commit()
    look(reader, logo=1)
    for place in ("masthead", "colophon"):
        image = nameplate(reader, place, "/world/harbour").find("img")
        assert (image.get("alt"), image.get("src"), image.get("width"), image.get("height")) == (
            "The Meridian",
            "/media/by-day-480.webp",
            "480",
            "96",
        )
        assert image.get("srcset") == "/media/by-day-480.webp 1x, /media/by-day-960.webp 2x"
        assert "logo--plated" in image.get("class")  # drawn for light ground, it needs some where there is none
    logo = facts(reader, "/world/harbour", "NewsArticle")["publisher"]["logo"]
    assert logo == {"@type": "ImageObject", "url": f"{reader.address}/media/by-day-960.webp", "width": 960, "height": 192}
    look(reader, logo_night=2)
    assert nameplate(reader, "colophon").find("img").get("src") == "/media/by-night-480.webp"
    assert [image.get("class").split()[-1] for image in nameplate(reader, "masthead").iterfind("img")] == ["logo--day", "logo--night"]
    with writes():
        for picture in db.session.query(Picture):
            db.session.delete(picture)
        db.session.commit()
    look(reader, site_motto="Moved")
    assert nameplate(reader, "masthead").find_class("nameplate__title")[0].text == "The Meridian"


def test_a_logo_is_brought_with_the_settings_and_can_be_undone(chief: Desk) -> None:
    first = settings_of(chief)
    answer = chief.send("/desk/settings", "/desk/settings", **first, logo_file=(BytesIO(logo_file()), "Harbour Logo.png"))
    assert answer.status_code == 302, answer.text
    page = chief.open("/desk/settings").text
    assert re.search(r'<img src="/desk/media/harbour-logo-\w+-\d+.webp"', page)
    assert settings_of(chief)["logo"] == 1
    assert "picture 1" in page
    assert "settings" in chief.touched()
    chief.send("/desk/settings/history/1/undo", "/desk/settings/history")
    assert settings_of(chief)["logo"] == 0


def test_a_file_that_is_no_picture_is_refused_beside_its_field(chief: Desk) -> None:
    answer = chief.send("/desk/settings", "/desk/settings", **settings_of(chief), logo_file=(BytesIO(b"<svg/>"), "logo.svg"))
    assert answer.status_code == 422
    assert 'id="logo_file-error">This file is not a picture' in answer.text
    assert settings_of(chief)["logo"] == 0


def test_the_library_keeps_a_logo_and_tells_when_it_is_replaced(chief: Desk) -> None:
    chief.send("/desk/settings", "/desk/settings", **settings_of(chief), logo_file=(BytesIO(logo_file()), "logo.png"))
    assert "It is the paper’s logo" in chief.open("/desk/pictures/1").text
    assert 'href="/desk/pictures/1"' in chief.open("/desk/pictures/?show=used").text
    assert chief.send("/desk/pictures/1/removal", "/desk/pictures/1").status_code == 409
    replaced = chief.send("/desk/pictures/1/file", "/desk/pictures/1", file=(BytesIO(logo_file("#004400")), "green.png"))
    assert replaced.status_code == 302
    with chief.app.app_context():
        assert SETTINGS_COPY.build()["logos"]["logo"]["src"].startswith("/media/green-")


def test_what_is_or_was_a_logo_counts_as_used_in_the_library(newsroom: Newsroom) -> None:
    with writes():
        db.session.rollback()
        db.session.add_all(Picture(name=name, widths="480", width=480, height=96) for name in ("was", "is", "other"))
        db.session.commit()
    for number in (1, 2):
        newsroom.decide("logo", number)
    used, unused = ([picture.name for picture in library.shelf(library.BY_SLUG[slug], "", 1).pictures] for slug in ("used", "unused"))
    assert (used, unused) == (["is", "was"], ["other"])
    assert [library.is_logo(number) for number in (1, 2, 3)] == [False, True, False]


def test_a_logo_that_the_library_does_not_have_is_refused(chief: Desk) -> None:
    answer = chief.send("/desk/settings", "/desk/settings", **settings_of(chief, logo=7))
    assert answer.status_code == 422
    assert "there is no picture 7 in the media library" in answer.text


# ---- the accent colour


def test_the_accent_comes_with_a_style_sheet_of_our_own_that_never_changes(reader: Reader) -> None:
    assert "/accent/" not in reader.text("/")
    look(reader, accent=RED)
    for path in ("/", "/world/harbour", "/search?q=x"):
        address = re.search(r'<link rel="stylesheet" href="(/static/\w+/accent/b3261e\.css)">', reader.text(path))
        assert address, path
    sheet = reader.get(address[1])
    assert sheet.content_type == "text/css; charset=utf-8"
    assert "immutable" in sheet.headers["Cache-Control"]
    assert f"--accent: light-dark({RED}, " in sheet.text
    assert address[1] in reader.text("/service-worker.js")
    assert reader.get(address[1].replace("b3261e", YELLOW[1:])).status_code == 404


def test_the_colours_of_the_browser_stay_those_of_the_paper(reader: Reader) -> None:
    look(reader, accent=RED)
    assert reader.get("/manifest.webmanifest").get_json(force=True)["theme_color"] == paper_of(ROOT).light
    assert f'<meta name="theme-color" content="{paper_of(ROOT).dark}"' in reader.text("/")


def test_our_own_accent_is_the_one_of_the_tokens() -> None:
    assert accent.token("petrol-700") == accent.DEFAULT
    assert not accent.problem(accent.DEFAULT)


# Strong and weak, light and dark, of every hue; those that are too light by what is offered in their place.
COLOURS = [f"#{red}{green}{blue}" for red in ("00", "80", "ff") for green in ("00", "80", "ff") for blue in ("00", "80", "ff")]


@pytest.mark.parametrize("asked", COLOURS)
def test_every_accent_can_be_read_by_day_and_by_night(asked: str) -> None:
    colour = accent.nearest(asked)
    assert accent.of_paper(colour) == colour
    it, (white, ink) = accent.accent_of(colour), accent.papers()
    pairs = [
        *((it.day, ground) for ground in (*accent.day_grounds(), it.day_wash)), (it.day_hover, it.day_wash), (white, it.day), (white, it.day_hover),
        *((it.night, ground) for ground in (*accent.night_grounds(), it.night_wash)), (it.night_hover, it.night_wash), (ink, it.night),
        (ink, it.night_hover), (it.night, accent.token("ink-900")), (it.night_hover, accent.token("ink-900")),
    ]  # fmt: skip
    assert [pair for pair in pairs if accent.contrast(*pair) < 4.5] == []


def test_contrast_is_reckoned_as_the_standard_says() -> None:
    assert accent.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert accent.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # the lightest grey that passes on white


def test_the_form_says_what_would_pass_and_saves_nothing(chief: Desk) -> None:
    answer = chief.send("/desk/settings", "/desk/settings", **settings_of(chief, accent=YELLOW))
    assert answer.status_code == 422
    assert re.search(r'id="accent-error">Accent colour: #ffe000 cannot be read well on our paper: .* would pass\.', answer.text)
    assert settings_of(chief)["accent"] == accent.DEFAULT
    passing = re.search(r"(#\w{6}) would pass", answer.text)
    assert chief.send("/desk/settings", "/desk/settings", **settings_of(chief, accent=passing[1])).status_code == 302
    chief.send("/desk/settings/history/1/undo", "/desk/settings/history")
    assert settings_of(chief)["accent"] == accent.DEFAULT
