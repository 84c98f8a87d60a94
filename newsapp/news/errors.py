"""What a reader sees who finds nothing, or for whom something broke."""

from __future__ import annotations

from flask import current_app, make_response, redirect, render_template, request
from sqlalchemy.exc import DBAPIError, TimeoutError
from werkzeug.exceptions import Gone, InternalServerError, NotFound
from werkzeug.wrappers import Response

from newsapp import languages
from newsapp.news import old_addresses

Answer = tuple[str, int] | tuple[str, int, dict[str, str]] | Response


def not_found(error: NotFound) -> Answer:
    """The new address of what was moved here long ago; else a page that helps to go on."""
    target = old_addresses.find(request.path)
    return redirect(target, 301) if target else (render_template("news/not_found.html"), 404)


def gone(error: Gone) -> Answer:
    return render_template("news/gone.html"), 410


def expired(status: int) -> Response:
    """What stands where a story was shown for a time only."""
    return make_response(render_template("news/expired.html"), status)


def broken(error: InternalServerError) -> Answer:
    """A page made without database and blocks, since either may be what broke."""
    database_is_away = isinstance(error.original_exception, DBAPIError | TimeoutError)
    with languages.speaking(remembered_language()):
        text = render_template("news/broken.html", language=languages.spoken())
    return text, 503 if database_is_away else 500, {"Retry-After": "30"}


def remembered_language() -> str:
    """The paper's language as this process last heard it; asks nobody."""
    memory = current_app.extensions.get("memory")
    settings = memory.values.get("settings") if memory else None
    return str((settings or {}).get("values", {}).get("site", {}).get("language", languages.ENGLISH))
