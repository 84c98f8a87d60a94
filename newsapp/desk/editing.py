"""One article in its form: what stands in it, what a save does, and the revisions that each write leaves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.desk import beside, lists, writing
from newsapp.desk.addresses import has_fixed_address
from newsapp.desk.forms import ArticleForm
from newsapp.desk.loaders import Answer, found, me, sections, workable, zone
from newsapp.desk.naming import slug_of
from newsapp.media.files import Kept, keep, media_folder
from newsapp.news import dates, figures, translations
from newsapp.news.models import LIVE, REVIEW, TAKEN_DOWN, Article, article_path
from newsapp.news.paper import paper
from newsapp.people.door import require
from newsapp.publishing import notes, turns
from newsapp.publishing.approval import NotApproved, Person
from newsapp.publishing.checks import problems
from newsapp.publishing.panel import draft_of, panel, stands_against
from newsapp.publishing.turns import WrongState, turn
from newsapp.queues import later
from newsapp.revisions import here, history, unsaved
from newsapp.revisions.contents import content_of
from newsapp.revisions.forms import Clash
from newsapp.revisions.head import Head, colleagues, name_of, texts
from newsapp.revisions.pictures import recalled
from newsapp.revisions.words import words_for
from newsapp.saving import saving
from newsapp.settings.store import change, stored

Turn = Callable[[Article, Person, datetime], None]


def typed_of(article: Article) -> dict[str, Any]:
    """An article as its form shows it."""
    picture = article.picture
    return {
        **{name: getattr(article, name) for name in ("version", "slug", *writing.PLAIN)},
        "body": figures.as_now(article.body),
        "related": ", ".join(map(str, beside.related_ids(article.id))),
        "translation_of": str(article.translation_of_id or ""),
        "section": article.section_id,
        "tags": ", ".join(tag.name for tag in article.tags),
        "bylines": ", ".join(author.name for author in article.authors),
        "alt": picture.alt if picture else "",
        "credit": picture.credit if picture else "",
        "focus_x": picture.focus_x if picture else None,
        "focus_y": picture.focus_y if picture else None,
        **{name: shown and writing.shown_moment(shown, zone()) for name, shown in times_of(article).items()},
        "protection_mode": mode_of(article.id),
    }


def times_of(article: Article) -> dict[str, datetime | None]:
    return {"publish_at": article.published_at, "expires_at": article.expires_at}


def mode_of(article_id: int | None) -> str:
    """The article's own copy policy; empty when it inherits."""
    return str(stored()[1].get(f"article:{article_id}", {}).get("protection_mode", ""))


def edit_page(form: ArticleForm, article: Article | None, status: int = 200, merged: Any = None, refused: str = "") -> Answer:
    """The form; `merged` says whose words it was filled with, when two versions were put together; `refused` why something was not done."""
    at = now()
    form.form_id.data = form.form_id.data or unsaved.fresh_id()
    form.offer(sections(), article, zone())
    page = render_template(
        "desk/edit.html", form=form, article=article, merged=merged, refused=refused, at=at, zone=zone(), head=head_of(form, article, at),
        shelf=lists.shelf_of(article, at) if article else None, fixed=bool(article and has_fixed_address(article, at)),
        lead=writing.picked(form.picture_id.data) or (article.picture if article else None),
        translations=translations.others_of(article) if article else [],
        panel=panel(article, draft_of(form, at), me(), at), site_url=current_app.config["SITE_URL"],
        address=current_app.config["SITE_URL"] + article_path(article.section.slug, article.slug) if article else "",
    )  # fmt: skip
    return page, status


def head_of(form: ArticleForm, article: Article | None, at: datetime) -> Head:
    """What stands above the form; looking at an article is a sign of life too."""
    connection, person_id, form_id = current_app.extensions["redis_desk"], current_user.id, form.form_id.data
    reopened, words = unsaved.own(form_id, person_id), words_for(form, sections(), zone())
    if article is None:
        return Head([], texts(ArticleForm, person_id, None, {}, form_id), None, reopened, words)
    here.arrive(connection, article.id, person_id, form_id, int(at.timestamp()), at)
    waiting = texts(ArticleForm, person_id, article.id, content_of(article, typed_of(article)), form_id)
    return Head(colleagues(connection, article.id, person_id, at), waiting, history.last_saved(article.id), reopened, words)


def signed(at: datetime, form_id: str = "") -> history.Signature:
    """The person who asks, for a revision."""
    return history.Signature(name_of(current_user), at, zone(), form_id)


@contextlib.contextmanager
def revised(article: Article, what: str, by: history.Signature) -> Iterator[None]:
    """A write that leaves revisions, in the open transaction: the article as it was, unless that is kept already, and as it is after."""
    if article.id:
        history.note_present(article, content_of(article, typed_of(article)), by.zone)
    yield
    db.session.flush()
    history.note(article, content_of(article, typed_of(article)), what, by)
    history.prune(article.id, paper()["revisions_kept"])
    unsaved.drop(by.form_id, current_user.id)
    if article.state == TAKEN_DOWN:  # its text is gone, here too
        history.empty(article.id)
        unsaved.drop_of_article(article.id)


def save(article_id: int | None, then: Turn | None) -> Answer:
    """Keep what was typed, and then do what was asked with it, in one transaction. The checklist may hold publishing up, never the keeping."""
    at, clock, who = now(), zone(), me()
    article = workable(article_id) if article_id else None
    if article and article.state == LIVE:
        require("publish")
    form = ArticleForm().offer(sections(), article, clock)
    if not form.validate_on_submit():
        return edit_page(form, article, 422)
    is_stopped = then is turns.publish and is_held_up(form, article, at)
    jobs = ("refresh_site", "refresh_settings") if form.protection_mode.data != mode_of(article_id) else ("refresh_site",)
    kept = keep(form.image, slug_of(form.slug.data or form.headline.data), media_folder(current_app.config)) if form.image else None
    kept = kept or recalled(form.kept_picture.data)
    what = form.came_from.data or (then.__name__ if then and not is_stopped else history.SAVE)
    try:
        with saving(*jobs):
            article = workable(article_id) if article_id else Article()
            with revised(article, what, signed(at, form.form_id.data)):
                write(article, form, kept, at)
                if then and not is_stopped:
                    then(article, who, at)
    except (writing.StaleSave, StaleDataError) as error:
        raise Clash(form, article_id or 0, kept) from error
    except (WrongState, NotApproved) as error:
        return edit_page(form, found(article_id) if article_id else None, 409, refused=str(error))
    later("ask_links", article.id, queue_name="slow")
    flash(*(STOPPED if is_stopped else (said(article, at), "good")))
    return redirect(url_for("desk.edit", article_id=article.id, _anchor="checklist" if is_stopped else None))


STOPPED = ("Saved, and not published yet: look at the checklist.", "warn")


def is_held_up(form: ArticleForm, article: Article | None, at: datetime) -> bool:
    """Whether the checklist stands against publishing. What readers have already is no longer held up."""
    if article and article.state == LIVE:
        return False
    return stands_against(problems(draft_of(form, at), paper()), bool(request.form.get("confirmed")))


def write(article: Article, form: ArticleForm, kept: Kept | None, at: datetime) -> None:
    """Put what was typed into the article, and what the save says of its state, in the open transaction."""
    before = turns.standing(article)
    writing.write(article, form.data, kept, zone(), at)
    change(f"article:{article.id}", "protection_mode", form.protection_mode.data or None, current_user.email)
    turns.follow_save(article, before, me(), at)
    if form.is_update.data:
        notes.renew(article, me(), at)


def ask_review(article: Article, person: Person, at: datetime) -> None:
    turn(article, "ask_review", person, at)


def said(article: Article, at: datetime) -> str:
    """What a save did, in a sentence."""
    if article.is_live(at):
        return "Saved. Readers have it in a second."
    if article.is_embargoed(at) and article.published_at:
        return f"Saved. It goes out on {dates.day(article.published_at, zone())} at {dates.clock(article.published_at, zone())}."
    return "Saved. It waits for a review." if article.state == REVIEW else "Saved. Only the desk sees it."


@contextlib.contextmanager
def acting(*jobs: str) -> Iterator[None]:
    """A write whose refusals are told in words."""
    try:
        with saving(*jobs):
            yield
    except (WrongState, NotApproved) as error:
        abort(409, str(error))


def turned(article_id: int, name: str, words: str, note: str = "") -> Response:
    """Do one of ACTIONS with what was saved."""
    with acting("refresh_site"):
        article = workable(article_id)
        with revised(article, name, signed(now())):
            turn(article, name, me(), now(), note)
    flash(words)
    return redirect(url_for("desk.edit", article_id=article_id))
