"""A form sent by a browser whose session is over is kept, and its person finds it after signing in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, flash, redirect, request, url_for
from flask_limiter import Limiter, RateLimitExceeded
from flask_security import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from newsapp.database import now
from newsapp.desk.entry import refused
from newsapp.ops.read_only import read_only
from newsapp.people.door import to_sign_in
from newsapp.people.signing_in import hashed_address
from newsapp.revisions import unsaved
from newsapp.revisions.contents import Fields
from newsapp.saving import saving

COOKIE = "kept"  # the key to what this browser sent; gone when the text is claimed
FROM_ONE_ADDRESS = "30 per hour"
LARGEST = 1 << 20  # characters of a form from somebody unknown


def init_signed_out(app: Flask, limiter: Limiter) -> None:
    """Stand where such a form would be refused: at its token, and at its session."""
    within_limit = limiter.limit(FROM_ONE_ADDRESS, key_func=hashed_address)(rescued)

    def rescue_slowly() -> Any:
        try:
            return within_limit()
        except RateLimitExceeded:
            return None

    def without_token(error: CSRFError) -> Any:
        return (rescue_slowly() if is_a_story() else None) or refused(error)

    def without_session() -> Any:
        return (rescue_slowly() if is_a_story() else None) or to_sign_in()

    app.register_error_handler(CSRFError, without_token)
    app.extensions["turns_away"] = without_session
    app.before_request(claim)


def is_a_story() -> bool:
    """Whether the request is an article's form with something in it, sent by a page of the desk itself."""
    if read_only(current_app.config):
        return False  # nothing is taken in; the browser has it
    typed = request.method == "POST" and request.blueprint == "desk" and "body" in request.form and "headline" in request.form
    return bool(typed and (request.form["body"].strip() or request.form["headline"].strip()) and comes_from_here())


def comes_from_here() -> bool:
    """No other site may put words into an editor's form; browsers say where a form comes from."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    hosts = (request.host, urlsplit(current_app.config["DESK_URL"]).netloc)
    return site == "same-origin" and (origin is None or urlsplit(origin).netloc in hosts)


def rescued() -> Any:
    """Keep the form; its person goes on with it after signing in, or at once."""
    fields: Fields = {name: values for name, values in request.form.to_dict(flat=False).items() if name != "csrf_token"}
    article_id = (request.view_args or {}).get("article_id")
    too_long = sum(len(value) for values in fields.values() for value in values) > LARGEST
    if too_long or (article_id and not unsaved.can_be_kept_for(article_id)):
        return None
    with saving():
        form_id, key = unsaved.keep_for_a_stranger(article_id, fields, now())
    to = url_for("opened_forms.reopen", form_id=form_id)
    if not current_user.is_authenticated:
        to = url_for("security.login", next=to)
    flash("Your session was over, so nothing is saved yet. What you typed is kept." + lost_picture())
    answer = redirect(to, 303)
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    answer.set_cookie(COOKIE, key, path="/desk", httponly=True, samesite="Lax", secure=secure, max_age=unsaved.KEPT_FOR_A_STRANGER)
    return answer


def lost_picture() -> str:
    return " Choose the picture file once more." if any(file.filename for file in request.files.values()) else ""


def claim() -> Response | None:
    """Whoever has signed in with that browser gets what it sent, or the person whose form it is known to be."""
    key = request.cookies.get(COOKIE)
    if not key or request.method != "GET" or not current_user.is_authenticated:
        return None
    with saving():
        row = unsaved.claim(key, current_user.id)
        form_id = row.form_id if row else None
    to = url_for("opened_forms.reopen", form_id=form_id) if form_id else request.full_path
    answer = redirect(to)
    answer.delete_cookie(COOKIE, path="/desk")
    return answer
