"""What makes or removes things of a story: its approval, notes to readers, preview links, what other sites say of its links."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.desk.editing import acting, revised, signed, turned
from newsapp.desk.loaders import me, workable, zone
from newsapp.desk.writing import shown_moment
from newsapp.news.models import CORRECTION_KINDS, Article, Correction
from newsapp.publishing import notes, secret_links
from newsapp.publishing.forms import LinkForm, NoteForm, SendBackForm
from newsapp.queues import later
from newsapp.saving import saving

Answer = Response | str | tuple[str, int]
publishing = Blueprint("publishing", __name__, url_prefix="/desk/articles/<int:article_id>")
FRESH = "fresh_preview"  # where the session keeps a secret until it has been shown


def to_form(article_id: int) -> Response:
    return redirect(url_for("desk.edit", article_id=article_id))


@publishing.post("/approval")
def approve(article_id: int) -> Response:
    return turned(article_id, "approve", "Approved: it can be published now.")


@publishing.post("/return")
def send_back(article_id: int) -> Response:
    form = SendBackForm()
    if not form.validate_on_submit():
        flash("Not sent back: say what is missing.", "warn")
        return to_form(article_id)
    return turned(article_id, "send_back", "Sent back to the drafts, with your note.", form.note.data)


# Notes to readers


@publishing.get("/corrections")
def corrections(article_id: int) -> Answer:
    return notes_page(workable(article_id), fresh_note())


@publishing.post("/corrections")
def make_note(article_id: int) -> Answer:
    form = NoteForm().in_zone(zone())
    if not form.validate_on_submit():
        return notes_page(workable(article_id), form), 422
    with acting("refresh_site"):
        article = workable(article_id)
        with revised(article, "correct", signed(now())):
            notes.make(article, form.kind.data, form.text.data, moment_of(form), me(), now())
    flash("Readers see the note, and the corrections log has it.")
    return to_notes(article_id)


@publishing.get("/corrections/<int:note_id>")
def edit_note(article_id: int, note_id: int) -> Answer:
    note = note_of(article_id, note_id)
    form = NoteForm(formdata=None, data={"kind": note.kind, "text": note.text, "at": shown_moment(note.at, zone())}).in_zone(zone())
    return notes_page(workable(article_id), form, note)


@publishing.post("/corrections/<int:note_id>")
def change_note(article_id: int, note_id: int) -> Answer:
    form = NoteForm().in_zone(zone())
    if not form.validate_on_submit():
        return notes_page(workable(article_id), form, note_of(article_id, note_id)), 422
    with acting("refresh_site"):
        article, note = workable(article_id), note_of(article_id, note_id)
        with revised(article, "change_note", signed(now())):
            notes.change(article, note, form.kind.data, form.text.data, moment_of(form, note), me(), now())
    flash("Changed. The history of the story keeps what it said before.")
    return to_notes(article_id)


@publishing.post("/corrections/<int:note_id>/removal")
def remove_note(article_id: int, note_id: int) -> Response:
    with acting("refresh_site"):
        article = workable(article_id)
        with revised(article, "remove_note", signed(now())):
            notes.remove(article, note_of(article_id, note_id), me(), now())
    flash("Removed. The history of the story keeps what it said.")
    return to_notes(article_id)


def note_of(article_id: int, note_id: int) -> Correction:
    note = db.session.get(Correction, note_id)
    return note if note and note.article_id == article_id else abort(404)


def moment_of(form: NoteForm, note: Correction | None = None) -> datetime:
    """The moment that was typed; a minute that was not changed keeps its seconds, and the present one is now."""
    for known in (note.at if note else now(), now()):
        if form.at.data == shown_moment(known, zone()):
            return known
    return form.moment()


def fresh_note() -> NoteForm:
    return NoteForm(formdata=None, data={"at": shown_moment(now(), zone())}).in_zone(zone())


def to_notes(article_id: int) -> Response:
    return redirect(url_for("publishing.corrections", article_id=article_id))


def notes_page(article: Article, form: NoteForm, note: Correction | None = None) -> str:
    found = notes.of(article.id)
    return render_template("publishing/corrections.html", article=article, form=form, note=note, notes=found, kinds=CORRECTION_KINDS, zone=zone())


# Preview links


@publishing.get("/preview-links")
def preview_links(article_id: int) -> str:
    article, at = workable(article_id), now()
    fresh = session.pop(FRESH, None)
    address = url_for("previews.shared", secret=fresh[1], _external=True) if fresh and fresh[0] == article_id else ""
    found = secret_links.of(article_id, at)
    return render_template("publishing/preview_links.html", article=article, links=found, form=LinkForm(), address=address, at=at, zone=zone())


@publishing.post("/preview-links")
def make_preview_link(article_id: int) -> Response:
    form = LinkForm()
    if not form.validate_on_submit():
        abort(400)
    with saving():
        secret = secret_links.make(workable(article_id).id, me().email, now(), int(form.days.data))
    session[FRESH] = [article_id, secret]
    return redirect(url_for("publishing.preview_links", article_id=article_id))


@publishing.post("/preview-links/<int:link_id>/removal")
def take_back_preview_link(article_id: int, link_id: int) -> Response:
    with saving():
        found = secret_links.take_back(article_id, link_id)
    flash("Taken back: the link opens nothing any more." if found else "That link was over already.")
    return redirect(url_for("publishing.preview_links", article_id=article_id))


# Links of the story


@publishing.post("/links")
def ask_links(article_id: int) -> Response:
    """Have other sites asked again, by a worker: some are slow."""
    workable(article_id)
    flash("The links are being asked. The checklist says in a minute which did not do well.")
    later("ask_links", article_id, queue_name="slow")
    return redirect(url_for("desk.edit", article_id=article_id, _anchor="checklist"))
