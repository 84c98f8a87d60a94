"""Most Viewed at the desk: the lists, and what an editor may decide about single stories in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.desk.forms import HoldOutForm, PinForm
from newsapp.desk.loaders import found, zone
from newsapp.desk.writing import shown_moment
from newsapp.news.models import Article
from newsapp.news.paper import paper
from newsapp.saving import saving
from newsapp.traffic import guard, ranking
from newsapp.traffic.guard import HOLD_OUT, PIN, Decision
from newsapp.traffic.windows import BY_SLUG, WINDOWS

most_viewed = Blueprint("most_viewed", __name__, url_prefix="/desk/most-viewed")
LINES = 20
USUAL = timedelta(days=1)  # how long a decision holds, if nothing else is typed
Answer = Response | str | tuple[str, int]


@dataclass(frozen=True)
class Standing:
    """A decision in force, as the page shows it."""

    decision: Decision
    headline: str

    @property
    def until(self) -> datetime:
        return datetime.fromtimestamp(self.decision.until, UTC)


@most_viewed.get("")
def lists() -> str:
    settings = paper()
    window = BY_SLUG.get(request.args.get("window", settings["most_viewed_window"])) or abort(404)
    items = ranking.site_list(window, now())[:LINES]
    return render_template("desk/most_viewed.html", items=items, standing=in_force(), window=window, windows=WINDOWS, settings=settings, zone=zone())


@most_viewed.get("/story")
def find() -> Answer:
    """A story by its number, for those that stand in no list yet."""
    number = request.args.get("number", type=int)
    if number is None or db.session.get(Article, number) is None:
        flash("There is no story of that number. It stands in the address of its page at the desk.")
        return redirect(url_for("most_viewed.lists"))
    return redirect(url_for("most_viewed.story", article_id=number))


@most_viewed.get("/<int:article_id>")
def story(article_id: int) -> Answer:
    return story_page(article_id, fresh(PinForm), fresh(HoldOutForm))


@most_viewed.post("/<int:article_id>/pin")
def pin(article_id: int) -> Answer:
    form = PinForm(prefix=PinForm.PREFIX).in_zone(zone())
    if not form.validate_on_submit():
        return story_page(article_id, form, fresh(HoldOutForm)), 422
    return decided(article_id, PIN, form, f"It stands at place {form.position.data} now, in every list of the paper.")


@most_viewed.post("/<int:article_id>/hold-out")
def hold_out(article_id: int) -> Answer:
    form = HoldOutForm(prefix=HoldOutForm.PREFIX).in_zone(zone())
    if not form.validate_on_submit():
        return story_page(article_id, fresh(PinForm), form), 422
    return decided(article_id, HOLD_OUT, form, "It stands in no list now. The story itself stays on the site.")


@most_viewed.post("/<int:article_id>/take-back")
def take_back(article_id: int) -> Response:
    with saving("refresh_site"):
        guard.take_back(article_id, now())
    flash("Taken back: the story stands where its views put it.")
    return redirect(url_for("most_viewed.lists"))


def decided(article_id: int, action: str, form: Any, words: str) -> Response:
    article, until = found(article_id), form.moment()
    place = form.position.data if action == PIN else 0
    decision = Decision(article.id, action, place, form.reason.data, int(until.timestamp()), current_user.email)
    with saving("refresh_site"):
        guard.decide(decision, now())
    flash(words)
    return redirect(url_for("most_viewed.lists"))


def fresh(form: type[Any]) -> Any:
    """A form as it is opened: until the same time tomorrow."""
    return form(formdata=None, prefix=form.PREFIX, data={"until": shown_moment(now() + USUAL, zone())})


def story_page(article_id: int, pin_form: Any, hold_out_form: Any) -> str:
    article = found(article_id)
    mine = [each for each in in_force() if each.decision.article_id == article.id]
    return render_template("desk/most_viewed_story.html", article=article, pin=pin_form, hold_out=hold_out_form, standing=mine, zone=zone())


def in_force() -> list[Standing]:
    """What holds now, with the headlines of the stories."""
    decisions = guard.in_force(db.session.connection(), now())
    ids = [each.article_id for each in decisions]
    headlines = {row.id: row.headline for row in db.session.execute(select(Article.id, Article.headline).where(Article.id.in_(ids)))}
    return [Standing(each, headlines.get(each.article_id, f"Story {each.article_id}")) for each in decisions]
