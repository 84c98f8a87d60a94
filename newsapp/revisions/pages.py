"""The pages of an article's past, and of two versions that are put together."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug.wrappers import Response

from newsapp.database import now
from newsapp.desk import writing
from newsapp.desk.editing import edit_page, revised, signed, typed_of
from newsapp.desk.forms import ArticleForm
from newsapp.desk.loaders import Answer, found, sections, workable, zone
from newsapp.desk.pages import desk
from newsapp.news.body import body_of
from newsapp.news.models import Article
from newsapp.news.words import trimmed
from newsapp.revisions import comparing, history, merging, unsaved
from newsapp.revisions.contents import RESTORED, Content, content_of, content_sent, unpacked
from newsapp.revisions.forms import Clash
from newsapp.revisions.head import name_of
from newsapp.revisions.models import Revision
from newsapp.revisions.paragraphs import paragraphs_of
from newsapp.revisions.pictures import recalled, remember
from newsapp.revisions.words import Words, words_for
from newsapp.saving import saving

revisions = Blueprint("revisions", __name__, url_prefix="/desk")
MINE, THEIRS, BOTH, OWN = "mine", "theirs", "both", "own"
TEXTS = ("headline", "list_headline", "kicker", "standfirst", "tags", "bylines", "alt", "caption", "credit")  # fields that can be written anew


class Comparison(NamedTuple):
    """Two revisions and what differs."""

    old: Revision
    new: Revision
    fields: list[comparing.Difference]
    story: list[comparing.Stretch]


class First(NamedTuple):
    """The save that was faster."""

    who: str
    at: datetime


def holds(revision: Revision | None) -> Content:
    return unpacked(revision.content, zone()) if revision else {}


def words() -> Words:
    return words_for(ArticleForm(formdata=None), sections(), zone())


@revisions.get("/articles/<int:article_id>/revisions")
def show(article_id: int) -> str:
    """All revisions, and any two of them compared."""
    article, number = found(article_id), max(1, request.args.get("page", 1, type=int))
    rows = history.listed(article_id, number)
    return render_template(
        "desk/revisions.html", article=article, rows=rows[: history.PER_PAGE], has_more=len(rows) > history.PER_PAGE, number=number,
        label=history.label, last=history.last_saved(article_id), comparison=comparison(article_id), words=words(), zone=zone(), ASIDE=history.ASIDE,
    )  # fmt: skip


def comparison(article_id: int) -> Comparison | None:
    """The two that were asked for; 404 when there is no such revision."""
    asked = [request.args.get(name, type=int) for name in ("from", "to")]
    if None in asked:
        return None
    old, new = (history.find(article_id, revision_id) or abort(404) for revision_id in asked)
    before, after = holds(old), holds(new)
    story = comparing.story(before.get("body", ""), after.get("body", ""))
    return Comparison(old, new, comparing.differences(before, after), comparing.stretches(story))


@revisions.post("/articles/<int:article_id>/revisions/<int:revision_id>/restoration")
def restore(article_id: int, revision_id: int) -> Response:
    """Save an old version's words and picture once more, as the newest revision."""
    back = holds(history.find(article_id, revision_id) or abort(404)) or abort(409, "The text of that revision is not kept any more.")
    at, here = now(), url_for("revisions.show", article_id=article_id)
    with saving("refresh_site"):
        article = workable(article_id)
        if request.form.get("version", type=int) != article.version:
            flash("Nothing was restored: somebody saved the article meanwhile. Look at the newest revision first.")
            return redirect(here)
        with revised(article, history.RESTORE, signed(at)):
            writing.write(article, brought_back(article, back), recalled(back["picture"]), zone(), at)
    flash("Restored. What stood there before is a revision, too.")
    return redirect(here)


def brought_back(article: Article, old: Content) -> dict[str, Any]:
    """What is typed when the old version's words are typed again; a section that is no more stays as it is."""
    typed = typed_of(article)
    back = {name: old[name] for name in RESTORED if name in old}
    if back.get("section") not in {section.id for section in sections()}:
        back["section"] = typed["section"]
    return {**typed, "new_slug": "", "picture_id": None, **back, "remove_picture": not old["picture"]}


# ---- two versions of one article


@desk.errorhandler(Clash)
def clashed(clash: Clash) -> Answer:
    """Keep the version that came second as well, and show both put together."""
    form, article_id, at = clash.form, clash.article_id, now()
    with saving():
        article = workable(article_id)
        history.note_present(article, content_of(article, typed_of(article)), zone())
        base = holds(history.at_version(article_id, form.version.data))
        picture = remember(clash.brought, form.alt.data, form.credit.data)
        mine = content_sent(form.data, content_of(article, typed_of(article)), base, picture)
        form_id = form.form_id.data or unsaved.fresh_id()
        aside = history.set_aside(article_id, form.version.data, mine, signed(at, form_id))
        unsaved.keep(form_id, current_user.id, article_id, typed_in_form(), at)
    return merge_page(found(article_id), history.find(article_id, aside.id) or abort(404), 409)


def typed_in_form() -> dict[str, list[str]]:
    """What the browser sent, as it can be kept."""
    return {name: values for name, values in request.form.to_dict(flat=False).items() if name != "csrf_token"}


@revisions.get("/articles/<int:article_id>/versions/<int:revision_id>")
def versions(article_id: int, revision_id: int) -> Answer:
    """A version that was set aside, and the article as it is now."""
    return merge_page(workable(article_id), found_aside(article_id, revision_id))


@revisions.post("/articles/<int:article_id>/versions/<int:revision_id>")
def choose(article_id: int, revision_id: int) -> Answer:
    """Fill the form with what was chosen."""
    article, aside = workable(article_id), found_aside(article_id, revision_id)
    if request.form.get("version", type=int) != article.version:
        return merge_page(article, aside, 409, moved=True)
    merge = merge_of(article, aside)
    chosen = {piece.name: value for piece in merge.clashes if (value := choice(piece)) is not None}
    if len(chosen) < len(merge.clashes):
        return merge_page(article, aside, 422, incomplete=True)
    return merged_page(article, aside, merge, chosen)


def found_aside(article_id: int, revision_id: int) -> Revision:
    revision = history.find(article_id, revision_id)
    return revision if revision and revision.content else abort(404)


def merge_of(article: Article, aside: Revision) -> merging.Merge:
    base = holds(history.at_version(article.id, aside.version)) or None
    return merging.merge(base, holds(aside), content_of(article, typed_of(article)))


def choice(piece: merging.Piece) -> Any:
    """What was chosen for a clash; None when nothing was."""
    picked, own = request.form.get(f"choice-{piece.name}"), request.form.get(f"own-{piece.name}", "")
    in_story = piece.name.startswith("story-")
    if picked == OWN:
        return paragraphs_of(body_of(trimmed(own))) if in_story else " ".join(own.split())
    if picked == BOTH and in_story:
        return [*piece.theirs, *piece.mine]
    return {MINE: piece.mine, THEIRS: piece.theirs}.get(picked or "")


def merge_page(article: Article, aside: Revision, status: int = 200, moved: bool = False, incomplete: bool = False) -> Answer:
    """What has to be chosen; the form at once when nothing has."""
    merge = merge_of(article, aside)
    if not merge.clashes:
        return merged_page(article, aside, merge, {}, status)
    page = render_template(
        "desk/merge.html", article=article, aside=aside, first=first_of(article), merge=merge, words=words(), zone=zone(),
        moved=moved, incomplete=incomplete, runs=comparing.runs_of_texts, paired=comparing.versus, texts=TEXTS, sent=request.form,
    )  # fmt: skip
    return page, status


def first_of(article: Article) -> First:
    """Who was faster; it may have been the same person, in another window."""
    last = history.last_saved(article.id)
    who, at = (last.who, last.at) if last else ("", article.updated_at)
    return First("You" if who == name_of(current_user) else who or "Somebody", at)


def merged_page(article: Article, aside: Revision, merge: merging.Merge, chosen: dict[str, Any], status: int = 200) -> Answer:
    """The form filled with the result, to be looked over and saved."""
    saved = content_of(article, typed_of(article))
    result = merging.put_together(merge, chosen, saved)
    form = ArticleForm(formdata=None, data={**result, "version": article.version, "picture": None})
    form.form_id.data, form.came_from.data = aside.form_id, history.MERGE
    if result["picture"] != saved["picture"]:
        form.kept_picture.data, form.remove_picture.data = result["picture"], not result["picture"]
    told = {"merge": merge, "first": first_of(article), "words": words(), "chosen": chosen}
    return edit_page(form, article, status, told)
