"""One story in several languages: who is told of whom, in pages, sitemaps and structured data, and at the desk."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from lxml import etree
from sqlalchemy import func, select

from newsapp.changes import Change
from newsapp.config import Config
from newsapp.database import db, now, writes
from newsapp.news.models import SITEMAP_CHUNK, Article
from newsapp.revisions.models import Revision
from tests.conftest import SHARED
from tests.desk import Desk, form
from tests.reading import Reader, publish

FIRST, FRENCH, ARABIC = "bank-votes", "la-banque-vote", "almasrif"
SITEMAPS = {"x": "http://www.w3.org/1999/xhtml", "s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def three(**of_arabic: object) -> tuple[int, int, int]:
    """One story in English, the paper's language, French and Arabic."""
    first = publish(FIRST, headline="Bank votes")
    french = publish(FRENCH, headline="La banque vote", language="fr", translation_of_id=first)
    return first, french, publish(ARABIC, headline="المصرف", language="ar", translation_of_id=first, **of_arabic)  # type: ignore[arg-type]


def hreflang(reader: Reader, slug: str) -> dict[str, str]:
    found = re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', reader.text(f"/world/{slug}"))
    return {tag: address.removeprefix(reader.address) for tag, address in found}


def read_in(reader: Reader, slug: str) -> str:
    found = re.search(r'<p class="read-in"[^>]*>(.*?)</p>', reader.text(f"/world/{slug}"))
    return found[1] if found else ""


def in_sitemap(reader: Reader, number: int = 0) -> dict[str, dict[str, str]]:
    document = etree.fromstring(reader.get(f"/sitemap/articles-{number}.xml").get_data())
    return {
        url.findtext("s:loc", namespaces=SITEMAPS).rpartition("/")[2]: {
            link.get("hreflang"): link.get("href").rpartition("/")[2] for link in url.findall("x:link", SITEMAPS)
        }
        for url in document.findall("s:url", SITEMAPS)
    }


def forget(reader: Reader) -> None:
    reader.app.extensions["entry"].cache.drop_all()


ALL = {"en": f"/world/{FIRST}", "fr": f"/world/{FRENCH}", "ar": f"/world/{ARABIC}", "x-default": f"/world/{FIRST}"}


def test_every_translation_names_all_of_them_and_itself(reader: Reader) -> None:
    three()
    publish("alone")
    for slug in (FIRST, FRENCH, ARABIC):
        assert hreflang(reader, slug) == ALL
        assert in_sitemap(reader)[slug] == {tag: path.rpartition("/")[2] for tag, path in ALL.items()}
    assert hreflang(reader, "alone") == in_sitemap(reader)["alone"] == {}


def test_readers_find_the_other_languages_by_their_own_names(reader: Reader) -> None:
    three()
    assert read_in(reader, FIRST) == (
        f'Read in: <a href="/world/{FRENCH}" rel="alternate" hreflang="fr" lang="fr" dir="ltr">français</a>, '
        f'<a href="/world/{ARABIC}" rel="alternate" hreflang="ar" lang="ar" dir="rtl">العربية</a>'
    )
    assert re.findall(r">([^<]+)</a>", read_in(reader, ARABIC)) == ["English", "français"]


def test_machines_read_which_one_is_translated(reader: Reader) -> None:
    three()
    facts = {
        slug: json.loads(re.search(r'ld\+json">(.*?)</script>', reader.text(f"/world/{slug}"))[1])  # type: ignore[index]
        for slug in (FIRST, FRENCH)
    }
    assert [work["inLanguage"] for work in facts[FIRST]["workTranslation"]] == ["fr", "ar"]
    assert facts[FRENCH]["translationOfWork"]["url"] == f"{reader.address}/world/{FIRST}"
    assert "workTranslation" not in facts[FRENCH]


@pytest.mark.parametrize(
    "fields",
    [{"state": "spiked"}, {"state": "taken_down"}, {"state": "draft"}, {"at": now() + timedelta(days=1)}],
    ids=["spiked", "gone", "draft", "embargo"],
)
def test_what_readers_cannot_see_is_named_by_none(reader: Reader, fields: dict[str, object]) -> None:
    three(**fields)
    assert set(hreflang(reader, FIRST)) == set(hreflang(reader, FRENCH)) == {"en", "fr", "x-default"}
    assert "العربية" not in read_in(reader, FIRST)
    assert set(in_sitemap(reader)[FRENCH]) == {"en", "fr", "x-default"}


def test_one_that_search_engines_may_not_list_is_for_readers_alone(reader: Reader) -> None:
    three(robots="noindex")
    assert set(hreflang(reader, FIRST)) == set(in_sitemap(reader)[FIRST]) == {"en", "fr", "x-default"}
    assert "العربية" in read_in(reader, FIRST)
    assert hreflang(reader, ARABIC) == {}


def test_without_the_first_the_others_still_name_each_other_and_nothing_is_for_all(reader: Reader) -> None:
    first, _, _ = three()
    with writes():
        db.session.delete(db.session.get_one(Article, first))
        db.session.commit()
    assert set(hreflang(reader, FRENCH)) == set(in_sitemap(reader)[ARABIC]) == {"fr", "ar"}


def test_a_page_is_dropped_when_the_other_one_moves_and_ends_with_its_turn(reader: Reader) -> None:
    _, _, arabic = three(at=now() + timedelta(hours=1))
    cache = reader.app.extensions["entry"].cache
    hreflang(reader, FIRST)
    page = cache.pages[(f"/world/{FIRST}", ())]
    assert f"article:{arabic}" in page.note.depends
    assert page.note.valid_until <= (now() + timedelta(hours=1)).timestamp()
    reader.get("/sitemap/articles-0.xml")
    assert {"sitemap:0", "settings"} <= cache.pages[("/sitemap/articles-0.xml", ())].note.depends


def test_translations_far_apart_stand_in_each_others_sitemaps(reader: Reader) -> None:
    first = publish(FIRST)
    far = publish(FRENCH, id=SITEMAP_CHUNK * 2 + 1, language="fr", translation_of_id=first)
    assert (set(in_sitemap(reader, 0)[FIRST]), set(in_sitemap(reader, 2)[FRENCH])) == ({"en", "fr", "x-default"},) * 2
    pages = reader.app.extensions["entry"].cache.pages
    assert {"sitemap:0", f"sitemap:{(far - 1) // SITEMAP_CHUNK}"} <= pages[("/sitemap/articles-0.xml", ())].note.depends


def test_the_sitemap_is_valid(reader: Reader) -> None:
    three()
    document = etree.fromstring(reader.get("/sitemap/articles-0.xml").get_data())
    for extension in document.xpath("//x:link", namespaces=SITEMAPS):
        extension.getparent().remove(extension)  # lax in the protocol: their own schema is XHTML's
    etree.XMLSchema(etree.parse(str(SHARED / "data" / "schemas" / "sitemap.xsd"))).assertValid(document)


# At the desk


def test_a_story_becomes_a_translation_by_number_or_by_address_and_its_own_come_along(editor: Desk) -> None:
    first = editor.write("publication", headline="Bank votes")
    french = editor.write(headline="La banque vote", language="fr")
    somali = editor.write(headline="Bangiga", language="so", translation_of=f"http://localhost:8000/world/{french.slug}")
    assert somali.translation_of_id == french.id
    editor.save(french, language="fr", translation_of=str(first.id))
    assert [editor.article(each.id).translation_of_id for each in (first, french, somali)] == [None, first.id, first.id]
    page = editor.open(f"/desk/articles/{first.id}").text
    assert all(said in page for said in ("La banque vote</bdi></a> (<bdi>français</bdi>)", "Bangiga</bdi></a> (<bdi>Soomaali</bdi>)"))
    touched = editor.touched()
    assert {f"article:{each.id}" for each in (first, french, somali)} | {"sitemap:0"} <= touched
    editor.save(editor.article(french.id), language="fr", translation_of="")
    assert [editor.article(each.id).translation_of_id for each in (french, somali)] == [None, first.id]


def test_a_translation_of_a_translation_is_one_of_the_first(editor: Desk) -> None:
    first = editor.write(headline="Bank votes")
    french = editor.write(headline="La banque vote", language="fr", translation_of=str(first.id))
    arabic = editor.write(headline="المصرف", language="ar", translation_of=str(french.id))
    assert arabic.translation_of_id == first.id


def test_what_cannot_be_a_translation_is_refused_in_words(editor: Desk) -> None:
    first = editor.write(headline="Bank votes")
    french = editor.write(headline="La banque vote", language="fr", translation_of=str(first.id))
    gone = editor.write("publication", headline="Gone")
    editor.act(gone, "takedown", sure="y")
    for typed, language, why in (
        ("99", "ar", "No story has that number or address."),
        ("/world/nowhere", "ar", "No story has that number or address."),
        (str(gone.id), "ar", "That story was taken down."),
        (str(first.id), "", "is in English, as this story"),
        (str(first.id), "fr", "is in français, as this story"),
    ):
        answer = editor.send("/desk/articles", "/desk/articles/new", **form({"translation_of": typed, "language": language}))
        assert answer.status_code == 422, typed
        assert why in answer.text, typed
    assert "no translation of itself" in editor.save(french, language="fr", translation_of=str(french.id)).text
    assert "a translation of this one already" in editor.save(first, translation_of=str(french.id)).text
    assert "is in français, as this story" in editor.save(first, language="fr").text


def test_revisions_tell_of_it(editor: Desk) -> None:
    first = editor.write(headline="Bank votes")
    french = editor.write(headline="La banque vote", language="fr")
    editor.save(french, language="fr", translation_of=str(first.id))
    with editor.app.app_context():
        old, new = db.session.scalars(select(Revision.id).where(Revision.article_id == french.id).order_by(Revision.id))
    assert "Translation of" in editor.open(f"/desk/articles/{french.id}/revisions?from={old}&to={new}").text


def test_a_save_is_shown_on_the_others_at_once(editor: Desk, config: Config) -> None:
    """What the desk's change names drops the page that readers have of the other story."""
    first = editor.write("publication", headline="Bank votes")
    french = editor.write("publication", headline="La banque vote", language="fr")
    page = f"/world/{first.slug}"
    for reader in reader_on(config):
        cache = reader.app.extensions["entry"].cache
        assert "hreflang" not in reader.text(page)
        cache.drop(named_by(editor, lambda: editor.save(editor.article(french.id), language="fr", translation_of=str(first.id))))
        assert f'hreflang="fr" href="{reader.address}/world/{french.slug}"' in reader.text(page)
        cache.drop(named_by(editor, lambda: editor.save(editor.article(french.id), section=2, language="fr", translation_of=str(first.id))))
        assert f'hreflang="fr" href="{reader.address}/sport/{french.slug}"' in reader.text(page)
        cache.drop(named_by(editor, lambda: editor.act(editor.article(french.id), "spike")))
        assert "hreflang" not in reader.text(page)


def named_by(desk: Desk, deed: Callable[[], object]) -> set[str]:
    """The names that a deed at the desk touches."""
    with desk.app.app_context():
        last = db.session.scalar(select(func.max(Change.id))) or 0
    deed()
    with desk.app.app_context():
        return {name for names in db.session.scalars(select(Change.touched).where(Change.id > last)) for name in names}


def reader_on(config: Config) -> Iterator[Reader]:
    """A reader of the desk's paper."""
    from newsapp import create_app

    app = create_app(config, "site")
    yield Reader(app)
    with app.app_context():
        db.engine.dispose()
