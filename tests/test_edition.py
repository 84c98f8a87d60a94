"""The sample edition: published, published again, taken away."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from newsapp.changes import Change
from newsapp.database import db, write_unit, writes
from newsapp.edition import printed
from newsapp.edition.commands import sample as sample_command
from newsapp.edition.publish import publish_edition
from newsapp.edition.remove import remove_edition
from newsapp.edition.sections import SECTIONS
from newsapp.front.models import LIVE as LIVE_PLATE
from newsapp.front.models import slots_of
from newsapp.news.models import LIVE, SPIKED, TAKEN_DOWN, Article, Author, Page, Picture, Section, Tag
from newsapp.news.related import PLACE
from newsapp.news.sanitise import sanitise
from newsapp.traffic.models import article_view_sums

AT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
SAMPLES = list(printed.articles())
ADDRESSES = {
    "/how-we-count",
    *(f"/{sample.section}/{sample.slug}" for sample in SAMPLES),
    *(f"/{each.slug}" for each in (*SECTIONS, *printed.pages())),
}
MODELS = (Article, Page, Section, Tag, Author, Picture)


def counts() -> dict[str, int]:
    return {model.__name__: db.session.scalar(select(func.count()).select_from(model)) or 0 for model in MODELS}


def article(slug: str) -> Article:
    options = selectinload(Article.tags), selectinload(Article.authors), selectinload(Article.corrections)
    found = db.session.scalar(select(Article).where(Article.slug == slug).options(*options))
    assert found
    return found


def test_everything_printed_is_published(tool: Flask) -> None:
    assert publish_edition(AT) == len(SAMPLES)
    assert counts() | {"Tag": 0, "Author": 0, "Picture": 0} == {
        "Article": len(SAMPLES), "Page": len(list(printed.pages())), "Section": len(SECTIONS), "Tag": 0, "Author": 0, "Picture": 0,
    }  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.slug)
def test_a_sample_is_fit_to_print(sample: printed.Sample) -> None:
    assert sample.section in {section.slug for section in SECTIONS}
    assert {place["slug"] for place in PLACE.finditer(sample.body)} <= {each.slug for each in SAMPLES} - {sample.slug}
    assert set(re.findall(r'href="(/[^"]*)"', sample.body)) <= ADDRESSES
    assert sanitise(sample.body).count("<p>") == sample.body.count("<p>")
    assert sample.bylines
    assert sample.standfirst
    assert sample.alt or not sample.picture


def test_times_are_relative_to_the_moment_of_publishing(tool: Flask) -> None:
    publish_edition(AT)
    assert article("strait-shared-pilot").published_at == AT - timedelta(hours=2)
    assert [correction.at for correction in article("strait-shared-pilot").corrections] == [AT - timedelta(minutes=40)]


def test_one_is_embargoed_one_is_spiked_and_the_rest_is_live(tool: Flask) -> None:
    publish_edition(AT)
    articles = db.session.scalars(select(Article)).all()
    assert any(each.is_embargoed(AT) for each in articles)
    assert any(each.state == SPIKED for each in articles)
    assert sum(each.is_live(AT) for each in articles) > 30
    assert slots_of(LIVE_PLATE)[0].article_id == article("strait-shared-pilot").id


def test_publishing_again_changes_no_count_and_mends_what_was_edited(tool: Flask) -> None:
    publish_edition(AT)
    before = counts()
    with writes():
        article("strait-shared-pilot").headline = "Scribbled over"
        db.session.commit()
    publish_edition(AT + timedelta(days=1))
    assert counts() == before
    assert article("strait-shared-pilot").headline.startswith("Two rivals")
    assert article("strait-shared-pilot").published_at == AT + timedelta(hours=22)


def test_readers_are_told_what_came(tool: Flask) -> None:
    publish_edition(AT)
    touched = set(db.session.scalars(select(Change)).one().touched)
    assert {"front", "site", f"article:{article('strait-shared-pilot').id}"} <= touched


def test_pictures_come_along_and_their_names_change_with_them(tool: Flask) -> None:
    publish_edition(AT)
    picture = db.session.scalar(select(Picture).where(Picture.origin == "edition:picture:strait"))
    assert picture
    assert (picture.width, picture.height, picture.widths) == (960, 640, "480,960")
    assert re.fullmatch(r"edition/strait-[0-9a-f]{8}", picture.name)
    for _, address in picture.variants:
        assert (tool.config["NEWSAPP_HOME"] / address[1:]).stat().st_size > 1000


def test_what_others_made_keeps_its_address(tool: Flask) -> None:
    world = Section(slug="world", name="The wide world")
    save(world, Article(slug="strait-shared-pilot", headline="Ours", section=world), Page(slug="about", title="Our own"))
    assert publish_edition(AT) == len(SAMPLES) - 1
    assert article("strait-shared-pilot").headline == "Ours"
    assert db.session.scalar(select(Section.name).where(Section.slug == "world")) == "The wide world"
    remove_edition()
    assert article("strait-shared-pilot").headline == "Ours"
    assert counts() | {"Picture": 0} == {"Article": 1, "Page": 1, "Section": 1, "Tag": 0, "Author": 0, "Picture": 0}


def test_removing_leaves_nothing_of_what_nobody_read(tool: Flask) -> None:
    publish_edition(AT)
    assert remove_edition()["articles deleted"] == len(SAMPLES)
    assert set(counts().values()) == {0}
    assert not list((tool.config["NEWSAPP_HOME"] / "media").rglob("*.webp"))


def test_an_article_that_was_read_is_emptied_and_keeps_its_id(tool: Flask) -> None:
    publish_edition(AT)
    read = article("strait-shared-pilot")
    read_id, section_id = read.id, read.section_id
    db.session.rollback()
    with write_unit() as sql:
        sql.execute(article_view_sums.insert().values(article_id=read_id, section_id=section_id, vall=3))
    done = remove_edition()
    assert (done["articles taken down"], done["sections"]) == (1, len(SECTIONS) - 1)
    left = article("strait-shared-pilot")
    assert (left.id, left.state, left.headline, left.body, left.tags, left.authors) == (read_id, TAKEN_DOWN, "", "", [], [])
    publish_edition(AT)
    assert (article("strait-shared-pilot").id, article("strait-shared-pilot").state) == (read_id, LIVE)


def test_the_edition_is_the_same_on_every_database(every_database: str, config: Any) -> None:
    from tests.conftest import make_app

    app = make_app(config | {"DATABASE_URL": every_database}, "tool")
    with app.app_context():
        assert publish_edition(AT) == len(SAMPLES)
        assert remove_edition()["articles deleted"] == len(SAMPLES)
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(
    ("text", "length"), [("12m", timedelta(minutes=12)), ("2h", timedelta(hours=2)), ("in 18h", timedelta(hours=18)), ("3d", timedelta(days=3))]
)
def test_spans_are_read(text: str, length: timedelta) -> None:
    assert printed.span(text) == length


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "-2h", "2w"])
def test_a_span_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a span"):
        printed.span(text)


def test_the_command_says_what_it_does() -> None:
    said = CliRunner().invoke(sample_command, ["--help"]).output
    assert "publish" in said
    assert "remove" in said


def save(*rows: Any) -> None:
    with writes():
        db.session.add_all(rows)
        db.session.commit()
