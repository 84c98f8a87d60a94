"""Full text on each database: what is found by words, and that the index follows every change, or none that was undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from newsapp.config import Config
from newsapp.database import db, now
from newsapp.desk import writing
from newsapp.filing import names
from newsapp.news.models import LIVE, Article, ArticleAuthor, Author, Section
from newsapp.publishing import turns
from newsapp.publishing.approval import Person
from newsapp.search import keeping
from newsapp.search.index import has_words
from newsapp.search.words import terms_of, words_of
from tests.conftest import make_app


@pytest.fixture
def paper(config: Config, every_database: str) -> Iterator[Flask]:
    app = make_app({**config, "DATABASE_URL": every_database}, "tool")
    with app.app_context():
        db.session.add(Section(id=1, slug="world", name="World"))
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


def story(number: int, headline: str, **other: object) -> Article:
    article = Article(**{"id": number, "slug": f"s{number}", "headline": headline, "section_id": 1, "state": LIVE, "published_at": now(), **other})
    db.session.add(article)
    db.session.commit()
    return article


def found(asked: str) -> set[int]:
    with db.engine.connect() as connection:  # what is committed
        return set(connection.scalars(select(Article.id).where(has_words(asked))))


def test_words_are_found_wherever_they_stand(paper: Flask) -> None:
    story(1, "Ferry strike ends", body="<p>The port of <b>Piraeus</b> opened &amp; closed.</p>", standfirst="After nine days")
    story(2, "Fähren fahren wieder", kicker="Häfen", guests="Órla Ní Dhomhnaill")
    story(3, "العبارات تعود إلى الميناء", list_headline="Fähre")
    assert found("ferry") == found("FERRY strike") == found("piraeus nine") == {1}
    assert found("fahre") == found("Fähre") == {2, 3}
    assert found("orla") == found("hafen wieder") == {2}
    assert found("الميناء") == {3}
    assert found("ferry fahren") == found("strong") == found("amp") == set()
    assert found("") == {1, 2, 3}
    assert found("?!") == set()


def test_the_beginning_of_a_word_is_enough_and_quotes_ask_for_words_in_a_row(paper: Flask) -> None:
    story(1, "Taxation of ferries", body="<p>strike over pay</p>")
    story(2, "Pay over strike", body="<p>A tax</p>")
    assert found("tax") == {1, 2}
    assert found('"tax"') == {2}
    assert found('"strike over"') == found("“strike over” taxation") == {1}
    assert found("fe") == set()
    assert found('strike"') == found("strike: (over* ^") == {1, 2}


def test_the_index_follows_each_write_and_forgets_what_was_undone(paper: Flask) -> None:
    article = story(1, "Ferry strike")
    article.headline = "Bridge strike"
    db.session.flush()
    db.session.rollback()
    assert (found("ferry"), found("bridge")) == ({1}, set())
    article = db.session.get_one(Article, 1)
    article.headline = "Bridge strike"
    db.session.commit()
    assert (found("ferry"), found("bridge")) == (set(), {1})
    db.session.add(Author(id=1, slug="sea-desk", name="Sea desk"))
    db.session.flush()
    db.session.add(ArticleAuthor(article_id=1, author_id=1))
    db.session.commit()
    assert found("sea bridge") == {1}


def test_a_story_taken_down_is_found_no_more_and_a_spiked_one_is(paper: Flask) -> None:
    chief = Person("chief@newsapp.example", frozenset({"chief"}))
    story(1, "Ferry strike")
    article = writing.load(1)
    assert article
    turns.turn(article, "spike", chief, now())
    db.session.commit()
    assert found("ferry") == {1}
    turns.take_down(article, chief, now())
    db.session.commit()
    assert found("ferry") == set()


def test_a_new_name_of_an_author_is_read_in_by_the_job(paper: Flask) -> None:
    db.session.add(Author(id=1, slug="sea-desk", name="Sea desk"))
    story(1, "Ferry strike")
    db.session.add(ArticleAuthor(article_id=1, author_id=1))
    db.session.commit()
    names.rename(names.BY_SLUG["authors"], db.session.get_one(Author, 1), "Harbour desk")
    db.session.commit()
    assert (keeping.waiting(), keeping.index_texts()) == (1, 1)
    db.session.rollback()
    assert (found("sea"), found("harbour"), keeping.waiting()) == (set(), {1}, 0)


def test_what_came_in_beside_the_orm_waits_and_is_read_in_by_portions(paper: Flask) -> None:
    number = 2 * keeping.AT_ONCE + 3
    rows = [
        {"id": n, "slug": f"s{n}", "headline": f"Ferry {n}", "section_id": 1, "state": LIVE, "published_at": now() - timedelta(hours=n)}
        for n in range(1, number + 1)
    ]
    db.session.execute(insert(Article), rows)
    keeping.put_off(db.session.connection(), select(Article.id).where(Article.id > 0))
    keeping.put_off(db.session.connection(), select(Article.id).where(Article.id < 10))
    db.session.commit()
    assert (found("ferry"), keeping.index_texts(), len(found("ferry"))) == (set(), number, number)


def test_a_transaction_that_writes_very_many_leaves_them_to_the_job(paper: Flask) -> None:
    db.session.add_all(Article(slug=f"s{n}", headline=f"Ferry {n}", section_id=1) for n in range(keeping.AT_ONCE + 1))
    db.session.commit()
    assert (len(found("ferry")), keeping.waiting()) == (0, keeping.AT_ONCE + 1)
    keeping.index_texts()
    assert len(found("ferry")) == keeping.AT_ONCE + 1


def test_a_name_that_changes_while_the_job_reads_is_read_in_afterwards(paper: Flask) -> None:
    """On PostgreSQL both run at once: whoever comes second must not be lost."""
    db.session.add(Author(id=1, slug="sea-desk", name="Sea desk"))
    story(1, "Ferry strike")
    db.session.add(ArticleAuthor(article_id=1, author_id=1))
    db.session.commit()
    keeping.put_off(db.session.connection(), select(Article.id).where(Article.id == 1))
    db.session.commit()
    keeping.index_texts()
    db.session.execute(update(Author).values(name="Harbour desk"))
    keeping.put_off(db.session.connection(), select(ArticleAuthor.article_id).where(ArticleAuthor.author_id == 1))
    db.session.commit()
    assert keeping.index_texts() == 1
    assert found("harbour") == {1}


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_is_answered(paper: Flask, asked: str) -> None:
    found(asked)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_terms_are_made_of_words_alone(asked: str) -> None:
    for term in terms_of(asked):
        assert term.words
        assert all(words_of(word) == [word] for word in term.words)
