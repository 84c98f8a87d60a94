"""Views that the rule holds back, and editors' decisions to let them count after all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.desk.forms import ReleaseForm
from newsapp.desk.loaders import found, zone
from newsapp.queues import later
from newsapp.traffic import releasing
from newsapp.traffic.releasing import ALL, HELD_HOURS, Held
from newsapp.traffic.rules import read_rules

MOST = 500  # entries shown at once
FEW = 5  # entries of an article that are shown unfolded

held = Blueprint("held", __name__, url_prefix="/desk/held")


@dataclass(frozen=True)
class Span:
    """One tab: how far back it looks."""

    slug: str
    label: str
    hours: int


SPANS = (Span("day", "24 hours", 24), Span("week", "7 days", 7 * 24), Span("all", "35 days", HELD_HOURS))
BY_SLUG = {span.slug: span for span in SPANS}


@held.get("")
def show() -> str:
    span = BY_SLUG.get(request.args.get("span", "week")) or abort(404)
    rows = releasing.held(now(), MOST, span.hours)
    return render_template(
        "desk/held.html", groups=by_article(rows), span=span, spans=SPANS, few=FEW, is_cut=len(rows) == MOST, most=MOST,
        released=releasing.released(), rules=read_rules(), zone=zone(),
    )  # fmt: skip


@held.post("/releases")
def release() -> Response:
    """Let one article's hour count, of a network or of agents that no list knows."""
    form = ReleaseForm()
    if not form.validate_on_submit():
        abort(400)
    editor = who()
    return told(releasing.release(form.hour.data, form.article.data, form.network.data, editor, now()))


@held.post("/articles/<int:article_id>/releases")
def release_article(article_id: int) -> Response:
    """Let all that is held of an article count."""
    article, editor = found(article_id), who()
    return told(releasing.release_article(article.id, editor, now()))


def who() -> str:
    """The editor's name. What was read to find it out must not hold a snapshot while another connection writes."""
    email: str = current_user.email
    db.session.rollback()
    return email


def told(views: int) -> Response:
    if views:
        later("publish_due")
        flash(f"Released: {views:,} {'view counts' if views == 1 else 'views count'} now, and the lists follow.")
    else:
        flash("Nothing was held there any more.")
    return redirect(url_for("held.show", span=request.args.get("span")))


class Group(NamedTuple):
    """What is held of one article."""

    article: int
    headline: str
    rows: list[Held]

    @property
    def events(self) -> int:
        return sum(row.events for row in self.rows)

    @property
    def parts(self) -> list[tuple[str, int]]:
        """Views by what holds them."""
        bursts = [row for row in self.rows if row.network != ALL]
        networks = len({row.network for row in bursts})
        found = [(f"by {networks} {'network' if networks == 1 else 'networks'}", sum(row.events for row in bursts))] if bursts else []
        unlisted = self.events - sum(row.events for row in bursts)
        return found + ([("by agents in no list", unlisted)] if unlisted else [])


def by_article(rows: list[Held]) -> list[Group]:
    """What is held of each article, the most first."""
    groups: dict[int, Group] = {}
    for row in rows:
        groups.setdefault(row.article, Group(row.article, row.headline, [])).rows.append(row)
    return sorted(groups.values(), key=lambda group: -group.events)
