"""The media library, and the fields of a story that stand beside its text."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from werkzeug.test import Client

from newsapp.config import Config
from newsapp.database import db
from newsapp.delivery.headers import CONTENT_SECURITY_POLICY
from newsapp.news.models import Picture
from newsapp.news.providers import ORIGINS, PROVIDERS, embed_of
from newsapp.news.sanitise import sanitise
from tests.desk import Desk, form

FIGURE = '<figure data-picture="{}"><img src="/media/x-480.webp" alt="{}"></figure>'


def file(colour: str = "teal", kind: str = "PNG", **options: object) -> tuple[io.BytesIO, str]:
    content = io.BytesIO()
    Image.new("RGB", (1000, 600), colour).save(content, kind, **options)
    content.seek(0)
    return content, f"quay.{kind.lower()}"


def bring(desk: Desk, colour: str = "teal") -> int:
    answer = desk.send("/desk/pictures/", "/desk/pictures/", file=file(colour), alt="A quay", credit="Sea desk")
    assert answer.status_code == 302, answer.text
    return int(answer.location.rpartition("/")[2])


def picture(desk: Desk, number: int) -> Picture:
    with desk.app.app_context():
        found = db.session.get_one(Picture, number)
        db.session.expunge(found)
        return found


def test_a_picture_is_found_by_its_words_and_its_use_is_shown(editor: Desk) -> None:
    number = bring(editor)
    assert "A quay" in editor.open("/desk/pictures/?q=quay+sea&show=unused").text
    article = editor.write(body=FIGURE.format(number, "A quay by night"))
    assert "in 1 article" in editor.open("/desk/pictures/?show=used").text
    assert article.headline in editor.open(f"/desk/pictures/{number}").text
    assert "None." in editor.open("/desk/pictures/?show=unused").text


def test_a_used_picture_stays_and_an_unused_one_goes_with_its_files(editor: Desk, config: Config) -> None:
    number = bring(editor)
    page = f"/desk/pictures/{number}"
    article = editor.write(picture_id=number)
    assert editor.send(f"{page}/removal", page).status_code == 409
    editor.save(article, remove_picture="y")
    assert editor.send(f"{page}/removal", page).status_code == 302
    assert editor.open(page).status_code == 404
    assert not list((config["NEWSAPP_HOME"] / "media").glob("quay*"))


def test_another_file_is_in_every_story_at_once(editor: Desk) -> None:
    number = bring(editor)
    before, article = picture(editor, number).name, editor.write("publication", body=FIGURE.format(number, "A quay"))
    editor.send(f"/desk/pictures/{number}/file", f"/desk/pictures/{number}", file=file("maroon"))
    after = picture(editor, number).name
    assert after != before
    assert f"article:{article.id}" in editor.touched()
    assert f"/media/{after}-960.webp" in editor.open(f"/desk/articles/{article.id}").text


@pytest.mark.parametrize(("content", "advice"), [(b"no picture", "Bring a JPEG"), (b"\xff\xd8\xff broken", "Bring a JPEG")])
def test_what_is_no_picture_is_refused_with_advice(editor: Desk, content: bytes, advice: str) -> None:
    answer = editor.send("/desk/pictures/", "/desk/pictures/", file=(io.BytesIO(content), "p.jpg"), alt="x")
    assert answer.status_code == 422
    assert advice in answer.text


def test_a_moving_picture_is_refused_with_advice(editor: Desk) -> None:
    moving = file(kind="GIF", save_all=True, append_images=[Image.new("RGB", (1000, 600), "maroon")])
    assert "Bring one still" in editor.send("/desk/pictures/", "/desk/pictures/", file=moving, alt="x").text


def test_the_focal_point_is_kept(editor: Desk) -> None:
    number = bring(editor)
    article = editor.write(picture_id=number, focus_x=20, focus_y=80)
    assert (picture(editor, number).focus_x, picture(editor, number).focus_y) == (20, 80)
    editor.save(article)
    assert picture(editor, number).focus_x == 20


def test_pictures_in_a_story_need_a_description(editor: Desk) -> None:
    answer = editor.send("/desk/articles", "/desk/articles/new", **form({"body": FIGURE.format(bring(editor), "")}))
    assert answer.status_code == 422
    assert "need a description" in answer.text


def test_an_address_changed_on_purpose_leads_on_in_one_step(editor: Desk, config: Config) -> None:
    article = editor.write("publication")
    for slug in ("the-fire", "the-harbour-fire"):
        editor.save(editor.article(article.id), new_slug=slug)
    assert editor.article(article.id).slug == "the-harbour-fire"
    reader = reader_of(config)
    for old in ("harbour-fire-put-out", "the-fire"):
        assert reader.get(f"/world/{old}").headers["Location"].endswith("/world/the-harbour-fire")
    assert editor.write().slug == "harbour-fire-put-out-2"
    editor.save(editor.article(article.id), new_slug="the-fire")
    assert reader.get("/world/the-fire").status_code == 200


def reader_of(config: Config) -> Client:
    from newsapp import create_app

    app = create_app(config, "site")
    return Client(app.wsgi_app)


def test_robots_guests_and_stories_to_read_next_are_on_the_page(editor: Desk, config: Config) -> None:
    first, other = editor.write("publication", headline="First"), editor.write("publication", headline="Other")
    hidden = editor.write(headline="Not out yet")
    body = f'<p>x</p><div data-article="{other.id}"></div><figure data-embed="x"><a href="https://x.com/a/status/1" rel="noopener">Said</a></figure>'
    story = editor.write(
        "publication", headline="Story", robots="noindex", guests="A guest desk", related=f"{hidden.id}, {first.id}, 999", body=body
    )  # fmt: skip
    answer = reader_of(config).get(f"/world/{story.slug}")
    assert answer.headers["X-Robots-Tag"] == "noindex"
    for part in ('content="noindex"', "A guest desk", "Read next", ">First</a>", ">Other</a>", 'data-embed-frame="https://platform.twitter.com/'):
        assert part in answer.text, part
    assert "Not out yet" not in answer.text
    assert "<iframe" not in answer.text
    assert f"/{story.slug}<" not in reader_of(config).get("/sitemap/articles-0.xml").text
    editor.act(other, "spike")
    assert ">Other</a>" not in reader_of(config).get(f"/world/{story.slug}").text


def test_what_the_form_looks_up(editor: Desk) -> None:
    story = editor.write("publication", headline="Ferry strike ends", tags="Ferries", bylines="Sea desk")
    assert editor.open("/desk/find/stories?q=strike").json[0]["id"] == story.id
    assert editor.open("/desk/find/tags?q=fer").json == [{"label": "Ferries"}]
    assert editor.open("/desk/find/authors?q=desk").json == [{"label": "Sea desk"}]
    assert editor.open("/desk/find/embed?address=https://vimeo.com/1").json["provider"] == "vimeo"
    assert editor.open("/desk/find/address?address=/world/ferry-strike-ends").json["says"] == "Ferry strike ends"
    assert editor.open("/desk/find/address?address=/world/nothing").json["found"] is False


ADDRESSES = {
    "youtube": "https://youtu.be/dQw4w9WgXcQ", "vimeo": "https://vimeo.com/76979871", "x": "https://x.com/a/status/123",
    "instagram": "https://www.instagram.com/p/Cabc_-1/", "tiktok": "https://www.tiktok.com/@a.b/video/7212",
    "facebook": "https://www.facebook.com/page/posts/pfbid02abc", "bluesky": "https://bsky.app/profile/a.bsky.social/post/3kabc",
    "mastodon": "https://mastodon.social/@desk/1234", "spotify": "https://open.spotify.com/track/abc", "soundcloud": "https://soundcloud.com/a-b/c-d",
    "datawrapper": "https://www.datawrapper.de/_/AbCdE/", "openstreetmap": "https://www.openstreetmap.org/#map=15/52.5/13.4",
    "google-maps": "https://www.google.com/maps/place/X/@52.5,13.4,15z",
}  # fmt: skip


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.slug)
def test_each_provider_is_known_and_its_frame_allowed(provider: object) -> None:
    embed = embed_of(ADDRESSES[provider.slug])
    assert embed
    assert embed.provider is provider
    assert embed.frame.startswith(tuple(f"{origin}/" for origin in provider.origins))


def test_frames_come_from_the_providers_alone() -> None:
    assert f"frame-src {' '.join(ORIGINS)};" in CONTENT_SECURITY_POLICY + ";"
    for address in (
        "https://youtube.com.elsewhere.example/watch?v=dQw4w9WgXcQ",
        "javascript:https://youtu.be/dQw4w9WgXcQ",
        "https://elsewhere.example/",
    ):
        assert embed_of(address) is None
    assert sanitise('<figure data-embed-frame="https://x.example">a</figure>') == "<figure>a</figure>"


def test_a_picture_that_is_picked_needs_a_description_from_the_library_or_the_form_and_stays_picked(editor: Desk) -> None:
    answer = editor.send("/desk/pictures/", "/desk/pictures/", file=file("navy"))
    number = int(answer.location.rpartition("/")[2])
    refused = editor.send("/desk/articles", "/desk/articles/new", **form({"picture_id": number}))
    assert refused.status_code == 422
    assert "A picture needs a description" in refused.text
    assert f'value="{number}"' in refused.text
    assert picture(editor, number).variants[0][1].removeprefix("/media/") in refused.text
    assert editor.article(editor.write(picture_id=number, alt="A mole").id).picture_id == number
    assert picture(editor, number).alt == "A mole"
