"""Plain pages at the desk: the list, the form, and what is kept when two save the same page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from newsapp.database import db, now
from newsapp.delivery.blocks import FOOT
from newsapp.desk.loaders import zone
from newsapp.desk.writing import StaleSave
from newsapp.filing import plain
from newsapp.filing.forms import PlainForm
from newsapp.filing.names import NotDone
from newsapp.news.models import LIVE, Page
from newsapp.saving import saving

plain_pages = Blueprint("plain_pages", __name__, url_prefix="/desk/pages")
Answer = Any


def found(number: int) -> Page:
    return db.session.get(Page, number, populate_existing=True) or abort(404)


@plain_pages.get("")
def show() -> Answer:
    return render_template("filing/plain_list.html", found=plain.listed(), live=LIVE, foot=FOOT, zone=zone())


@plain_pages.get("/new")
def new() -> Answer:
    return form_page(PlainForm(formdata=None, data={"version": 0}), None)


@plain_pages.get("/<int:number>")
def edit(number: int) -> Answer:
    page = found(number)
    return form_page(PlainForm(formdata=None, data=plain.typed_of(page)), page)


@plain_pages.post("")
def create() -> Answer:
    return save(None)


@plain_pages.post("/<int:number>")
def change(number: int) -> Answer:
    return save(number)


@plain_pages.post("/<int:number>/removal")
def remove(number: int) -> Answer:
    if not request.form.get("sure"):
        return redirect(url_for("plain_pages.edit", number=number, sure=1, _anchor="removal"))
    with saving("refresh_site"):
        plain.remove(found(number))
    flash("The page is gone, and its old addresses lead nowhere.")
    return redirect(url_for("plain_pages.show"))


def save(number: int | None) -> Answer:
    """Keep what was typed. Where somebody else saved first nothing is written, and both texts are shown."""
    form, at = PlainForm(), now()
    if not form.validate_on_submit():
        return form_page(form, found(number) if number else None, 422)
    try:
        with saving("refresh_site"):
            page = found(number) if number else Page()
            plain.write(page, form.data, at)
            saved, is_shown = page.id, page.state == LIVE
    except NotDone as refused:
        form.slug.errors = [str(refused)]
        return form_page(form, found(number) if number else None, 422)
    except IntegrityError:  # two asked for one address at the same moment
        form.slug.errors = ["Somebody took this address just now."]
        return form_page(form, found(number) if number else None, 422)
    except (StaleSave, StaleDataError):
        theirs = found(number or 0)
        form.version.raw_data, form.version.data = None, theirs.version  # whoever saves again has seen theirs
        return form_page(form, theirs, 409, theirs=plain.typed_of(theirs))
    flash("Saved. Readers have it in a second." if is_shown else "Saved. Only the desk sees it.")
    return redirect(url_for("plain_pages.edit", number=saved))


def form_page(form: PlainForm, page: Page | None, status: int = 200, theirs: plain.Typed | None = None) -> Answer:
    """The form; `theirs` is what somebody else saved since it was opened."""
    sure = bool(request.args.get("sure"))
    html = render_template("filing/plain.html", form=form, page=page, live=LIVE, theirs=theirs, sure=sure, foot=FOOT, zone=zone())
    return html, status
