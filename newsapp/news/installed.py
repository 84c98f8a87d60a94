"""The paper as something that a device keeps: its manifest, the service worker, and the page for when there is no network."""

from __future__ import annotations

import json

from flask import Blueprint, current_app, make_response
from werkzeug.wrappers import Response

from newsapp.delivery.assets import Assets
from newsapp.delivery.page import cacheable, note, page
from newsapp.news.paper import paper
from newsapp.settings.registry import BY_NAME

installed = Blueprint("installed", __name__)

STYLES = ("tokens", "base", "masthead", "card", "most-viewed", "section", "prose", "article", "front")
SCRIPTS = ("scheme", "offline", "kept", "beacon", "next", "share", "protect", "copy-policy", "most-viewed", "embed", "toast", "breaking")
FONTS = ("source-serif-display", "source-serif-text", "source-serif-italic", "public-sans")
# The static files that make the pages which are kept whole.
FILES = (*(f"css/{name}.css" for name in STYLES), *(f"js/{name}.js" for name in SCRIPTS), *(f"fonts/{name}.woff2" for name in FONTS))
ICONS = (("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "maskable"))


@installed.get("/manifest.webmanifest")
@cacheable()
def manifest() -> Response:
    """What a device that installs the paper calls it and shows of it."""
    settings, colour, assets = paper(), current_app.jinja_env.globals["paper_colour"].light, kept_assets()  # type: ignore[attr-defined]
    said = {
        "name": settings["site_name"], "short_name": settings["site_name"][:12].strip(), "description": settings["site_motto"],
        "lang": settings["language"], "id": "/", "start_url": "/", "scope": "/", "display": "minimal-ui",
        "background_color": colour, "theme_color": colour,
        "icons": [{"src": assets.address(f"icons/{name}"), "sizes": sizes, "type": "image/png", "purpose": use} for name, sizes, use in ICONS],
    }  # fmt: skip
    response = make_response(json.dumps(said))
    response.content_type = "application/manifest+json"
    return note(response, {"settings"})


@installed.get("/service-worker.js")
@cacheable()
def service_worker() -> Response:
    """The service worker of this release; where reading offline is off, one that removes itself and all that was kept."""
    assets, on = kept_assets(), current_app.config["OFFLINE_READING"]
    release = f"const RELEASE = '{assets.digest}', FILES = {json.dumps([assets.address(name) for name in (*FILES, *of_this_paper())])};\n"
    script = assets.files[f"js/service-worker{'' if on else '-off'}.js"].body.decode()
    response = make_response(release + script if on else script)
    response.content_type = "text/javascript; charset=utf-8"
    return note(response, {"settings"})


def of_this_paper() -> list[str]:
    """What pages need beside FILES: the style sheet of the accent colour, where it is not ours."""
    colour = paper()["accent"]
    return [] if colour == BY_NAME["accent"].default else [f"accent/{colour.removeprefix('#')}.css"]


@installed.get("/offline")
@cacheable()
def offline() -> Response:
    """What stands in the place of a page that cannot be fetched and is not kept."""
    return page("news/offline.html", depends={"settings", "site"})


def kept_assets() -> Assets:
    assets: Assets = current_app.extensions["assets"]
    return assets
