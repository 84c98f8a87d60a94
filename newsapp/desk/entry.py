"""What stands around the desk's pages: the ways in, static files, what every page shows, and refusals in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, current_app, jsonify, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from newsapp.delivery.headers import Environ, StartResponse, Wsgi
from newsapp.news.paper import paper
from newsapp.ops.read_only import read_only

# (title, what to do) for refusals that editors meet.
WORDS = {
    400: ("That did not go through", "The page belonged to an older sign-in. Go back, copy what you typed, reload the page and save again."),
    403: ("This is not yours to do", "Your role does not include it. An admin can change that."),
    404: ("Nothing here", "It may have been moved."),
    409: ("Somebody was faster", "It was changed meanwhile. Open it again and look."),
    413: ("That is too large", "A picture may have 16 MB. Make it smaller and try again."),
    429: ("Too many tries", "Wait a few minutes, then try again."),
    503: (
        "The desk is read-only for now",
        "Nothing was saved. What you typed in a story is kept in this browser: go back, and save it once the notice is gone.",
    ),
    500: ("Something broke", "What you sent was not saved. Go back: your browser still has it. The log says more."),
}


def behind(front: Wsgi, prefix: str, rest: Wsgi) -> Wsgi:
    """One WSGI application for the addresses below a prefix, another for all others."""

    def entry(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return (front if environ["PATH_INFO"].startswith(prefix) else rest)(environ, start_response)

    return entry


def greet(app: Flask) -> None:
    """Add the ways in, the words that every page shows, and the refusals."""
    app.add_url_rule("/", "home", lambda: redirect(url_for("desk.start")))
    app.add_url_rule("/ops", "ops", lambda: redirect(url_for("operations.board")))
    app.context_processor(shell)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(StaleDataError, lambda error: message(409))
    app.after_request(keep_private)


def shell() -> dict[str, Any]:
    return {"paper": paper(), "person": current_user, "read_only": read_only(current_app.config)}


def refused(error: HTTPException) -> Any:
    """A refusal in the desk's look, or as JSON to a program; redirects and the like pass as they are."""
    if error.code is None or error.code < 400:
        return error
    if request.path.startswith("/api/"):
        return as_json(error)
    if error.code == 405 and request.method == "GET" and (page := page_above(request.path)):
        return redirect(page)
    told = message(error.code, error.description if error.code == 409 else None)
    return (*told, {"Retry-After": "60"}) if error.code == 503 else told


def page_above(path: str) -> str | None:
    """Where to lead who opens the address that a form is sent to, as Enter in the address bar below a refused form does."""
    addresses: Any = current_app.create_url_adapter(request)
    while path := path.rpartition("/")[0]:
        if addresses.test(path, "GET"):
            return path
    return None


def as_json(error: HTTPException) -> Any:
    """{"error": ...}, with the headers that belong to the refusal."""
    answer = error.get_response()
    return jsonify(error=error.description), error.code, [(name, value) for name, value in answer.headers if not name.startswith("Content-")]


def message(code: int, detail: str | None = None) -> tuple[str, int]:
    title, advice = WORDS.get(code, ("That did not go through", "Go back and try again."))
    return render_template("desk/message.html", title=title, advice=detail or advice), code


def keep_private(response: Response) -> Response:
    """Nobody between keeps a page of the desk."""
    if request.path.startswith("/desk"):
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response
