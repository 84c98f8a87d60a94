"""Blocks: what many pages share or what moves by itself, spliced into pages when they are sent.

A template writes `{{ block("most_viewed", "site", 10) }}`; the page keeps a mark there, and the
block's bytes of the moment take its place. So a moving list empties no page cache.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flask import Flask, current_app
from markupsafe import Markup, escape

from newsapp import languages
from newsapp.delivery.memory import Memory
from newsapp.delivery.menu import MENU, menu_of
from newsapp.news import dates
from newsapp.rights.policy import Policy
from newsapp.settings.links import network_of
from newsapp.settings.registry import BY_NAME
from newsapp.settings.store import effective, own
from newsapp.traffic.asked import Asked, scope_of
from newsapp.traffic.shown import shown
from newsapp.traffic.tokens import token_query
from newsapp.traffic.windows import BY_SLUG, WINDOWS

# A nonce of the process's own: no text that somebody wrote can place a block.
OPEN, CLOSE, BETWEEN = f"\x02{secrets.token_hex(4)}:", "\x03", "\x1f"
FOOT = 8  # plain pages at the foot


class Rendered(NamedTuple):
    """A block's bytes and until when, in seconds since 1970, the clock leaves them as they are.

    Two with the same `sense` say the same to a reader, though their bytes differ a little.
    """

    body: bytes
    valid_until: float
    sense: object = None

    def says_what(self, other: Rendered) -> bool:
        """Whether the other may stand in its place, so that pages with it need not be composed anew."""
        return self == other or (self.sense is not None and self.sense == other.sense)


@dataclass
class Kept:
    """A block as last made, with the versions of the copies that it was made from."""

    rendered: Rendered
    read: dict[str, int] = field(default_factory=dict)


class Blocks:
    """Makes blocks from memory and keeps each until a copy that it read moves or its time is over."""

    def __init__(self, app: Flask, memory: Memory) -> None:
        self.app, self.memory = app, memory
        self.kept: dict[str, Kept] = {}

    def get(self, mark: str, at: float) -> Rendered:
        """The block that a mark (its name and arguments) stands for. The same object as long as its bytes are the same."""
        kept = self.kept.get(mark)
        if kept and at < kept.rendered.valid_until and all(self.memory.version(name) == version for name, version in kept.read.items()):
            return kept.rendered
        return self.make(mark, at, kept)

    def make(self, mark: str, at: float, old: Kept | None) -> Rendered:
        reading = Reading(self.memory, datetime.fromtimestamp(at, UTC))
        with self.app.app_context():
            rendered = made(mark, reading)
        if old and rendered.says_what(old.rendered):
            rendered = old.rendered
        if len(self.kept) > 50_000:  # "ago" of an archive being crawled; all can be made again
            self.kept.clear()
        self.kept[mark] = Kept(rendered, reading.versions)
        return rendered


class Reading:
    """One making of a block: notes which copies it reads, at which version."""

    def __init__(self, memory: Memory, at: datetime) -> None:
        self.memory, self.at = memory, at
        self.versions: dict[str, int] = {}

    def copy(self, name: str) -> dict[str, Any]:
        self.memory.read(name)  # the first time, it comes from Redis or SQL
        self.versions.setdefault(name, self.memory.version(name))  # before the value: an old one must not pass for the new
        return self.memory.read(name)

    def settings(self, *scopes: str) -> dict[str, Any]:
        """Every setting's value for these scopes, the narrowest last."""
        return effective(self.copy("settings")["values"], "site", *scopes)

    def language(self) -> str:
        """The paper's language, as a tag."""
        return str(self.copy("settings")["values"].get("site", {}).get("language", BY_NAME["language"].default))

    def hidden(self) -> set[int]:
        """Stories that no reader may see at this moment. A copy of an older release knows of no ends."""
        return set(self.copy("hidden")["ids"]) | {article for article, end in self.ends().items() if end <= self.at.timestamp()}

    def ends(self) -> dict[int, float]:
        """When stories end that are shown for a time only."""
        return {int(article): end for article, end in self.copy("hidden").get("ending", {}).items()}

    def held_out(self) -> dict[int, int]:
        """Stories that are in no list, with the moment at which each may come back. A copy of an older release knows of none."""
        return {int(article): until for article, until in self.copy("hidden").get("held_out", {}).items()}


def mark(name: str, *arguments: object) -> Markup:
    """What a template leaves in the page where a block goes. Raises KeyError for a block that is not there."""
    if name not in BLOCKS:
        raise KeyError(f"no block {name!r}; there are {', '.join(sorted(BLOCKS))}")
    return Markup(OPEN + BETWEEN.join([name, *map(str, arguments)]) + CLOSE)  # noqa: S704 - marks are split out, never sent


def made(mark: str, reading: Reading) -> Rendered:
    """A block made anew, in the paper's language."""
    name, *arguments = mark.split(BETWEEN)
    with languages.speaking(reading.language()):
        return BLOCKS[name](reading, *arguments)


def render(template: str, valid_until: float = math.inf, **context: Any) -> Rendered:
    """A block from its template in templates/blocks/."""
    text = current_app.jinja_env.get_template(f"blocks/{template}.html").render(context)
    return Rendered(text.encode(), valid_until)


def text(value: str, valid_until: float = math.inf) -> Rendered:
    return Rendered(str(escape(value)).encode(), valid_until)


# The blocks


def masthead(reading: Reading, current: str = "") -> Rendered:
    settings = reading.settings()
    zone = dates.zone(settings["time_zone"])
    today = reading.at.astimezone(zone)
    midnight = dates.next_midnight(reading.at, zone)
    site = reading.copy("site")
    menu, has_more = menu_of(settings["menu"], site)
    shown = {"menu": menu, "has_more": has_more, "current": current, **name_of(reading, settings)}
    return render("masthead", midnight.timestamp(), settings=settings, today=today, **shown)


def name_of(reading: Reading, settings: dict[str, Any]) -> dict[str, Any]:
    """What head and foot say of the paper itself. A copy of an older release knows of no logos."""
    networks = [(network_of(address), name, address) for name, address in settings["profiles"]]
    return {
        "logos": reading.copy("settings").get("logos", {}),
        "profiles": [(network.slug if network else "", name, address) for network, name, address in networks],
    }


def breaking(reading: Reading) -> Rendered:
    """The line above the news; nothing when there is none, its time is over, or its story is off the site."""
    line = reading.copy("site").get("breaking")
    if not line or line["until"] <= reading.at.timestamp() or line["article_id"] in reading.hidden():
        return Rendered(b"", math.inf)
    zone = dates.zone(reading.settings()["time_zone"])
    return render("breaking", line["until"], line=line, at=datetime.fromisoformat(line["at"]), zone=zone)


def colophon(reading: Reading) -> Rendered:
    site = reading.copy("site")
    settings = reading.settings()
    shown = {"sections": site["sections"][:MENU], "pages": site["pages"][:FOOT], "year": reading.at.year, **name_of(reading, settings)}
    return render("colophon", settings=settings, **shown)


def accent(reading: Reading) -> Rendered:
    """The link to the style sheet of the accent colour; none for the one that tokens.css has."""
    colour = reading.settings()["accent"]
    return Rendered(b"", math.inf) if colour == BY_NAME["accent"].default else render("accent", colour=colour.removeprefix("#"))


def site_name(reading: Reading) -> Rendered:
    return text(reading.settings()["site_name"])


def language(reading: Reading) -> Rendered:
    return text(reading.language())


def direction(reading: Reading) -> Rendered:
    return text(languages.spoken().direction)


def ago(reading: Reading, moment: str) -> Rendered:
    published = datetime.fromisoformat(moment)
    phrase, until = dates.ago(published, reading.at)
    if not phrase:
        phrase = dates.day(published, dates.zone(reading.settings()["time_zone"]))
    return text(phrase, until.timestamp() if until else math.inf)


def listed(reading: Reading, copy: dict[str, Any], limit: int) -> dict[str, Any]:
    """A list as it is now: {items, as_of, window}, pins in their places, without what is hidden or held out, cut to a length."""
    at = reading.at.timestamp()
    away = reading.hidden() | {article for article, until in reading.held_out().items() if until > at}
    return {"items": shown(copy, away, at)[:limit], "as_of": datetime.fromisoformat(copy["as_of"]), "window": BY_SLUG[copy["window"]]}


def next_end(reading: Reading, copy: dict[str, Any]) -> float:
    """When the clock alone next ends a story, or what an editor decided about a list, in seconds since 1970."""
    ends = [*(pin["until"] for pin in copy.get("pinned", ())), *reading.held_out().values(), *reading.ends().values()]
    return min((until for until in ends if until > reading.at.timestamp()), default=math.inf)


def most_viewed(reading: Reading, scope: str, length: str = "") -> Rendered:
    settings = reading.settings()
    limit = int(length) if length else settings["most_viewed_length"]
    copy = reading.copy(f"list:{scope}:{settings['most_viewed_window']}")
    found, valid_until = listed(reading, copy, limit), next_end(reading, copy)
    zone = dates.zone(settings["time_zone"])
    sections = reading.copy("site")["sections"]
    section = next((section for section in sections if scope_of(section["id"]) == scope), None)
    rendered = render("most_viewed", valid_until, settings=settings, windows=WINDOWS, scope=scope, section=section, length=limit, zone=zone, **found)
    return rendered._replace(sense=sense_of(found, settings, section, valid_until))


def sense_of(found: dict[str, Any], *more: object) -> object:
    """What a list says: its order, and the minute it is as of. Its numbers move with every reader, and wait for the minute."""
    lines = tuple((item["path"], item["headline"], "pinned" in item) for item in found["items"])
    return lines, found["as_of"].replace(second=0), repr(more)


def more_in_section(reading: Reading, section_id: str, article_id: str) -> Rendered:
    sections = {section["id"]: section for section in reading.copy("site")["sections"]}
    section, hidden = sections.get(int(section_id)), reading.hidden()
    if section is None:
        return Rendered(b"", math.inf)
    others = [item for item in section["latest"] if item["id"] != int(article_id) and item["id"] not in hidden]
    coming = [datetime.fromisoformat(item["published_at"]) for item in others]
    turns = [*(moment.timestamp() for moment in coming), *reading.ends().values()]
    valid_until = min((turn for turn in turns if turn > reading.at.timestamp()), default=math.inf)
    items = [item for item, moment in zip(others, coming, strict=True) if moment <= reading.at][:4]
    return render("more_in_section", valid_until, section=section, items=items)


def protection(reading: Reading, section_id: str, article_id: str) -> Rendered:
    """The attributes that protect.js reads; none when copying is free."""
    settings = reading.settings(f"section:{section_id}", f"article:{article_id}")
    if settings["protection_mode"] == "off":
        return Rendered(b"", math.inf)
    attributes = {"": settings["protection_mode"]}
    attributes |= {"-limit": settings["protection_limit"], **{f"-{name}": own(settings, f"protection_{name}") for name in ("message", "credit")}}
    joined = " ".join(f'data-protect{name}="{escape(value)}"' for name, value in attributes.items())
    return Rendered(f" {joined}".encode(), math.inf)


def rights(reading: Reading) -> Rendered:
    """What machines read in a page's head of what may be done with it."""
    return render("rights", policy=Policy.of(reading.settings(), current_app.config["SITE_URL"]))


def toast(reading: Reading) -> Rendered:
    return render("toast", settings=reading.settings())


def installed(reading: Reading) -> Rendered:
    """What lets a device install the paper, and keep what is read."""
    return render("installed", offline=current_app.config["OFFLINE_READING"])


def beacon(reading: Reading, article_id: str) -> Rendered:
    """The attribute that beacon.js reads, with the token of the hour."""
    return Rendered(f' data-beacon="/beacon?{address(reading, article_id)}"'.encode(), next_hour(reading))


def beacon_pixel(reading: Reading, article_id: str) -> Rendered:
    pixel = f'<img src="/beacon.gif?{address(reading, article_id)}" alt="" width="1" height="1">'
    return Rendered(pixel.encode(), next_hour(reading))


def address(reading: Reading, article_id: str) -> str:
    return str(escape(token_query(current_app.config["SECRET_KEY"], int(article_id), int(reading.at.timestamp()))))


def next_hour(reading: Reading) -> float:
    return (int(reading.at.timestamp()) // 3600 + 1) * 3600.0


BLOCKS: dict[str, Callable[..., Rendered]] = {
    maker.__name__: maker
    for maker in (
        masthead, breaking, colophon, accent, site_name, language, direction, ago, most_viewed, more_in_section, protection, rights, toast, installed,
        beacon, beacon_pixel,
    )
}  # fmt: skip


def most_viewed_items(asked: Asked, limit: int) -> dict[str, Any]:
    """A Most Viewed list as this process has it: {items, as_of, window}, and the moment at which it may be shown no longer: {valid_until, ends}.

    Raises Busy where it would have to be made and others are.
    """
    memory: Memory = current_app.extensions["memory"]
    reading = Reading(memory, datetime.fromtimestamp(time.time(), UTC))
    copy = memory.read(asked.name) if asked.is_published else current_app.extensions["other_lists"].read(asked.name)
    end = next_end(reading, copy)
    until = None if end == math.inf else datetime.fromtimestamp(end, UTC)
    return {**listed(reading, copy, limit), "valid_until": until, "ends": until}
