"""What lets a device keep the paper: the manifest, the service worker, the page for when there is no network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from newsapp.config import Config
from newsapp.database import db, writes
from newsapp.delivery.colours import paper_of
from newsapp.settings.store import change
from tests.reading import Reader, publish, reader_of

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def without(config: Config) -> Iterator[Reader]:
    """A reader of a paper that keeps nothing."""
    yield from reader_of(config | {"OFFLINE_READING": False})


def test_the_manifest_has_the_papers_name_colours_and_icons(reader: Reader) -> None:
    with writes():
        change("site", "site_name", "The Harbour Times", "chief@newsapp.example")
        db.session.commit()
    answer = reader.get("/manifest.webmanifest")
    said = answer.get_json(force=True)
    assert answer.content_type == "application/manifest+json"
    assert (said["name"], said["start_url"], said["scope"]) == ("The Harbour Times", "/", "/")
    assert said["theme_color"] == paper_of(ROOT).light
    for icon in said["icons"]:
        image = Image.open(BytesIO(reader.get(icon["src"]).data))
        assert f"{image.width}x{image.height}" == icon["sizes"]


def test_each_page_says_its_colour_by_day_and_by_night(reader: Reader) -> None:
    publish("story")
    colours = paper_of(ROOT)
    for path in ("/", "/world/story"):
        found = re.findall(r'<meta name="theme-color" content="([^"]+)" media="\(prefers-color-scheme: (\w+)\)">', reader.text(path))
        assert found == [(colours.light, "light"), (colours.dark, "dark")]
        assert '<link rel="manifest" href="/manifest.webmanifest">' in reader.text(path)


def test_the_service_worker_is_asked_for_each_time_and_knows_its_files(reader: Reader) -> None:
    answer = reader.get("/service-worker.js")
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "manifest-src 'self'" in answer.headers["Content-Security-Policy"]
    files = re.findall(r'"(/static/[^"]+)"', answer.text)
    digest = reader.app.extensions["assets"].digest
    assert f"const RELEASE = '{digest}'" in answer.text
    assert all(digest in file and reader.get(file).status_code == 200 for file in files)


def test_what_a_story_is_made_of_is_among_the_files(reader: Reader) -> None:
    publish("story")
    files = set(re.findall(r'"(/static/[^"]+)"', reader.text("/service-worker.js")))
    for path in ("/", "/world/story", "/offline"):
        assert set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js|woff2))"', reader.text(path))) <= files


def test_the_page_for_no_network_is_listed_nowhere(reader: Reader) -> None:
    assert '<meta name="robots" content="noindex">' in reader.text("/offline")
    assert "/offline" not in reader.text("/sitemap/sections.xml")


def test_switched_off_the_service_worker_removes_itself(without: Reader) -> None:
    publish("story")
    script = without.text("/service-worker.js")
    assert "unregister()" in script
    assert "addEventListener('fetch'" not in script
    assert "offline.js" not in without.text("/world/story")
    assert "manifest.webmanifest" in without.text("/world/story")
