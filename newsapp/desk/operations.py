"""The operators' board: one page, and the fragment of it that refreshes itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from newsapp.desk.loaders import zone
from newsapp.ops import board as plate
from newsapp.ops import reading

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


def context() -> dict[str, Any]:
    found = reading.read()
    tiles = plate.tiles(found)
    return {
        "figures": found, "tiles": tiles, "summary": plate.summary(tiles), "alarms": plate.alarms(found),
        "rungs": plate.rungs(found), "ages": plate.ages_by_window(found), "spoken": plate.spoken, "size": plate.size, "silent": plate.SILENT,
        "zone": zone(),
    }  # fmt: skip
