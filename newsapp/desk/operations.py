"""The operators' board: one page, and the fragment of it that refreshes itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from newsapp.audit import deeds
from newsapp.database import now
from newsapp.desk.loaders import zone
from newsapp.ops import board as plate
from newsapp.ops import read_only, reading
from newsapp.saving import saving

operations = Blueprint("operations", __name__, url_prefix="/desk/ops")


@operations.get("")
def board() -> str:
    return render_template("ops/board.html", **context())


@operations.get("/now")
def current() -> Response:
    """The board's inner part, or 304 while nothing on it has moved."""
    answer = make_response(render_template("ops/_board.html", **context()))
    answer.add_etag()
    return answer.make_conditional(request)


@operations.post("/read-only")
def close_desk() -> Response:
    """Let editors read and change nothing."""
    with saving():
        deeds.say("desk", "desk", "The desk", "read-only")
    read_only.begin(current_app.config, request.form.get("says", ""), now())
    return redirect(url_for("operations.board"), 303)


@operations.post("/read-only/removal")
def open_desk() -> Response:
    """Let them work again."""
    read_only.end(current_app.config)
    with saving():
        deeds.say("desk", "desk", "The desk", "no longer read-only")
    return redirect(url_for("operations.board"), 303)


def context() -> dict[str, Any]:
    found = reading.read()
    tiles = plate.tiles(found)
    return {
        "figures": found, "tiles": tiles, "summary": plate.summary(tiles), "alarms": plate.alarms(found),
        "rungs": plate.rungs(found), "ages": plate.ages_by_window(found), "spoken": plate.spoken, "size": plate.size, "silent": plate.SILENT,
        "zone": zone(),
    }  # fmt: skip
