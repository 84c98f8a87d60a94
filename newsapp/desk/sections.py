"""The sections of the paper: their names, their order, and how their stories may be copied."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_security import current_user
from werkzeug.wrappers import Response

from newsapp.changes import touch
from newsapp.database import db
from newsapp.desk.forms import SectionForm
from newsapp.desk.loaders import sections as all_sections
from newsapp.desk.naming import slug_of, stands_against
from newsapp.news.models import Section
from newsapp.saving import saving
from newsapp.settings.store import change, stored

sections = Blueprint("sections", __name__, url_prefix="/desk/sections")
JOBS = ("refresh_site", "refresh_settings")


@sections.get("")
def show() -> str:
    return sections_page({section.id: form_of(section) for section in all_sections()}, SectionForm(formdata=None, prefix="new-"))


@sections.post("")
def create() -> Response | tuple[str, int]:
    form = SectionForm(prefix="new-")
    slug = form.slug.data or slug_of(form.name.data or "")
    problem = "" if not form.validate_on_submit() else stands_against(slug)
    if problem:
        form.slug.errors = [problem]
    if form.errors or problem:
        return sections_page({section.id: form_of(section) for section in all_sections()}, form), 422
    with saving(*JOBS):
        section = Section(slug=slug, name="", position=100)
        write(section, form)
    flash(f"{form.name.data} is a section now, at /{slug}.")
    return redirect(url_for("sections.show"))


@sections.post("/<int:section_id>")
def change_section(section_id: int) -> Response | tuple[str, int]:
    form = SectionForm(prefix=f"s{section_id}-")
    if not form.validate_on_submit():
        forms = {section.id: form if section.id == section_id else form_of(section) for section in all_sections()}
        return sections_page(forms, SectionForm(formdata=None, prefix="new-")), 422
    with saving(*JOBS):
        write(db.session.get(Section, section_id) or abort(404), form)
    flash(f"Saved: {form.name.data}.")
    return redirect(url_for("sections.show"))


def write(section: Section, form: SectionForm) -> None:
    """Put what was typed into a section, in the open transaction. Its name stands on every page. The address stays."""
    section.name = form.name.data
    section.position = form.position.data if form.position.data is not None else section.position
    db.session.add(section)
    db.session.flush()
    change(f"section:{section.id}", "protection_mode", form.protection_mode.data or None, current_user.email)
    touch("site", "front", f"section:{section.id}")


def form_of(section: Section) -> SectionForm:
    mode = stored()[1].get(f"section:{section.id}", {}).get("protection_mode", "")
    data = {"name": section.name, "slug": section.slug, "position": section.position, "protection_mode": mode}
    return SectionForm(formdata=None, data=data, prefix=f"s{section.id}-")


def sections_page(forms: dict[int, SectionForm], fresh: SectionForm) -> str:
    return render_template("desk/sections.html", rows=[(section, forms[section.id]) for section in all_sections()], fresh=fresh)
