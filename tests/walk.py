"""Every page of the desk, found in the map of addresses: a page that is added later is walked too, or its test asks for a line here."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from PIL import Image
from playwright.sync_api import Page

from newsapp.people.rights import BY_ENDPOINT, OPEN, SECRET
from tests.paper import HEX, Paper

AXE = (Path(__file__).parent / "fixtures" / "axe" / "axe.min.js").read_text()
# Drawn, and no colour on its way to another: one that fades, however fast, has its new value a frame later.
SETTLED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  .then(() => document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < 5000))
  .then((changes) => Promise.allSettled(changes.map(({ finished }) => finished)))
  .then(() => true)"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (runOnly) => (await axe.run(document, { resultTypes: ['violations'], runOnly }))
  .violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} (${failureSummary})`))"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Stop:
    """One page of the walk: its endpoint, the name of its picture, where it is, and what it answers."""

    endpoint: str
    name: str
    path: str
    status: int = 200
    signed_in: bool = True


# What stands in the address of a page that shows one of many.
NEEDS: dict[str, Callable[[Paper], str]] = {
    "desk.edit": lambda paper: f"articles/{paper.live}",
    "desk.ask_takedown": lambda paper: f"articles/{paper.draft}/takedown",
    "publishing.corrections": lambda paper: f"articles/{paper.live}/corrections",
    "publishing.edit_note": lambda paper: f"articles/{paper.live}/corrections/{paper.note}",
    "publishing.preview_links": lambda paper: f"articles/{paper.live}/preview-links",
    "numbers.show": lambda paper: f"articles/{paper.live}/numbers",
    "revisions.show": lambda paper: f"articles/{paper.draft}/revisions",
    "revisions.versions": lambda paper: f"articles/{paper.draft}/versions/{paper.aside}",
    "front.ask": lambda paper: "front/1",
    "most_viewed.story": lambda paper: f"most-viewed/{paper.live}",
    "filing.list_names": lambda paper: "names/tags",
    "filing.name": lambda paper: f"names/tags/{paper.tag}",
    "people.person": lambda paper: f"people/{paper.person}",
    "plain_pages.edit": lambda paper: f"pages/{paper.plain}",
    "pictures.show": lambda paper: f"pictures/{paper.picture}",
    "previews.saved": lambda paper: f"preview/articles/{paper.live}",
    "invited.ask": lambda paper: f"invited/{paper.invitation}",
    "security.reset_password": lambda paper: f"reset/{paper.reset}",
    "previews.shared": lambda paper: f"preview/shared/{paper.secret}",
    "previews.site_at": lambda paper: f"preview/site/{paper.moment}/",
}
# The same page with other things on it.
MORE: tuple[tuple[str, str, Callable[[Paper], str]], ...] = (
    ("desk.articles", "articles-found", lambda paper: "?q=ferry&tag=Harbour"),
    ("desk.articles", "articles-none", lambda paper: "?q=zeppelin"),
    ("desk.edit", "edit-draft", lambda paper: f"articles/{paper.draft}"),
    ("desk.edit", "edit-in-review", lambda paper: f"articles/{paper.review}"),
    ("desk.edit", "edit-unsaved", lambda paper: f"articles/{paper.draft}?unsaved={HEX}"),
    ("filing.list_names", "names-authors", lambda paper: "names/authors"),
    ("rights.show", "rights-tried", lambda paper: "rights?address=/"),
    ("desk.articles", "message", lambda paper: "nowhere"),
)
# What is asked for with GET and is no page of its own.
NO_PAGE = {
    "home": "leads to the desk", "ops": "leads to the operations board", "desk.start": "leads to the list", "filing.start": "leads to the first list",
    "numbers.ask_month": "leads to the file", "most_viewed.find": "leads to the story", "opened_forms.reopen": "leads to the form",
    "security.wan_delete": "is only sent to", "security.wan_verify": "asks the browser for a passkey that the person has",
    "security.tf_select": "there is one second factor",
    "account.qr": "a picture", "desk.media": "a picture", "desk.share_picture": "a picture", "previews.shared_media": "a picture",
    "audit.download": "a file", "numbers.month": "a file",
    "finding.find": "for a script", "finding.address": "for a script", "finding.embed": "for a script", "opened_forms.form_token": "for a script",
    "opened_forms.waiting": "for a script", "front.stories": "for a script", "numbers.current": "for a script", "operations.current": "for a script",
    "settings.reach": "for a script", "health.livez": "for tools", "health.readyz": "for tools", "health.metrics": "for tools",
}  # fmt: skip
# Pages that somebody sees on the way in.
DOOR = OPEN | SECRET
# Between the password and the code; they are walked by somebody who stands there.
HALFWAY = ("security.two_factor_token_validation", "security.two_factor_rescue", "security.mf_recovery")
# What comes after a button on such a page.
BESIDES = ("codes-scan", "said")


def endpoints(app: Flask) -> list[str]:
    """All pages of the desk."""
    there = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    return sorted(there & ({*BY_ENDPOINT} | DOOR) - {*NO_PAGE, *HALFWAY})


def name_of(endpoint: str) -> str:
    return endpoint.replace(".", "-").replace("_", "-")


def stops(app: Flask, paper: Paper) -> Iterator[Stop]:
    """The whole walk. An address with something in it that nobody named raises KeyError."""
    rules = {rule.endpoint: rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    for endpoint in endpoints(app):
        path = f"/desk/{NEEDS[endpoint](paper)}" if rules[endpoint].arguments else rules[endpoint].rule
        yield Stop(endpoint, name_of(endpoint), path, signed_in=endpoint not in DOOR)
    for endpoint, name, more in MORE:
        yield Stop(endpoint, name, f"/desk/{more(paper)}", status=404 if name == "message" else 200)


def names(app: Flask) -> set[str]:
    """What the pictures of the walk are called."""
    return {*map(name_of, [*endpoints(app), *HALFWAY]), *(name for _, name, _ in MORE), *BESIDES}


def wrong_with(page: Page, look: Callable[[str], Any] = lambda name: None) -> list[str]:
    """What is not right with a page that is open, at a desk by day and on a phone at night; `look` may take pictures."""
    found = []
    page.evaluate(AXE)
    for where, size, scheme in (("light, 1440", DESKTOP, "light"), ("dark, 390", PHONE, "dark")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(SETTLED)
        if wider := page.evaluate(WIDER):
            found.append(f"{where}: {wider} px too wide")
        found += [f"{where}: {each}" for each in page.evaluate(RUN, RULES)]
        look(where)
    return found


def photograph(page: Page, folder: str | None, name: str) -> None:
    """What can be seen, as a picture for the docs; nothing without a folder. Drawings and text stay legible, 60 KB are enough."""
    if not folder:
        return
    shot = Image.open(io.BytesIO(page.screenshot()))
    path = Path(folder) / f"{name}{'-phone' if shot.width < 1000 else ''}.webp"
    for quality in (60, 45, 30, 15):
        shot.save(path, quality=quality)
        if path.stat().st_size < 60_000:
            break
