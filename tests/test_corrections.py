"""What readers, feeds and search engines are told of a note: when it is made, when it is changed, and when it is taken away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import select

from newsapp.changes import tell
from newsapp.config import Config
from newsapp.database import db, now, writes
from newsapp.desk.writing import load
from newsapp.news.models import CORRECTION_KINDS, Article, Correction
from newsapp.publishing import notes
from newsapp.publishing.approval import Person
from tests.conftest import Valkey
from tests.reading import Reader, publish, reader_of

EDITOR = Person("editor@newsapp.example", frozenset({"editor"}))
ADDRESS = "/world/harbour-fire"
ATOM, SITEMAP = "{http://www.w3.org/2005/Atom}", "{http://www.sitemaps.org/schemas/sitemap/0.9}"
HOUR = timedelta(hours=1)


@pytest.fixture
def reader(config: Config, every_database: str) -> Iterator[Reader]:
    yield from reader_of(config | {"DATABASE_URL": every_database})


def do(reader: Reader, valkey: Valkey, number: int, deed: Any) -> None:
    """An editor's deed to the story, told to the pages that are kept."""
    with writes():
        db.session.rollback()
        article = load(number)
        assert article
        deed(article, db.session.scalar(select(Correction)))
        db.session.commit()
    tell(valkey.client())
    reader.app.extensions["memory"].listen()


def is_told(reader: Reader, word: str, text: str, noted: datetime, published: datetime) -> None:
    """The note stands at all the places; without a word, at none."""
    log, page = reader.text("/corrections"), reader.text(ADDRESS)
    facts = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[0])
    facts = next(each for each in (facts if isinstance(facts, list) else [facts]) if each.get("@type") == "NewsArticle")
    at = noted if word else published
    assert facts["dateModified"] == at.isoformat()
    assert facts.get("correction", []) == ([{"@type": "CorrectionComment", "text": text, "datePublished": at.isoformat()}] if word else [])
    assert re.findall(r'<div class="correction" role="note"><strong>(\w+), .*?</strong> (.*?)</div>', page) == ([(word, text)] if word else [])
    assert re.findall(r"<strong>(\w+)</strong>", log) == ([word] if word else [])
    assert (f'href="{ADDRESS}"' in log.split("<main")[1].split("</ol>")[0] and text in log) is bool(word)
    seconds = at.isoformat(timespec="seconds")
    for feed in ("/feed.xml", "/world/feed.xml"):
        updated = [each.text for each in etree.fromstring(reader.text(feed).encode()).iter(f"{ATOM}updated")]
        assert updated == ([seconds] if word else []), feed
    sitemap = etree.fromstring(reader.text("/sitemap/articles-0.xml").encode())
    assert [each.text for each in sitemap.iter(f"{SITEMAP}lastmod")] == [seconds]


@pytest.mark.parametrize(("kind", "word"), CORRECTION_KINDS)
def test_a_note_is_told_at_every_place_while_it_stands_and_nowhere_after(reader: Reader, valkey: Valkey, kind: str, word: str) -> None:
    published = now() - 9 * HOUR
    number = publish("harbour-fire", at=published)
    reader.app.extensions["memory"].begin()
    is_told(reader, "", "", published, published)
    made, changed = now() - 2 * HOUR, now() - HOUR
    do(reader, valkey, number, lambda article, _: notes.make(article, kind, "There were ten boats.", made, EDITOR, now()))
    is_told(reader, word, "There were ten boats.", made, published)
    other, its_word = CORRECTION_KINDS[[each for each, _ in CORRECTION_KINDS].index(kind) - 1]
    do(reader, valkey, number, lambda article, note: notes.change(article, note, other, "There were nine.", changed, EDITOR, now()))
    is_told(reader, its_word, "There were nine.", changed, published)
    assert "ten boats" not in reader.text("/corrections") + reader.text(ADDRESS)
    do(reader, valkey, number, lambda article, note: notes.remove(article, note, EDITOR, now()))
    is_told(reader, "", "There were nine.", published, published)
    assert db.session.get_one(Article, number).revised_at is None
