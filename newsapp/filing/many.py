"""Many articles at once: what was ticked, the page that asks before readers notice anything, and what is said afterwards."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy.orm.exc import StaleDataError

from newsapp.database import now
from newsapp.desk.editing import revised, signed
from newsapp.desk.lists import loaded, shelf_of
from newsapp.desk.loaders import me, workable, zone
from newsapp.filing import bulk
from newsapp.filing.names import NotDone
from newsapp.news.models import TAKEN_DOWN, article_path
from newsapp.numbers.report import harmless
from newsapp.saving import saving

Answer = Any
TOLD = 10  # articles that were left which are named afterwards
LONGEST = 70  # of a headline that is named: what is said next travels in a cookie
UNDONE = 100  # articles that one click takes back


def many() -> Answer:
    ids = request.form.getlist("article", type=int)
    if request.form.get("action") == "export":
        return exported(ids)
    action = bulk.BY_NAME.get(request.form.get("action", ""))
    if action is None or not ids:
        flash("Tick the articles and choose what to do with them.", "warn")
        return redirect(back())
    typed = request.form.get(action.asks, "")
    try:
        if action.foresee and not request.form.get("sure"):
            return asked(action, ids, typed)
        outcome = done(action, ids, typed)
    except NotDone as refused:
        flash(f"Nothing was changed. {refused}", "warn")
        return redirect(back())
    tell(action, outcome)
    return redirect(back())


def asked(action: bulk.Bulk, ids: list[int], typed: str) -> Answer:
    """What would become of each, before it does."""
    at = now()
    value = action.value(typed) if action.value else None
    foreseen = bulk.foreseen(action, ids, value, me(), at)
    return render_template(
        "filing/sure.html", action=action, typed=typed, value=value, foreseen=foreseen, at=at, zone=zone(), shelf_of=shelf_of, back=back()
    )


def done(action: bulk.Bulk, ids: list[int], typed: str) -> bulk.Outcome:
    """Do it to each; those for which it cannot be done are told. Raises NotDone where it can be done for none."""
    was, left = {}, []
    if action.value:
        with saving():
            action.value(typed)  # made first, so that a refusal changes no article
    for article_id, headline, state, section in [(each.id, each.headline, each.state, each.section) for each in bulk.chosen(ids)]:
        try:
            if state == TAKEN_DOWN:
                raise NotDone("It was taken down.")
            with saving():
                changing, at = workable(article_id), now()
                with revised(changing, action.name, signed(at)):
                    bulk.do(action, changing, action.value(typed) if action.value else None, me(), at)
            was[article_id] = section
        except (NotDone, StaleDataError) as error:
            left.append(bulk.Left(headline, str(error) if isinstance(error, NotDone) else "Somebody saved it at the same time."))
    with saving("refresh_site"):
        pass
    return bulk.Outcome(list(was), left, bulk.undos(action, was, typed))


def tell(action: bulk.Bulk, outcome: bulk.Outcome) -> None:
    """What was done, with what takes it back, and what was left."""
    count = len(outcome.done)
    if count:
        undos = [undo._asdict() for undo in outcome.undos] if count <= UNDONE else []
        words = f"{action.done} {count} {'article' if count == 1 else 'articles'}."
        done: Any = {"words": words, "undos": undos, "list": request.form.get("list", "")}
        flash(done, "undo")
    if outcome.left:
        named = [(short(each.headline), each.why) for each in outcome.left[:TOLD]]
        left: Any = {"count": len(outcome.left), "named": named, "more": len(outcome.left) - len(named)}
        flash(left, "left")


def short(headline: str) -> str:
    return headline if len(headline) <= LONGEST else headline[: LONGEST - 1].rstrip() + "…"


def exported(ids: list[int]) -> Answer:
    """The articles as CSV."""
    kept, here, site = io.StringIO(), zone(), current_app.config["SITE_URL"]
    writer = csv.writer(kept)
    writer.writerow(("id", "headline", "section", "bylines", "state", "published", "address"))
    for story in loaded(ids[: bulk.MOST]):
        published = story.published_at.astimezone(here).isoformat(timespec="minutes") if story.published_at else ""
        names_of = ", ".join(author.name for author in story.authors)
        address = site + article_path(story.section.slug, story.slug)
        row = (story.id, story.headline, story.section.name, names_of, story.state, published, address)
        writer.writerow([harmless(cell) for cell in row])
    return Response(kept.getvalue(), mimetype="text/csv", headers={"Content-Disposition": 'attachment; filename="newsapp-articles.csv"'})


def back() -> str:
    """The list as it was looked at: only its own query is taken."""
    return url_for("desk.articles") + ("?" + query if (query := request.form.get("list", "")) else "")
