"""The front page at the desk: its places, the proof on the way to live, and breaking news."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from newsapp.changes import touch
from newsapp.database import db, now
from newsapp.delivery.page import cacheable
from newsapp.desk.lists import loaded
from newsapp.desk.loaders import sections, zone
from newsapp.desk.writing import shown_moment
from newsapp.front import proof
from newsapp.front.composing import compose
from newsapp.front.filling import BY_KIND, FILLINGS
from newsapp.front.forms import BreakingForm, SlotForm
from newsapp.front.models import PROOF, STORY, TOP, Breaking, Slot, breaking, plate, slots_of
from newsapp.news.models import LIVE, Article
from newsapp.news.pages import front_of
from newsapp.publishing.previews import DESK_MEDIA, named, on_stage
from newsapp.saving import saving
from newsapp.search.index import has_words
from newsapp.traffic import ranking
from newsapp.traffic.asked import Asked
from newsapp.traffic.windows import BY_SLUG

front = Blueprint("front", __name__, url_prefix="/desk/front")
FOUND = 8  # stories that a search shows
USUAL = timedelta(hours=2)  # how long something is breaking, if nothing else is typed
Answer = Response | str | tuple[str, int]


@front.get("")
def show() -> str:
    return front_page(breaking_form())


@front.get("/preview")
@cacheable()
def preview() -> Response:
    """The proof as readers would get it now."""
    at = now()
    links = url_for("previews.site_at", moment=named(at)).rstrip("/")
    return on_stage(front_of(at, slots_of(proof.shown())), at, links, DESK_MEDIA, "proof")


@front.get("/<int:position>")
def ask(position: int) -> Answer:
    slot = wanted_slot(position)
    chosen = request.args.get("story", type=int) or (slot.article_id if slot else None)
    return slot_page(position, SlotForm(formdata=None, data=typed_of(slot) | ({"article": chosen} if chosen else {})), slot)


@front.get("/stories")
def stories() -> str:
    """The stories that a search finds, to choose one from."""
    form = SlotForm(formdata=None).offer([], found(request.args.get("q", "")))
    return render_template("front/_stories.html", form=form)


@front.post("/<int:position>")
def place(position: int) -> Answer:
    slot = wanted_slot(position)
    form = SlotForm().in_zone(zone()).offer(sections(), found(request.form.get("q", ""), request.form.get("article", type=int)))
    if "search" in request.form:
        return slot_page(position, form, slot)
    if not form.validate_on_submit():
        return slot_page(position, form, slot), 422
    with saving():
        proof.begin(current_user.email, now())
        proof.put(Slot(position=position, editor=current_user.email, **form.chosen()))
    flash(f"Place {position} is set in the proof. Readers see it once the proof goes live.")
    return redirect(url_for("front.show"))


@front.post("/<int:position>/removal")
def empty(position: int) -> Response:
    """Take what editors placed there off the proof: the place is filled by itself."""
    with saving():
        proof.begin(current_user.email, now())
        for slot in slots_of(PROOF):
            if slot.position == position:
                proof.remove(slot.id)
    return redirect(url_for("front.show"))


@front.post("/<int:position>/up")
def up(position: int) -> Response:
    if position > 1:
        with saving():
            proof.begin(current_user.email, now())
            proof.swap(position, position - 1)
    return redirect(url_for("front.show"))


@front.post("/publication")
def go_live() -> Answer:
    try:
        with saving("refresh_site"):
            proof.go_live(current_user.email, now(), whatever=bool(request.form.get("whatever")))
    except proof.StaleProof:
        return front_page(breaking_form(), stale=True), 409
    flash("The front page is live. Readers have it in a second.")
    return redirect(url_for("front.show"))


@front.post("/proof/removal")
def throw_away() -> Response:
    with saving():
        proof.throw_away()
    flash("The proof is thrown away; the front page stays as it is.")
    return redirect(url_for("front.show"))


@front.post("/breaking")
def break_news() -> Answer:
    form = BreakingForm().in_zone(zone())
    if not form.validate_on_submit() or not leads_somewhere(form):
        return front_page(form), 422
    with saving("refresh_site"):
        db.session.add(Breaking(text=form.text.data, article_id=form.number.data, at=now(), until=form.moment(form.until), editor=current_user.email))
        touch("site")
    flash("It stands above the news on every page in a second.")
    return redirect(url_for("front.show"))


@front.post("/breaking/removal")
def calm() -> Response:
    """End what is breaking."""
    with saving("refresh_site"):
        for line in db.session.scalars(select(Breaking).where(Breaking.until > now())):
            line.until = now()
        touch("site")
    flash("The line is gone.")
    return redirect(url_for("front.show"))


def leads_somewhere(form: BreakingForm) -> bool:
    """Whether the story of that number is there for readers, or none was named."""
    story = db.session.get(Article, form.number.data) if form.number.data else None
    if form.number.data and not (story and story.is_live(now())):
        form.number.errors = ["No story of that number is live."]
        return False
    return True


def breaking_form() -> BreakingForm:
    return BreakingForm(formdata=None, data={"until": shown_moment(now() + USUAL, zone())})


def front_page(form: BreakingForm, stale: bool = False) -> str:
    at, name = now(), proof.shown()
    slots = slots_of(name)
    return render_template(
        "front/plate.html", front=compose(at, slots, ranked, only_top=True), slots=slots, places=range(1, TOP + 1), fillings=BY_KIND, windows=BY_SLUG,
        names={section.id: section.name for section in sections()}, proof=plate(PROOF), live=plate("live"), stale=stale, at=at, zone=zone(),
        differences=proof.differences(), breaking=breaking(at), form=form, waiting=headlines(slots),
    )  # fmt: skip


def slot_page(position: int, form: SlotForm, slot: Slot | None) -> str:
    if not 1 <= position <= TOP:
        abort(404)
    words = request.values.get("q", "")
    form.offer(sections(), found(words, form.article.data))
    return render_template("front/slot.html", form=form, position=position, slot=slot, words=words, fillings=FILLINGS, zone=zone())


def wanted_slot(position: int) -> Slot | None:
    """What stands there in the plate that the desk works on."""
    return next((slot for slot in reversed(slots_of(proof.shown())) if slot.position == position and not slot.is_over(now())), None)


def typed_of(slot: Slot | None) -> dict[str, Any]:
    """A slot as its form shows it."""
    if slot is None:
        return {}
    times = {name: local(getattr(slot, name)) for name in ("starts", "until")}
    return {"kind": slot.kind, "article": slot.article_id or 0, "window": slot.window or "day", "section": slot.section_id or 0, **times}


def local(moment: datetime | None) -> datetime | None:
    return shown_moment(moment, zone()) if moment else None


def found(words: str, chosen: int | None = None) -> list[tuple[int, str]]:
    """Stories whose headlines have the words, live and embargoed, newest first; the chosen one before them."""
    query = select(Article.id).where(Article.state == LIVE, has_words(words), Article.id != (chosen or 0)).order_by(Article.published_at.desc())
    return [(story.id, f"{story.in_lists} ({story.section.name})") for story in loaded([chosen or 0, *db.session.scalars(query.limit(FOUND))])]


def headlines(slots: list[Slot]) -> dict[int, str]:
    """The headlines of the stories that slots name, for those that do not stand on the page now."""
    ids = {slot.article_id for slot in slots if slot.kind == STORY}
    return {row.id: row.headline for row in db.session.execute(select(Article.id, Article.headline).where(Article.id.in_(ids)))}


def ranked(asked: Asked) -> list[int]:
    return [item["id"] for item in ranking.build(asked)["items"]]
