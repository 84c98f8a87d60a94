"""Pictures from the media folder, and the icon that browsers ask for by name."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from flask import abort, current_app, send_from_directory
from werkzeug.wrappers import Response

YEAR = 365 * 24 * 3600
DAY = 24 * 3600
KINDS = {
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
}  # what a browser draws and never runs


def media(name: str) -> Response:
    """A picture. Its content never changes under its name, so that browsers need not ask again."""
    path = PurePosixPath(name)
    kind = KINDS.get(path.suffix.lower())
    if kind is None or any(part.startswith(".") for part in path.parts):
        abort(404)
    folder: Path = current_app.config["NEWSAPP_HOME"] / "media"
    answer = send_from_directory(folder, name, mimetype=kind, max_age=YEAR)
    answer.cache_control.public, answer.cache_control.immutable = True, True
    return answer


def favicon() -> Response:
    return send_from_directory(Path(current_app.root_path) / "static" / "icons", "favicon.ico", mimetype="image/x-icon", max_age=DAY)
