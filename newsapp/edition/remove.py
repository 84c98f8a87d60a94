"""Taking the sample edition away."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import ColumnElement, exists, select

from newsapp.changes import touch
from newsapp.database import db, now, writes
from newsapp.edition.pictures import drop_pictures
from newsapp.edition.publish import ORIGIN, everything
from newsapp.front import models as front
from newsapp.news.models import TAKEN_DOWN, Article, ArticleAuthor, ArticleTag, Author, Page, Picture, Section, Tag
from newsapp.traffic.models import article_view_sums

Counts = dict[str, int]


def remove_edition() -> Counts:
    """Take away all that the edition brought. Returns how many of each kind went.

    An article that was viewed is emptied and taken down, since its views are counted under its id;
    sections, tags and authors stay while an article of others, or one taken down, is theirs.
    """
    with writes():
        touched, counts = remove_articles()
        counts |= {"pages": remove_all(Page, Page.origin.startswith(ORIGIN))}
        counts |= {"pictures": remove_all(Picture, Picture.origin.startswith(ORIGIN), ~exists().where(Article.picture_id == Picture.id))}
        counts |= {"tags": remove_all(Tag, Tag.origin.startswith(ORIGIN), ~exists().where(ArticleTag.tag_id == Tag.id))}
        counts |= {"authors": remove_all(Author, Author.origin.startswith(ORIGIN), ~exists().where(ArticleAuthor.author_id == Author.id))}
        counts |= {"sections": remove_all(Section, Section.origin.startswith(ORIGIN), ~exists().where(Article.section_id == Section.id))}
        touch("front", "site", *touched)
        db.session.commit()
    drop_pictures(current_app.config["NEWSAPP_HOME"] / "media", keep=set(db.session.scalars(select(Picture.name))))
    return counts


def remove_articles() -> tuple[set[str], Counts]:
    """Delete the articles that nobody viewed, empty the others. Returns what that touches, and how many of each."""
    touched: set[str] = set()
    counts = {"articles deleted": 0, "articles taken down": 0}
    viewed = set(db.session.scalars(select(article_view_sums.c.article_id).where(article_view_sums.c.vall > 0)))
    for article in db.session.scalars(select(Article).where(Article.origin.startswith(ORIGIN)).options(*everything())):
        touched.update(article.touches())
        if article.id in viewed:
            empty(article)
            counts["articles taken down"] += 1
        else:
            db.session.delete(article)
            counts["articles deleted"] += 1
    db.session.flush()
    return touched, counts


def empty(article: Article) -> None:
    """Leave of an article its id, its address and the fact that it was taken down."""
    article.state, article.updated_at = TAKEN_DOWN, now()
    article.headline = article.list_headline = article.kicker = article.standfirst = article.body = article.caption = ""
    article.picture_id = None
    front.take_off([article.id])
    article.tags, article.authors, article.corrections = [], [], []


def remove_all(model: type[Page | Picture | Tag | Author | Section], *conditions: ColumnElement[bool]) -> int:
    """Delete the rows for which all conditions hold. Returns how many."""
    rows = list(db.session.scalars(select(model).where(*conditions)))
    for row in rows:
        db.session.delete(row)
    db.session.flush()
    return len(rows)
