"""Pictures from the media folder, and the icon that browsers ask for by name."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from flask import abort, current_app, request, send_from_directory
from werkzeug.wrappers import Response

from newsapp.rights import hotlinks
from newsapp.settings.store import effective

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


def media_for_readers(name: str) -> Response:
    """A picture of a page of ours; 403 for a page of another site where the paper wants that.

    The answer then depends on who asks, so that a cache which many share must not keep it.
    """
    known = current_app.extensions["memory"].values.get("settings")  # a picture waits for no database
    settings = effective(known["values"] if known else {}, "site")
    if not hotlinks.are_refused(settings):
        return media(name)
    if hotlinks.is_hotlink(request.environ, current_app.config, settings["hotlink_hosts"]):
        return not_there(f"{current_app.config['SITE_URL']}{request.path}")
    answer = media(name)
    answer.cache_control.public, answer.cache_control.private = False, True
    return answer


def not_there(address: str) -> Response:
    words = f"This picture is not for pages of other sites.\nIt can be seen at {address}\n"
    headers = {"Cache-Control": "no-store", "Vary": hotlinks.DEPENDS_ON}
    return Response(words, 403, headers, content_type="text/plain; charset=utf-8")


def favicon() -> Response:
    return send_from_directory(Path(current_app.root_path) / "static" / "icons", "favicon.ico", mimetype="image/x-icon", max_age=DAY)
