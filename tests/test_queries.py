"""What each kind of page asks of the database when it is made: a few statements, and no more of them where there is more to show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsapp.config import Config
from newsapp.database import db, now, writes
from newsapp.news.models import LIVE, Article, ArticleRelated, Correction, Page, Picture, Redirect
from newsapp.search import keeping
from tests.reading import Reader, publish, reader_of

MOST = 8
FEW, MANY = 4, 30
# An example of each kind of page, by the endpoint that makes it.
KINDS = {
    "news.front_page": ("/", "/?p=7"), "news.section_or_plain_page": ("/world", "/world?page=2", "/about"), "news.tag_page": ("/tag/harbour",),
    "news.author_page": ("/author/city-desk",), "news.archive_page": ("/{year}", "/{year}/{month}", "/{year}/{month}/{day}"),
    "news.article_page": ("/world/story-2", "/world/story-2?fragment=1", "/wrong/story-2"), "news.most_viewed_of_a_day": ("/most-viewed",),
    "news.all_sections": ("/sections",), "news.most_viewed": ("/most-viewed/day", "/most-viewed/week?section=world"),
    "news.how_we_count": ("/how-we-count",), "news.log": ("/corrections",), "news.media_for_readers": ("/media/none.webp",),
    "news.favicon": ("/favicon.ico",), "news.share_picture": ("/media/share/none.png",), "feeds.site_feed": ("/feed.xml", "/atom.xml", "/feed.json"),
    "feeds.section_feed": ("/world/feed.xml", "/world/atom.xml", "/world/feed.json"),
    "feeds.tag_feed": ("/tag/harbour/feed.xml", "/tag/harbour/atom.xml", "/tag/harbour/feed.json"),
    "feeds.author_feed": ("/author/city-desk/feed.xml", "/author/city-desk/atom.xml", "/author/city-desk/feed.json"),
    "sitemaps.index": ("/sitemap.xml",), "sitemaps.of_sections": ("/sitemap/sections.xml",), "sitemaps.of_articles": ("/sitemap/articles-0.xml",),
    "sitemaps.of_news": ("/sitemap/news.xml",), "terms.robots": ("/robots.txt",), "terms.mining": ("/.well-known/tdmrep.json",),
    "terms.licence": ("/license.xml",), "search.results": ("/search", "/search?q=story", "/search?q=storry"),
    "search.suggestions": ("/search/suggestions?q=sto",), "search.description": ("/opensearch.xml",), "api.openapi": ("/openapi.json",),
    "api.most_viewed": ("/api/v1/most-viewed", "/api/v1/most-viewed?tag=harbour"), "api.article_views": ("/api/v1/articles/1/views",),
    "health.livez": ("/livez",), "installed.manifest": ("/manifest.webmanifest",), "installed.service_worker": ("/service-worker.js",),
    "installed.offline": ("/offline",), "errors.not_found": ("/nothing", "/world/nothing", "/world/embargoed"),
    "errors.gone": ("/world/taken-down",), "errors.expired": ("/world/ended",), "old_addresses": ("/2019/01/old",),
}  # fmt: skip
NO_PAGE = {"health.readyz", "health.metrics"}  # operators' own, answered by whatever it takes
EXAMPLES = [(kind, path) for kind, paths in KINDS.items() for path in paths]


def fill(first: int, last: int) -> None:
    """Stories with everything that a story may have, each pointing to the others."""
    with writes():
        for n in range(first, last + 1):
            number = publish(
                f"story-{n}", ago=timedelta(minutes=n), by=["City Desk", f"Desk {n}"], tags=["Harbour", f"Tag {n}"], standfirst="It begins.",
                body="".join(f'<p>Words.</p><div data-article="{other}"></div>' for other in range(1, n)), guests="A guest",
                place=n + 1 if n < 12 else None, picture=Picture(name=f"p{n}", widths="480,960", width=960, height=640, alt="A harbour"),
            )  # fmt: skip
            db.session.add_all(Correction(article_id=number, text=f"It was {k}.", at=now() - timedelta(minutes=k + 1)) for k in range(n % 9 + 1))
            for place, other in enumerate(range(max(1, number - 20), number)):
                db.session.add(ArticleRelated(article_id=number, related_id=other, position=place))
            db.session.commit()
    publish(f"elsewhere-{first}", f"section-{first}", ago=timedelta(minutes=3))
    db.session.rollback()
    keeping.index_texts()


@pytest.fixture
def reader(config: Config) -> Iterator[Reader]:
    for reader in reader_of(config):
        fill(1, FEW)
        with writes():
            first = db.session.query(Article).filter_by(slug="story-1").one()
            first.robots = "nosnippet"
            db.session.add(Page(slug="about", title="About", body="<p>Us.</p>", state=LIVE))
            db.session.add(Redirect(path="/2019/01/old", article_id=first.id))
            db.session.add(Redirect(path="/?p=7", article_id=first.id))
            db.session.commit()
        publish("embargoed", at=now() + timedelta(hours=1))
        publish("ended", expires_at=now() - timedelta(minutes=1))
        publish("taken-down", state="taken_down")
        reader.app.extensions["memory"].begin()
        yield reader


def asked(reader: Reader, path: str) -> list[str]:
    """The statements that a page costs when no page is kept, and what all pages share is."""
    moment = now() - timedelta(minutes=2)
    path = path.format(year=f"{moment:%Y}", month=f"{moment:%m}", day=f"{moment:%d}")
    reader.get(path)
    reader.app.extensions["entry"].cache.drop_all()
    with reader.counted() as statements:
        status = reader.get(path).status_code
    assert status < 500, path
    return [" ".join(statement.split()) for statement in statements if not statement.startswith(("BEGIN", "PRAGMA"))]


def named_offenders(statements: list[str]) -> str:
    """The statements that are asked more than once, the most often first."""
    return "\n".join(f"{times} × {statement[:300]}" for statement, times in Counter(statements).most_common() if times > 1) or "\n".join(statements)


def test_each_kind_of_page_has_an_example(reader: Reader) -> None:
    there = {rule.endpoint for rule in reader.app.url_map.iter_rules()} - NO_PAGE
    assert there <= KINDS.keys(), "add an example of each to KINDS"
    for kind, paths in KINDS.items():
        assert kind not in there or len(paths) > 0


def test_a_page_asks_little_and_no_more_where_there_is_more_to_show(reader: Reader) -> None:
    few = {path: asked(reader, path) for _, path in EXAMPLES}
    fill(FEW + 1, MANY)
    many = {path: asked(reader, path) for _, path in EXAMPLES}
    too_many = [f"{path}: {len(statements)}\n{named_offenders(statements)}" for path, statements in many.items() if len(statements) > MOST]
    assert not too_many, "\n\n".join(too_many)
    growing = [
        f"{path}: {len(few[path])} to {len(many[path])}\n{named_offenders(many[path])}" for path in few if len(many[path]) > len(few[path]) + 1
    ]
    assert not growing, "\n\n".join(growing)


def test_an_offender_is_named() -> None:
    assert named_offenders(["SELECT a", "SELECT b", "SELECT a"]) == "2 × SELECT a"
