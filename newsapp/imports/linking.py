"""Imported articles and what they hang together with: tags, bylines, the front page; and the names all that shows on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, insert, select

from newsapp.database import db
from newsapp.imports.items import Term
from newsapp.imports.stories import Story
from newsapp.imports.terms import Vocabulary
from newsapp.news.models import Article, ArticleAuthor, ArticleTag, Page

Row = Article | Page


def link(articles: list[tuple[Story, Article]], terms: Vocabulary) -> None:
    """Give articles their tags and their bylines in order, instead of those they had."""
    ids = [row.id for _, row in articles]
    tags: list[dict[str, Any]] = []
    authors: list[dict[str, Any]] = []
    for story, row in articles:
        filing = story.candidate.filing
        tags += [{"article_id": row.id, "tag_id": tag} for tag in ids_of(filing.tags, terms)]
        authors += [{"article_id": row.id, "author_id": author, "position": place} for place, author in enumerate(ids_of(filing.authors, terms))]
    for table, rows in ((ArticleTag, tags), (ArticleAuthor, authors)):
        db.session.execute(delete(table).where(table.article_id.in_(ids)))
        if rows:
            db.session.execute(insert(table), rows)


def ids_of(named: Iterable[Term], terms: Vocabulary) -> list[int]:
    """Each term's id once: two names may mean one."""
    return list(dict.fromkeys(terms.id_of(term) for term in named))


def names_of(rows: Iterable[Row]) -> set[str]:
    """The names of all that articles and pages show on, as the database has them now."""
    rows = list(rows)
    ids = [row.id for row in rows if isinstance(row, Article)]
    tags = db.session.scalars(select(ArticleTag.tag_id).where(ArticleTag.article_id.in_(ids)))
    authors = db.session.scalars(select(ArticleAuthor.author_id).where(ArticleAuthor.article_id.in_(ids)))
    names = {f"page:{row.id}" for row in rows if isinstance(row, Page)} | {f"article:{id}" for id in ids}
    names |= {f"section:{row.section_id}" for row in rows if isinstance(row, Article)}
    return names | {f"tag:{tag}" for tag in tags} | {f"author:{author}" for author in authors}
