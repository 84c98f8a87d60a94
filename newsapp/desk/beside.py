"""What stands beside a story in tables of its own: the pictures in its body, and the stories to be read next."""

from __future__ import annotations

import re

from sqlalchemy import delete, select

from newsapp.database import db
from newsapp.news.figures import picture_ids
from newsapp.news.models import Article, ArticlePicture, ArticleRelated, Picture

MOST_RELATED = 12


def numbers_in(text: str) -> list[int]:
    """The numbers of a text, each once, in their order."""
    return list(dict.fromkeys(int(number) for number in re.findall(r"\d{1,9}", text or "")))


def write_pictures(article: Article) -> None:
    """Note which pictures its body shows, so that the library knows where each is used."""
    ids = db.session.scalars(select(Picture.id).where(Picture.id.in_(picture_ids(article.body)))).all()
    db.session.execute(delete(ArticlePicture).where(ArticlePicture.article_id == article.id))
    db.session.add_all(ArticlePicture(article_id=article.id, picture_id=picture_id) for picture_id in ids)
    db.session.flush()


def write_related(article: Article, typed: str) -> None:
    """Note the stories to be read next, in their order; numbers of no story are left out."""
    wanted = [number for number in numbers_in(typed) if number != article.id][:MOST_RELATED]
    known = set(db.session.scalars(select(Article.id).where(Article.id.in_(wanted))))
    db.session.execute(delete(ArticleRelated).where(ArticleRelated.article_id == article.id))
    rows = [ArticleRelated(article_id=article.id, related_id=number, position=place) for place, number in enumerate(wanted) if number in known]
    db.session.add_all(rows)
    db.session.flush()


def related_ids(article_id: int) -> list[int]:
    query = select(ArticleRelated.related_id).where(ArticleRelated.article_id == article_id).order_by(ArticleRelated.position)
    return list(db.session.scalars(query))


def forget(article: Article) -> None:
    """Take all of it away, as the story's text is."""
    for table in (ArticlePicture, ArticleRelated):
        db.session.execute(delete(table).where(table.article_id == article.id))
