"""Pictures for shared links, made of a page's words: what they show, for whom they are there, and what drawing them may cost."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from newsapp.database import db, now, writes
from newsapp.news import shared
from newsapp.news.models import DRAFT, SPIKED, TAKEN_DOWN, Article
from newsapp.news.share_drawing import drawn
from newsapp.news.share_pictures import SharePicture
from newsapp.settings.store import change, effective
from tests.desk import Desk
from tests.reading import Reader, publish

ARABIC = "المصرف المركزي يوقّع أصواته ابتداءً من يناير"
HEADLINES = {
    "short": "Rain",
    "usual": "Central bank will sign its votes from January",
    "long": "A headline that goes on about ferries, bread and herring, " * 5,
    "one word": "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 5,
    "arabic": ARABIC,
    "no letters of it": "中央银行将从一月起署名投票",
}


def picture_of(words: str, above: str = "Economy") -> Image.Image:
    image = Image.open(io.BytesIO(drawn(SharePicture("article", 1, words, above, "The Meridian", "meridian.example"))))
    image.load()
    return image


def inked(image: Image.Image, box: tuple[int, int, int, int]) -> tuple[int, int, int, int] | None:
    """Where within a part of the picture something is drawn."""
    part = image.crop(box)
    return ImageChops.difference(part, Image.new("RGB", part.size, image.getpixel((2, 300)))).getbbox()  # type: ignore[arg-type]


def shown_at(reader: Reader, path: str) -> str:
    """The path of the picture that a page names."""
    found = re.search(r'property="og:image" content="([^"]+)"', reader.text(path))
    assert found, path
    return found[1].removeprefix(reader.address)


@pytest.mark.parametrize("words", HEADLINES.values(), ids=HEADLINES)
def test_a_picture_has_the_size_that_sites_show_and_words_keep_to_its_margins(words: str) -> None:
    image = picture_of(words)
    assert (image.format, image.size) == ("PNG", (1200, 630))
    left, _, right, _ = inked(image, (0, 0, 1200, 630)) or (0, 0, 0, 0)
    assert left >= 60
    assert right <= 1140
    assert inked(image, (0, 150, 1200, 500))
    assert not inked(image, (0, 496, 1200, 517)), "the words run into the rule below them"


def test_arabic_words_begin_at_the_right_and_are_joined() -> None:
    box = (0, 150, 1200, 500)
    left, _, right, _ = inked(picture_of("مطر"), box) or (0, 0, 0, 0)
    assert right > 1100
    apart = inked(picture_of("م\u200cط\u200cر"), box) or (0, 0, 0, 0)
    assert apart[0] != left  # letters that a mark keeps from joining have other shapes


def test_a_story_without_a_picture_names_one_that_changes_with_its_headline(reader: Reader) -> None:
    number = publish("bank-votes", headline="Bank signs its votes")
    path = shown_at(reader, "/world/bank-votes")
    page = reader.text("/world/bank-votes")
    assert all(said in page for said in ('og:image:width" content="1200"', 'og:image:height" content="630"', 'content="summary_large_image"'))
    assert 'og:image:alt" content="World: Bank signs its votes"' in page
    answer = reader.get(path)
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    before = answer.get_data()
    with writes():
        db.session.get_one(Article, number).headline = "Bank hides its votes"
        db.session.commit()
    reader.app.extensions["entry"].cache.drop_all()
    renewed = shown_at(reader, "/world/bank-votes")
    assert renewed != path
    moved = reader.get(path)
    assert (moved.status_code, moved.headers["Location"]) == (302, renewed)
    reader.app.extensions["share_pictures"].rests_until = 0
    assert reader.get(renewed).get_data() != before


def test_lists_have_one_too_with_the_papers_name(reader: Reader) -> None:
    publish("bank-votes", by=("Money desk",), tags=("Banks",))
    for path in ("/", "/world", "/tag/banks", "/author/money-desk"):
        share = shown_at(reader, path)
        reader.app.extensions.pop("share_pictures", None)
        assert reader.get(share).status_code == 200, path
    before = shown_at(reader, "/world")
    with writes():
        change("site", "site_name", "The Observer", "chief@newsapp.example")
        db.session.commit()
    reader.app.extensions["entry"].cache.drop_all()
    assert shown_at(reader, "/world") != before


@pytest.mark.parametrize(
    "fields",
    [{"state": DRAFT}, {"state": SPIKED}, {"state": TAKEN_DOWN}, {"at": now() + timedelta(days=1)}, {"expires_at": now() - timedelta(minutes=1)}],
    ids=["draft", "spiked", "taken down", "embargoed", "ended"],
)
def test_there_is_none_of_what_readers_cannot_see(reader: Reader, fields: dict[str, object]) -> None:
    number = publish("secret", **fields)  # type: ignore[arg-type]
    picture = shared.of_article(
        db.session.get_one(Article, number, options=[shared.joinedload(Article.section)]), effective({}, "site"), shared.host()
    )
    assert reader.get(picture.path).status_code == 404
    for name in ("article-99-000000000000.png", "article-1.png", "../newsapp.db", "page-1-000000000000.png", "section-99-000000000000.png"):
        assert reader.get(f"/media/share/{name}").status_code == 404


def test_one_is_drawn_at_a_time_then_it_rests_and_what_was_drawn_is_there_always(reader: Reader) -> None:
    for number in range(4):
        publish(f"story-{number}")
    first, second, third, fourth = (shown_at(reader, f"/world/story-{number}") for number in range(4))
    assert reader.get(first).status_code == 200
    refused = reader.get(second)
    assert (refused.status_code, refused.headers["Retry-After"], refused.headers["Cache-Control"]) == (503, "2", "no-store")
    assert reader.get(first).status_code == 200
    drawing = reader.app.extensions["share_pictures"]
    drawing.rests_until = 0
    with drawing.lock:
        assert reader.get(third).status_code == 503
    assert reader.get(fourth).status_code == 200


def test_the_folder_does_not_grow_without_end(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "KEPT", 3)
    folder = Path(reader.app.config["NEWSAPP_HOME"]) / "share-pictures"
    for number in range(5):
        publish(f"story-{number}")
        reader.get(shown_at(reader, f"/world/story-{number}"))
        reader.app.extensions["share_pictures"].rests_until = 0
    assert 0 < len(list(folder.glob("*.png"))) <= 3


def test_the_desk_shows_what_a_shared_link_will(editor: Desk) -> None:
    article = editor.write(headline="Bank signs its votes", kicker="Money")
    page = editor.open(f"/desk/articles/{article.id}").text
    found = re.search(r'<img src="(/desk/share-picture\?[^"]+)"', page)
    assert found
    answer = editor.open(found[1].replace("&amp;", "&"))
    assert answer.content_type == "image/png"
    words = SharePicture("article", 0, "Bank signs its votes", "Money", "The Meridian", shared_host(editor))
    assert answer.get_data() == drawn(words)


def shared_host(desk: Desk) -> str:
    with desk.app.app_context():
        return shared.host()
