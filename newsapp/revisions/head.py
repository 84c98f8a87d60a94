"""What an opened form needs to say: who else is here, which unsaved texts wait, whether somebody saved since."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import redis
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from newsapp.database import db
from newsapp.people.models import User
from newsapp.revisions import here, history, unsaved
from newsapp.revisions.contents import Content, content_sent, unpacked_fields
from newsapp.revisions.models import Revision, Unsaved
from newsapp.revisions.texts import Text, text_of
from newsapp.revisions.words import Words


class Colleague(NamedTuple):
    """Somebody who has the same article open."""

    name: str
    since: datetime


class Head(NamedTuple):
    """What stands above a form."""

    colleagues: list[Colleague]
    texts: list[Text]
    last: Revision | None
    reopened: Unsaved | None
    words: Words


def name_of(person: Any) -> str:
    """How colleagues know a person."""
    return str(getattr(person, "name", None) or person.email)


def colleagues(connection: redis.Redis, article_id: int, person_id: int, at: datetime) -> list[Colleague]:
    """Who else has the article open, with names."""
    found = here.others(connection, article_id, person_id, at)
    names = names_of(each.person_id for each in found)
    return [Colleague(names[each.person_id], each.since) for each in found if each.person_id in names]


def names_of(ids: Any) -> dict[int, str]:
    wanted = set(ids)
    people: Any = db.session.scalars(select(User).where(User.id.in_(wanted))) if wanted else ()
    return {person.id: name_of(person) for person in people}


def at_articles(connection: redis.Redis, person_id: int, at: datetime) -> dict[int, list[str]]:
    """The names of others by the article that they have open."""
    found = [each for each in here.present(connection, at) if each.person_id != person_id]
    names, by_article = names_of(each.person_id for each in found), dict[int, list[str]]()
    for each in found:
        if each.person_id in names:
            by_article.setdefault(each.article_id, []).append(names[each.person_id])
    return by_article


def refilled(form_class: Any, row: Unsaved) -> Any:
    """The form as it was when the text was kept."""
    fields: Any = {**unpacked_fields(row.fields), "form_id": [row.form_id], "came_from": [history.RECOVERED]}
    return form_class(formdata=MultiDict(fields))


def texts(form_class: Any, person_id: int, article_id: int | None, saved: Content, but: str) -> list[Text]:
    """A person's unsaved texts for the article, save that of one form, and save those that say what is saved already."""
    found = []
    for row in unsaved.of_article(person_id, article_id):
        if row.form_id != but:
            form = refilled(form_class, row)
            holds = content_sent(form.data, saved or form.data, saved, form.kept_picture.data)
            found.append(text_of(row, form.version.data, {name: holds[name] for name in (saved or TYPED) if name in holds}, saved))
    return [text for text in found if text.differs]


TYPED = ("headline", "list_headline", "kicker", "standfirst", "body", "tags", "bylines", "alt", "caption", "credit")  # of an article that is new
