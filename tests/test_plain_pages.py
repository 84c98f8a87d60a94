"""Plain pages at the desk: written, shown, hidden, moved and removed, by whom, and what becomes of two saves of one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from newsapp.config import Config
from newsapp.database import db, now
from newsapp.delivery.shelf import build_site
from newsapp.edition.printed import SamplePage
from newsapp.edition.publish import publish_pages
from newsapp.news.models import DRAFT, LIVE, Page, Picture
from newsapp.news.old_addresses import find as old_address
from tests.desk import Desk, desk_of

LIST = "/desk/pages"


@pytest.fixture
def editor(config: Config, every_database: str) -> Iterator[Desk]:
    for desk in desk_of(config | {"DATABASE_URL": every_database}):
        desk.sign_in("deputy")
        yield desk


def typed(**fields: object) -> dict[str, object]:
    return {"version": 0, "title": "Imprint", "slug": "", "body": "<p>Who makes it.</p>", "position": 10, "shown": "1", **fields}


def make(desk: Desk, **fields: object) -> Page:
    answer = desk.send(LIST, f"{LIST}/new", **typed(**fields))
    assert answer.status_code == 302, answer.text
    return page(desk, int(answer.location.rpartition("/")[2]))


def page(desk: Desk, number: int) -> Page:
    with desk.app.app_context():
        found = db.session.get_one(Page, number)
        _ = found.title
        db.session.expunge(found)
        return found


def save(desk: Desk, of: Page, **fields: object) -> TestResponse:
    at = f"{LIST}/{of.id}"
    return desk.send(at, at, **typed(title=of.title, slug=of.slug, version=of.version, **fields))


def at_the_foot(desk: Desk) -> list[str]:
    with desk.app.app_context():
        return [each["path"] for each in build_site(now())["pages"]]


def leads_to(desk: Desk, path: str) -> str | None:
    with desk.app.app_context():
        return old_address(path)


def test_a_page_is_written_shown_at_the_foot_in_its_place_and_told_of(editor: Desk) -> None:
    made = make(editor, title="Who we are", standfirst="All of us.", body="<h2>Us</h2><script>bad()</script><p onclick='x'>Hands.</p>")
    make(editor, title="Before it", position=1)
    assert (made.slug, made.state, made.body) == ("who-we-are", LIVE, "<h2>Us</h2><p>Hands.</p>")
    assert at_the_foot(editor) == ["/before-it", "/who-we-are"]
    assert {f"page:{made.id}", "site"} <= editor.touched()
    listed = editor.open(LIST).text
    assert listed.index("Before it") < listed.index("Who we are")


def test_plain_text_gets_its_paragraphs(editor: Desk) -> None:
    assert make(editor, body="One.\r\n\r\nTwo.").body.split("\n") == ["<p>One.</p>", "<p>Two.</p>"]


def test_a_page_is_hidden_and_shown_again(editor: Desk) -> None:
    made = make(editor)
    assert "Only the desk sees it" in editor.open(save(editor, made, shown="").location).text
    assert (page(editor, made.id).state, at_the_foot(editor)) == (DRAFT, [])
    save(editor, page(editor, made.id))
    assert at_the_foot(editor) == ["/imprint"]


def test_another_place_leaves_the_date_that_readers_see(editor: Desk) -> None:
    made = make(editor)
    save(editor, made, position=5)
    moved = page(editor, made.id)
    assert (moved.position, moved.updated_at) == (5, made.updated_at)
    save(editor, moved, position=5, body="<p>Others make it.</p>")
    assert page(editor, made.id).updated_at > made.updated_at


def test_the_old_address_of_a_shown_page_leads_to_it_and_back_again(editor: Desk) -> None:
    made = make(editor)
    for slug in ("about-us", "who-we-are"):
        assert editor.send(f"{LIST}/{made.id}", f"{LIST}/{made.id}", **typed(slug=slug, version=page(editor, made.id).version)).status_code == 302
    assert leads_to(editor, "/imprint") == leads_to(editor, "/about-us") == "/who-we-are"
    editor.send(f"{LIST}/{made.id}", f"{LIST}/{made.id}", **typed(slug="imprint", version=page(editor, made.id).version))
    assert leads_to(editor, "/who-we-are") == "/imprint"
    assert leads_to(editor, "/imprint") is None


def test_a_page_that_no_reader_had_leaves_no_redirect(editor: Desk) -> None:
    made = make(editor, shown="")
    editor.send(f"{LIST}/{made.id}", f"{LIST}/{made.id}", **typed(slug="about", version=made.version))
    assert leads_to(editor, "/imprint") is None


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("world", "/world is another section&#39;s."),
        ("corrections", "/corrections is an address that the site itself answers."),
        ("imprint", "/imprint is a page&#39;s."),
        ("old", "/old is an old address that leads on."),
        ("Not So", "Small letters and digits"),
    ],
)
def test_an_address_that_it_cannot_have_is_refused_with_the_reason(editor: Desk, slug: str, words: str) -> None:
    make(editor)
    editor.send("/desk/redirects", "/desk/redirects", old="/old", new="/world")
    answer = editor.send(LIST, f"{LIST}/new", **typed(title="Another", slug=slug, body="<p>Kept here.</p>"))
    assert answer.status_code == 422
    assert words in answer.text
    assert "Kept here." in answer.text


def test_a_section_cannot_take_a_pages_address_nor_an_old_one(editor: Desk) -> None:
    made = make(editor)
    save_as = typed(slug="about", version=made.version)
    editor.send(f"{LIST}/{made.id}", f"{LIST}/{made.id}", **save_as)
    editor.browser = editor.app.test_client()
    editor.sign_in("editor")
    for slug, words in (("about", "is a page&#39;s"), ("imprint", "is an old address that leads on")):
        fields = {"new-name": "City", "new-slug": slug, "new-protection_mode": ""}
        assert words in editor.send("/desk/sections", "/desk/sections", **fields).text


def test_a_save_that_comes_second_writes_nothing_and_shows_both(editor: Desk) -> None:
    made = make(editor)
    save(editor, made, body="<p>Theirs.</p>")
    second = save(editor, made, body="<p>Mine.</p>")
    assert second.status_code == 409
    assert "Theirs." in second.text
    assert "Mine." in second.text
    assert page(editor, made.id).body == "<p>Theirs.</p>"
    assert f'name="version" type="hidden" value="{page(editor, made.id).version}"' in second.text


def test_a_page_is_removed_only_when_asked_twice(editor: Desk) -> None:
    made = make(editor)
    editor.send(f"{LIST}/{made.id}", f"{LIST}/{made.id}", **typed(slug="about", version=made.version))
    first = editor.send(f"{LIST}/{made.id}/removal", f"{LIST}/{made.id}")
    assert "for good" in editor.open(first.location).text
    assert at_the_foot(editor) == ["/about"]
    editor.send(f"{LIST}/{made.id}/removal", f"{LIST}/{made.id}", sure="1")
    assert (at_the_foot(editor), leads_to(editor, "/imprint")) == ([], None)
    assert editor.open(f"{LIST}/{made.id}").status_code == 404


def test_a_picture_of_a_page_is_not_removed_and_a_new_file_is_told(editor: Desk) -> None:
    with editor.app.app_context():
        for name in ("desk", "spare"):
            db.session.add(Picture(name=name, alt="The desk", widths="480", width=480, height=320))
        db.session.commit()
        numbers = dict(db.session.execute(select(Picture.name, Picture.id)).all())
    number = numbers["desk"]
    made = make(editor, body=f'<figure data-picture="{number}"><img src="/media/desk-480.webp" alt="The desk"></figure>')
    assert editor.send(f"/desk/pictures/{number}/removal", f"{LIST}/{made.id}").status_code == 409
    assert "Page: " in editor.open(f"/desk/pictures/{number}").text
    assert "on a page" in editor.open("/desk/pictures/?show=used").text
    unused = editor.open("/desk/pictures/?show=unused").text
    assert "spare-480.webp" in unused
    assert "desk-480.webp" not in unused
    undescribed = editor.send(LIST, f"{LIST}/new", **typed(title="Other", body=made.body.replace('alt="The desk"', 'alt=""')))
    assert "need a description" in undescribed.text


def test_writers_do_not_keep_pages(editor: Desk) -> None:
    editor.browser = editor.app.test_client()
    editor.sign_in("writer")
    assert editor.open(LIST).status_code == 403


def test_a_page_of_the_sample_edition_keeps_the_address_that_an_editor_gave_it(editor: Desk) -> None:
    sample = SamplePage(slug="about", title="About", standfirst="", position=1, body="<p>Us.</p>")

    def publish() -> list[tuple[str, str]]:
        with editor.app.app_context():
            publish_pages([sample], now())
            db.session.commit()
            return [(each.slug, each.body) for each in db.session.scalars(select(Page))]

    publish()
    editor.send(f"{LIST}/1", f"{LIST}/1", **typed(title="About", slug="who-we-are", version=1, body="<p>Them.</p>"))
    assert publish() == [("who-we-are", "<p>Us.</p>")]


def test_a_hidden_page_is_no_good_address_for_a_link(editor: Desk) -> None:
    make(editor, shown="")
    assert "hidden" in editor.open("/desk/find/address?address=/imprint").json["says"]
