"""Readers' pages speak the paper's language, all of them and all of it; the catalogues are whole."""

from __future__ import annotations

import html
import re
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from jinja2 import Environment

from newsapp import languages
from newsapp.config import Config, load_config
from newsapp.database import db, writes
from newsapp.languages import ENGLISH, TRANSLATIONS, catalogues, speaking
from newsapp.news import dates, how_we_count
from newsapp.news.models import Section
from newsapp.publishing.previews import named
from newsapp.settings import store
from newsapp.settings.registry import SettingError
from newsapp.traffic.events import EVENTS, REASONS
from tests import tongues
from tests.conftest import Valkey, make_app
from tests.desk import desk_of
from tests.reading import Reader, publish

ROOT = Path(__file__).resolve().parent.parent
TRANSLATED = [name for name in catalogues() if name != ENGLISH]
TEMPLATES = [ROOT / "templates" / "frame.html", *sorted((ROOT / "templates" / "blocks").iterdir()), *sorted((ROOT / "templates" / "news").iterdir())]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")
TAG = re.compile(r"<[^>]+>")
AT = datetime(2026, 12, 1, 14, 30, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Paris")


# The catalogues


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Every word that readers are told, as `make words` finds it."""
    found = tmp_path_factory.mktemp("words") / "words.pot"
    CommandLineInterface().run(["pybabel", "-q", "extract", "-F", str(ROOT / "pyproject.toml"), "-k", "N_", "-o", str(found), str(ROOT)])
    with found.open("rb") as file:
        return read_po(file)


def catalogue(name: str) -> Catalog:
    with (TRANSLATIONS / name / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=name)


def key(message: Message) -> tuple[str | None, str]:
    return message.context, message.id[0] if isinstance(message.id, tuple) else message.id


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_catalogue_has_every_word_and_no_other(source: Catalog, name: str) -> None:
    """`make words` brings it up to date; then translate what is empty."""
    wanted, there = ({key(message) for message in of if message.id} for of in (source, catalogue(name)))
    assert (wanted - there, there - wanted) == (set(), set())


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_word_is_translated(name: str) -> None:
    words = catalogue(name)
    assert [message.id for message in words if message.id and (message.fuzzy or not all(forms(message.string)))] == []
    assert [message.id for message in words if isinstance(message.id, tuple) and len(forms(message.string)) != words.num_plurals] == []


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_has_the_same_places_and_the_same_markup(name: str) -> None:
    """A form for one number alone, like the Arabic dual, need not name the number. A straight quote would end an attribute."""
    for message in catalogue(name):
        if not message.id:
            continue
        wanted = forms(message.id)[-1]
        for n, text in enumerate(forms(message.string)):
            missing = set(PLACEHOLDER.findall(wanted)) - set(PLACEHOLDER.findall(text))
            is_last = n == len(forms(message.string)) - 1
            assert missing <= (set() if is_last or not isinstance(message.id, tuple) else {"%(num)s"}), (wanted, text)
            assert not set(PLACEHOLDER.findall(text)) - set(PLACEHOLDER.findall(wanted)), (wanted, text)
            assert sorted(TAG.findall(text)) == sorted(TAG.findall(wanted)), (wanted, text)
            assert TAG.sub("", text).count('"') == TAG.sub("", wanted).count('"'), (wanted, text)


# Words that stand in a template outside of any call. Names of others stay as they are.
SPOKEN_ATTRIBUTES = re.compile(r'\b(?:aria-label|alt|title|placeholder|content)="([^"{]*)"')
NAMES = {"Mastodon"}
SETTLED = re.compile(r"width=device-width.*|light dark|website|article|noindex|max-image-preview:large|summary_large_image|")


def said_in(template: Path) -> list[str]:
    """English that a template says by itself."""
    environment = Environment(extensions=["jinja2.ext.i18n"])
    parts, translated = [], False
    for _, kind, text in environment.lex(template.read_text()):
        if kind == "name" and text in ("trans", "endtrans"):
            translated = text == "trans"
        if kind == "data" and not translated:
            parts.append(text)
        elif kind in ("variable_begin", "block_begin"):
            parts.append("{")
    source = re.sub(r"<(script|style)\b.*?</\1>|<!--.*?-->|<!doctype html>", "", "".join(parts), flags=re.DOTALL)
    attributes = [text for text in SPOKEN_ATTRIBUTES.findall(source) if not SETTLED.fullmatch(text)]
    seen = re.sub(r"<[^<>]*>|/\w+\?|&amp;\w+=|&\w+;", " ", source).replace("{", " ")
    return [word for word in [*attributes, *re.findall(r"[A-Za-z]{2,}", seen)] if word not in NAMES]


@pytest.mark.parametrize("template", [path for path in TEMPLATES if path.suffix == ".html"], ids=lambda path: path.name)
def test_no_template_says_anything_outside_of_the_catalogues(template: Path) -> None:
    assert said_in(template) == []


def test_the_check_of_templates_finds_what_is_not_in_a_catalogue(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<p>{{ _("Fine") }} Not this</p><a aria-label="Nor this" href="/x">{% trans %}Fine{% endtrans %}</a>')
    assert said_in(page) == ["Nor this", "Not", "this"]


def test_every_event_and_every_reason_has_a_name_for_readers() -> None:
    named = how_we_count.names()
    assert {each.name for each in (*EVENTS, *REASONS)} <= named.keys()
    assert {reason.agent for reason in REASONS if reason.agent} <= how_we_count.crawlers().keys()


# What is said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "لا مشاهدات"), (1, "مشاهدة واحدة"), (2, "مشاهدتان"), (3, "3 مشاهدات"), (10, "10 مشاهدات"), (11, "11 مشاهدة"), (99, "99 مشاهدة"),
     (100, "100 مشاهدة"), (103, "103 مشاهدات"), (1234, "1,234 مشاهدة")],
)  # fmt: skip
def test_arabic_counts_in_six_ways(number: int, said: str) -> None:
    with speaking("ar"):
        assert languages.ngettext("%(num)s view", "%(num)s views", number) % {"num": languages.amount(number)} == said


@pytest.mark.parametrize(
    ("tag", "hours", "said"),
    [("en", 2, "2 hours ago"), ("fr", 1, "il y a 1 heure"), ("ar", 2, "قبل ساعتين"), ("ar", 3, "قبل 3 ساعات"), ("ar", 11, "قبل 11 ساعة"),
     ("so", 3, "3 saacadood kahor"), ("fr-CA", 50, "il y a 2 jours"), ("de", 2, "2 hours ago")],
)  # fmt: skip
def test_ages_are_told_in_the_papers_language(tag: str, hours: int, said: str) -> None:
    with speaking(tag):
        assert dates.ago(AT - timedelta(hours=hours, minutes=5), AT)[0] == said


DAYS = (
    ("en", "Tuesday 1 December 2026", "1 Dec 2026, 15:30", "Yesterday, 30 November"),
    ("fr", "mardi 1er décembre 2026", "1er déc. 2026, 15h30", "Hier, 30 novembre"),
    ("ar", "الثلاثاء، 1 ديسمبر 2026", "1 ديسمبر 2026، 15:30", "أمس، 30 نوفمبر"),
    ("so", "Talaado, 1 Diseembar 2026", "1 Dis 2026, 15:30", "Shalay, 30 Noofeembar"),
)


@pytest.mark.parametrize(("tag", "long", "minute", "before"), DAYS)
def test_days_are_written_as_the_language_writes_them(tag: str, long: str, minute: str, before: str) -> None:
    with speaking(tag):
        told = dates.long_day(AT, ZONE), dates.minute(AT, ZONE), dates.day_or_month(AT - timedelta(days=1), AT, ZONE)
    assert told == (long, minute, before)


def test_names_are_joined_as_the_language_joins_them() -> None:
    told = []
    for tag in ("en", "fr", "ar", "so"):
        with speaking(tag):
            told.append(str(languages.listed(["A", "B", "<C>"])))
    assert told == ["A, B and &lt;C&gt;", "A, B et &lt;C&gt;", "A، B و&lt;C&gt;", "A, B iyo &lt;C&gt;"]


# Tags


@pytest.mark.parametrize(
    ("typed", "kept"), [("fr", "fr"), ("EN_us", "en-US"), (" zh-hant-tw ", "zh-Hant-TW"), ("sr-Latn", "sr-Latn"), ("es-419", "es-419")]
)
def test_a_language_is_kept_as_a_tag_in_its_usual_form(typed: str, kept: str) -> None:
    assert store.find("language").clean(typed) == kept


def test_words_come_from_the_nearest_catalogue_of_the_same_script() -> None:
    found = {tag: languages.catalogue_for(tag) for tag in ("fr-CA", "FR_ca", "ar-EG", "ar-Latn", "en-GB", "de", "frr", "nonsense", "")}
    assert found == {
        "fr-CA": "fr", "FR_ca": "fr", "ar-EG": "ar", "ar-Latn": "en", "en-GB": "en", "de": "en", "frr": "en", "nonsense": "en", "": "en"
    }  # fmt: skip


@pytest.mark.parametrize("typed", ["", "French", "klingon", "e", "qq", "en-", '"><b>', "x-own"])
def test_what_is_no_language_is_refused(typed: str) -> None:
    with pytest.raises(SettingError, match="not a language tag"):
        store.find("language").clean(typed)


@pytest.mark.parametrize(
    ("tag", "runs"), [("en", "ltr"), ("ar", "rtl"), ("fa-IR", "rtl"), ("he", "rtl"), ("dv", "rtl"), ("ckb", "rtl"), ("ur", "rtl"), ("pa-PK", "rtl"),
                      ("pa", "ltr"), ("az-Arab", "rtl"), ("ar-Latn", "ltr"), ("so", "ltr"), ("nonsense", "ltr"), ("", "")],
)  # fmt: skip
def test_a_language_runs_its_own_way(tag: str, runs: str) -> None:
    assert languages.direction(tag) == runs


def decide(name: str, value: str) -> None:
    with writes():
        store.change("site", name, value, "the test")
        db.session.commit()


@pytest.mark.parametrize(
    ("tag", "opened"), [("de", '<html lang="de" dir="ltr">'), ("he-IL", '<html lang="he-IL" dir="rtl">'), ("fr-CA", '<html lang="fr-CA" dir="ltr">')]
)
def test_a_page_names_its_language_and_says_it_in_english_where_there_is_no_catalogue(reader: Reader, tag: str, opened: str) -> None:
    decide("language", tag)
    page = reader.text("/")
    assert opened in page
    assert ("Nothing has been published yet." in page) == (tag != "fr-CA")


def test_a_language_that_was_stored_before_tags_were_checked_still_shows_a_paper(reader: Reader) -> None:
    with writes():
        db.session.add(store.SettingChange(scope="site", name="language", value='klingon" onload="x', editor="the test"))
        db.session.commit()
    page = reader.text("/")
    assert "Nothing has been published yet." in page
    assert 'lang="klingon&#34; onload=&#34;x"' in page


# The pages


PAGES = (
    ("/", 200), ("/{section}", 200), ("/{section}?page=2", 404), ("/{section}/story-0", 200), ("/{section}/gone", 410), ("/{section}/over", 404),
    ("/tag/tag", 200), ("/author/desk-0", 200), ("/search", 200), ("/search?q={word}", 200), ("/search?q=zzzz+yyyy", 200), ("/{year}", 200),
    ("/{year}/{month}", 200), ("/nowhere", 404), ("/corrections", 200), ("/how-we-count", 200), ("/most-viewed/day", 200),
    ("/most-viewed/trend?section={section}", 200), ("/sections", 200), ("/about", 200), ("/opensearch.xml", 200),
)  # fmt: skip


@pytest.fixture(scope="module", params=tongues.PAPERS)
def foreign(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, valkey_session: Valkey) -> Iterator[tuple[str, Reader]]:
    """A paper in each language, with something on every page; protected, so that the words for that are there too."""
    valkey_session.client().flushall()
    home = tmp_path_factory.mktemp(request.param)
    found = {"NEWSAPP_HOME": str(home), "REDIS_URL": valkey_session.url, "DATABASE_URL": f"sqlite:///{home}/newsapp.db", "LOG_LEVEL": "ERROR"}
    app = make_app(load_config(found), "site")
    tongues.write(app, request.param)
    with app.app_context():
        decide("protection_mode", "message")
        yield request.param, Reader(app)
        db.session.remove()
        db.engine.dispose()


def test_there_is_a_paper_to_read_for_each_catalogue() -> None:
    assert set(tongues.PAPERS) == set(TRANSLATED)


def english(source: Catalog) -> set[str]:
    """The parts of what we say that have several words, without places and markup."""
    parts = {part for message in source if message.id and message.context != "pattern" for text in forms(message.id)
             for part in re.split(r"%\(\w+\)s|<[^>]+>", text)}  # fmt: skip
    return {stripped for part in parts if len(re.findall(r"[A-Za-z]{2,}", stripped := part.strip(string.punctuation + " “”"))) > 1}


@pytest.mark.parametrize(("path", "status"), PAGES, ids=[path for path, _ in PAGES])
def test_no_page_says_anything_in_english(foreign: tuple[str, Reader], source: Catalog, path: str, status: int) -> None:
    tag, reader = foreign
    section, about = next(iter(tongues.PAPERS[tag]["sections"].items()))
    now = datetime.now(UTC)
    answer = reader.get(path.format(section=section, word=about["headlines"][0].split()[-1], year=now.year, month=f"{now:%m}"))
    assert answer.status_code == status
    said = re.sub(r"\s+", " ", html.unescape(re.sub(r"<script.*?</script>", "", answer.get_data(as_text=True), flags=re.DOTALL)))
    assert [part for part in english(source) if re.search(rf"\b{re.escape(part)}\b", said)] == []
    if answer.mimetype == "text/html":
        assert f'<html lang="{tag}" dir="{languages.direction(tag)}">' in said


def test_a_broken_page_speaks_the_language_too(config: Config) -> None:
    app = make_app(config, "site")
    with app.app_context():
        decide("language", "ar")
        reader = Reader(app)
        assert "لم يُنشر شيء بعد." in reader.text("/")
        db.session.execute(db.text("DROP TABLE section"))
        db.session.commit()
        answer = reader.get("/somewhere")
        db.session.remove()
        db.engine.dispose()
    page = answer.get_data(as_text=True)
    assert answer.status_code in (500, 503)
    assert '<html lang="ar" dir="rtl">' in page
    assert "حدث خلل عندنا" in page


def test_another_language_renews_every_page_that_was_kept(config: Config, valkey: Valkey) -> None:
    app = make_app(config, "site")
    with app.app_context():
        publish("ferry", by=["Harbour desk"], tags=["Shipping"])
        reader, memory = Reader(app), app.extensions["memory"]
        memory.begin()
        paths = ("/", "/world", "/world/ferry", "/tag/shipping", "/author/harbour-desk", "/corrections", "/how-we-count", "/sections")
        before = {path: reader.text(path) for path in paths}
        assert [path for path in paths if '<html lang="en" dir="ltr">' not in before[path]] == []
        decide("language", "fr")
        store.SETTINGS_COPY.refresh(valkey.client())
        tongues.tell(valkey.client())
        memory.listen()
        memory.every_second()
        after = {path: reader.text(path) for path in paths}
        db.session.remove()
        db.engine.dispose()
    assert [path for path in paths if '<html lang="fr" dir="ltr">' not in after[path]] == []
    assert [path for path in paths if "Skip to the news" in after[path] or "Aller aux nouvelles" not in after[path]] == []
    assert "Publié il y a 2 heures" in after["/world/ferry"]


def test_what_editors_named_themselves_is_not_translated(reader: Reader) -> None:
    decide("language", "fr")
    assert ">Rectificatifs</a>" in reader.text("/")
    decide("corrections_name", "Errata")
    assert "<h1>Errata</h1>" in reader.text("/corrections")


def test_the_desk_stays_english(config: Config) -> None:
    """Its dates too, whatever readers are told in the same process before."""
    app = make_app(config, "site")
    with app.app_context():
        decide("language", "fr")
        Reader(app).text("/")
        assert dates.day(AT, ZONE) == "1 Dec 2026"
        db.session.remove()
        db.engine.dispose()


def test_a_preview_speaks_to_readers_and_its_banner_to_editors(config: Config) -> None:
    for desk in desk_of(config):
        desk.sign_in()
        with desk.app.app_context():
            decide("language", "fr")
        article = desk.write("publication")
        for path in (f"articles/{article.id}", f"site/{named(datetime.now(UTC))}/"):
            html = desk.open(f"/desk/preview/{path}").text
            assert '<html lang="fr" dir="ltr">' in html
            assert "Les plus lus" in html
            assert "Most viewed" not in html
            assert "Readers do not see this." in html
        assert "Publié" in desk.open(f"/desk/preview/articles/{article.id}").text
        assert "Dernière minute" not in desk.open("/desk/most-viewed").text


# A text in another language than the paper's


def test_an_arabic_story_in_an_english_paper_runs_its_own_way_and_our_words_ours(reader: Reader) -> None:
    publish("khabar", "arabic", headline="خبر", standfirst="مقدمة", language="ar", by=["Harbour desk"], tags=["Shipping"])
    story = reader.text("/arabic/khabar")
    assert '<html lang="en" dir="ltr">' in story
    assert re.search(r'<article[^>]* lang="ar" dir="rtl"', story)
    assert '<div class="byline" lang="en" dir="ltr">' in story
    assert '<nav class="tags" lang="en" dir="ltr"' in story
    section = reader.text("/arabic")
    card = section.partition('<div class="card__text" lang="ar" dir="rtl">')[2].partition("</div>")[0]
    assert '<a href="/arabic/khabar">خبر</a></h2>' in card
    assert '<p class="summary">مقدمة</p>' in card
    assert '<p class="furniture" lang="en" dir="ltr">' in card
    assert db.session.query(Section).filter_by(slug="arabic").one()


def test_a_story_in_the_papers_own_language_says_nothing_of_it(reader: Reader) -> None:
    publish("ferry", language="en")
    assert 'lang="en"' not in reader.text("/world/ferry").partition("<body")[2]


def test_lists_name_the_language_of_a_foreign_headline(reader: Reader) -> None:
    publish("khabar", headline="خبر", language="ar")
    publish("ferry")
    assert '<h3 class="hed hed--s" lang="ar" dir="rtl"><a href="/world/khabar">خبر</a></h3>' in reader.text("/world/ferry")


# The styles


READERS_STYLES = ("tokens", "base", "masthead", "card", "article", "section", "front", "prose", "most-viewed", "search", "corrections", "preview")
PHYSICAL = re.compile(
    r"(?:^|[;{\s])((?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right)[\w-]*|border-(?:top|bottom)-(?:left|right)-radius|left|right|float|clear)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(left|right)\b|\bto (left|right)\b|translateX\("
)
FOUR_SIDES = re.compile(r"(?:^|[;{\s])(?:margin|padding|inset|border-width|border-radius)\s*:\s*([^;}]+)")
VALUE = re.compile(r"(?:[^\s()]|\([^()]*(?:\([^()]*\)[^()]*)*\))+")


def physical(css: str) -> list[str]:
    """Declarations that name a side of the screen where the side of the line is meant."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    found = [match[0].strip() for match in PHYSICAL.finditer(css)]
    sides = [VALUE.findall(match[1]) for match in FOUR_SIDES.finditer(css)]
    return found + [" ".join(four) for four in sides if len(four) == 4 and four[1] != four[3]]


@pytest.mark.parametrize("name", READERS_STYLES)
def test_readers_styles_know_no_left_and_right(name: str) -> None:
    assert physical((ROOT / "static" / "css" / f"{name}.css").read_text()) == []


def test_the_check_of_styles_finds_left_and_right() -> None:
    css = ".a { margin-left: 1px; padding: 1px 2px 3px 4px; text-align: right } .b { left: 0; padding: 1px 2px 1px 2px; margin-inline-start: 1px }"
    assert physical(css) == ["margin-left:", "text-align: right", "left:", "1px 2px 3px 4px"]
