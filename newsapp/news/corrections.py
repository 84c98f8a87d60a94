"""The corrections log: what readers were told was wrong, cleared up or updated, newest first."""

from __future__ import annotations

from datetime import datetime

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload
from werkzeug.wrappers import Response

from newsapp.database import db
from newsapp.delivery.page import cacheable, page, reading_at, wanted
from newsapp.news import dates
from newsapp.news.models import Article, Correction, live_at, next_turn
from newsapp.news.paper import paper
from newsapp.settings.store import own

PER_PAGE = 30
MOST_PAGES = 9999


@cacheable(params=("page",))
def log() -> Response:
    """Notes of the stories that readers can see, with what each is about."""
    at, settings = reading_at(), paper()
    number = wanted("page", "1")
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= MOST_PAGES:
        abort(404)
    notes = told(int(number), at)
    if int(number) > 1 and not notes:
        abort(404)
    return page(
        "news/corrections.html", depends={"front", "site", "settings"}, valid_until=next_turn(at), notes=notes[:PER_PAGE], number=int(number),
        has_older=len(notes) > PER_PAGE, name=own(settings, "corrections_name"), zone=dates.zone(settings["time_zone"]),
    )  # fmt: skip


def told(number: int, at: datetime) -> list[tuple[Correction, Article]]:
    """One page of notes, and one more where there are older ones."""
    query = select(Correction, Article).join(Article, Article.id == Correction.article_id).where(live_at(at), Correction.at <= at)
    query = query.options(defer(Article.body, raiseload=True), joinedload(Article.section, innerjoin=True))
    newest = query.order_by(Correction.at.desc(), Correction.id.desc()).offset((number - 1) * PER_PAGE).limit(PER_PAGE + 1)
    return [(note, article) for note, article in db.session.execute(newest)]
