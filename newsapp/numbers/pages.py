"""The numbers as editors look at them: of a story, of the site now, of a month; and the laboratory."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, make_response, redirect, render_template, request, stream_with_context, url_for
from flask_security import current_user

from newsapp.database import db, now
from newsapp.desk.lists import shelf_of
from newsapp.desk.loaders import found, zone
from newsapp.news.paper import paper
from newsapp.numbers import lab, report
from newsapp.numbers.article import read_numbers
from newsapp.numbers.forms import TrialForm
from newsapp.numbers.live import SHARED
from newsapp.numbers.report import Month
from newsapp.redis import RedisError
from newsapp.saving import saving
from newsapp.settings.store import change
from newsapp.traffic.uniques import uniques_today

numbers = Blueprint("numbers", __name__, url_prefix="/desk")
MONTHS = 12  # that the page offers
MONTH = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])")


@numbers.get("/articles/<int:article_id>/numbers")
def show(article_id: int) -> str:
    article, at, here = found(article_id), now(), zone()
    read = read_numbers(article.id, at, here, visitors_today(article.id, at))
    return render_template("numbers/article.html", article=article, numbers=read, shelf=shelf_of(article, at), at=at, zone=here)


def visitors_today(article_id: int, at: datetime) -> int | None:
    """Unique visitors of the running day; None while Redis does not answer."""
    try:
        return uniques_today(current_app.extensions["redis_desk"], article_id, at)
    except RedisError:
        return None


@numbers.get("/numbers")
def site() -> str:
    return render_template("numbers/site.html", months=months(), groupings=report.GROUPINGS, **reading())


@numbers.get("/numbers/now")
def current() -> Any:
    """The board's inner part, or 304 while nothing on it has moved."""
    answer = make_response(render_template("numbers/_site.html", **reading()))
    answer.add_etag()
    return answer.make_conditional(request)


def reading() -> dict[str, Any]:
    at, here = now(), zone()
    return {"live": SHARED.read(at, here), "at": at, "zone": here}


def months() -> list[Month]:
    """The running month and those before it, the newest first."""
    today = now().astimezone(zone())
    return [Month(today.year - (12 - today.month + back) // 12, (today.month - 1 - back) % 12 + 1) for back in range(MONTHS)]


@numbers.get("/numbers/month")
def ask_month() -> Any:
    """The form's way to a report's own address."""
    return redirect(url_for("numbers.month", slug=request.args.get("month", ""), grouping=request.args.get("by", "article")))


@numbers.get("/numbers/<slug>-by-<grouping>.csv")
def month(slug: str, grouping: str) -> Response:
    parts = MONTH.fullmatch(slug) or abort(404)
    wanted, by = Month(int(parts[1]), int(parts[2])), report.BY_SLUG.get(grouping) or abort(404)
    here, site = zone(), current_app.config["SITE_URL"]

    def sent() -> Any:
        with db.engine.connect() as sql:
            yield from report.as_csv(report.lines(sql, by, wanted, here, site))

    name = f"newsapp-{wanted.slug}-by-{by.slug}.csv"
    return Response(stream_with_context(sent()), mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@numbers.get("/numbers/lab")
def laboratory() -> str:
    """Tries what stands in the query; the rules in force, when nothing does."""
    present = lab.Rules.of(paper())
    form = TrialForm(request.args if request.args else None, data=vars(present), meta={"csrf": False})
    form.zone = zone()
    lists = None
    if not request.args or form.validate():
        with db.engine.connect() as sql:
            lists = lab.tried(sql, present, form.rules(), form.moment())
    return render_template("numbers/lab.html", form=form, lists=lists, present=present, other=form.rules() if lists else None, zone=zone())


@numbers.post("/numbers/lab")
def take_over() -> Any:
    """Let the rules that were tried be the paper's."""
    form = TrialForm()
    form.zone = zone()
    if not form.validate_on_submit():
        return redirect(url_for("numbers.laboratory"))
    with saving("refresh_settings", "refresh_site"):
        for name, value in form.rules().settings().items():
            change("site", name, value, current_user.email)
    flash("These are the paper's rules now. Its lists follow within the minute; a changed half-life acts from the next full hour.")
    return redirect(url_for("numbers.laboratory"))
