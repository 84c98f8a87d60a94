"""The keyed API: views that a paper's own apps report. On the desk's listener, since the site reads no body."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from flask_limiter import Limiter
from werkzeug.exceptions import HTTPException

from newsapp.database import now
from newsapp.traffic import keys
from newsapp.traffic.ingest import MOST_BYTES, TooMany, Wrong, read_views
from newsapp.traffic.intake import Intake, NotTaken

app_api = Blueprint("app_api", __name__, url_prefix="/api/v1")

REQUESTS = "600 per minute"  # of one key
REST = "5"  # seconds after which an app tries again

Answer = tuple[Response, int] | tuple[Response, int, dict[str, str]]


def init_api(app: Flask, limiter: Limiter) -> None:
    """Add it. A key in a header is no cookie: nothing here can be forged from another site's page."""
    app.extensions["intake"] = Intake(app.config)
    app.extensions["csrf"].exempt(app_api)
    app.register_blueprint(app_api)
    view: Any = app.view_functions["app_api.receive_views"]
    app.view_functions["app_api.receive_views"] = limiter.limit(REQUESTS, key_func=hashed_key)(view)


@app_api.post("/views")
def receive_views() -> Answer:
    """Take the views of an app: all of a request, or none. 202 means: they are in the inbox."""
    app = keys.owner(bearer())
    views = read_views(body(), now())
    current_app.extensions["intake"].take(current_app.extensions["redis_desk"], app, views)
    return jsonify(received=len(views)), 202


def bearer() -> str:
    """The key that was sent; empty for none."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def hashed_key() -> str:
    return blake2b(bearer().encode(errors="replace"), digest_size=12).hexdigest()


def body() -> Any:
    """The request's JSON. Refuses, before a byte is read, what is of another form or size."""
    if request.mimetype != "application/json":
        abort(415, "send JSON, with Content-Type: application/json")
    if request.content_length is None:
        abort(411, "send a Content-Length")
    if request.content_length > MOST_BYTES:
        abort(413, f"{request.content_length} bytes are too many; send at most {MOST_BYTES} at once")
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise Wrong(f"the body is no JSON: {error}") from None


@app_api.errorhandler(keys.KeyRefused)
def key_refused(error: keys.KeyRefused) -> Answer:
    if error.revoked:
        return jsonify(error=str(error)), 403
    return jsonify(error=str(error)), 401, {"WWW-Authenticate": 'Bearer realm="views"'}


@app_api.errorhandler(Wrong)
def wrong(error: Wrong) -> Answer:
    """What is wrong with which view."""
    problems = [{"index": place, "error": problem} for place, problem in error.problems]
    return jsonify(error=str(error), views=problems), 413 if isinstance(error, TooMany) else 422


@app_api.errorhandler(429)
def too_many(error: HTTPException) -> Answer:
    return jsonify(error=f"too many requests with one key ({REQUESTS}); gather views, up to 1,000 in one"), 429, {"Retry-After": "60"}


@app_api.errorhandler(NotTaken)
def not_taken(error: NotTaken) -> Answer:
    """An honest 503. It may be stored all the same, and sent again it counts once."""
    return jsonify(error=f"{error} Send the same views again, with the same ids."), 503, {"Retry-After": REST}
