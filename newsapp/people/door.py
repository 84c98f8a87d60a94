"""The door of the desk: each request is let in by the table of rights, or sent to sign in, or told that it may not."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_security import current_user, logout_user
from werkzeug.wrappers import Response

from newsapp.audit import deeds
from newsapp.audit.deeds import Deed
from newsapp.database import now
from newsapp.news.paper import paper
from newsapp.ops.read_only import read_only
from newsapp.people import sessions
from newsapp.people.rights import ADMIN, BY_ENDPOINT, BY_NAME, CHIEF, KEYED, OPEN, SECRET, WHILE_READ_ONLY

SESSION = "sid"  # what the cookie calls the session's token
SAFE = ("GET", "HEAD", "OPTIONS")
# Where a person goes who must have a second factor and has none yet.
SETTING_UP = BY_NAME["account"]


def init_door(app: Flask) -> None:
    app.extensions["turns_away"] = to_sign_in  # what answers in place of a route, to who is not signed in
    app.before_request(guard)
    app.teardown_request(lambda error: deeds.begin(None))
    app.context_processor(lambda: {"may": may, "opens": opens})


def guard() -> Response | None:
    """Let the request in, or answer in its place."""
    endpoint = request.endpoint
    deeds.begin(None)
    if endpoint is None:
        return None
    if endpoint not in OPEN | KEYED | SECRET:
        if not is_signed_in():
            return current_app.extensions["turns_away"]()  # type: ignore[no-any-return]
        if not opens(endpoint):
            abort(403)
        if lacks_second_factor() and BY_ENDPOINT[endpoint] is not SETTING_UP:
            flash("Your role needs a second factor. Set up an authenticator app, or sign in with a passkey.", "error")
            return redirect(url_for("account.show"))
    if request.method not in SAFE and endpoint not in KEYED | WHILE_READ_ONLY and read_only(current_app.config):
        abort(503)
    if request.method not in SAFE and endpoint not in KEYED:
        deeds.begin(Deed(who(), endpoint, thing()))
    return None


def is_signed_in() -> bool:
    """Whether a person is signed in, in a session that nobody has ended."""
    if not current_user.is_authenticated:
        return False
    if sessions.go_on(session.get(SESSION, ""), current_user.id, now()):
        return True
    logout_user()
    return False


def to_sign_in() -> Response:
    """The sign-in page, and after it the page that was asked for; for a form that was sent, the page that it stood on."""
    back = urlsplit(request.full_path if request.method in SAFE else request.referrer or "")
    wanted = back.path + (f"?{back.query}" if back.query else "")
    return redirect(url_for("security.login", next=wanted if wanted.startswith("/desk") else None))


def opens(endpoint: str) -> bool:
    """Whether the person who asks may use the route. One that stands in no record is closed."""
    right = BY_ENDPOINT.get(endpoint)
    return right is not None and may(right.name)


def may(right: str) -> bool:
    """Whether the person who asks has the right."""
    return current_user.is_authenticated and BY_NAME[right].is_held((role.name for role in current_user.roles), paper())


def require(right: str) -> None:
    """Go on only with the right, where a route does more than one thing."""
    if not may(right):
        abort(403)


def lacks_second_factor() -> bool:
    """Whether the paper asks chiefs and admins for a second factor, and this one came without."""
    if current_user.has_codes or not {CHIEF, ADMIN} & {role.name for role in current_user.roles}:
        return False
    if paper()["second_factor"] != "on":
        return False
    return sessions.way_in(session.get(SESSION, "")) != sessions.PASSKEY


def who() -> str:
    return str(current_user.email) if current_user.is_authenticated else ""


def thing() -> str:
    """What the address names, such as article:12."""
    named = {name: value for name, value in (request.view_args or {}).items() if name.endswith("_id")}
    return next((f"{name.removesuffix('_id')}:{value}" for name, value in named.items()), "")
