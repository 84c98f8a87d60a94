"""FORMATS: a feed as RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import lxml.html
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from flask import current_app
from lxml.etree import SubElement
from markupsafe import escape
from werkzeug.urls import iri_to_uri

from newsapp.database import now
from newsapp.news import figures
from newsapp.news.models import Article, article_path
from newsapp.rights.policy import Policy

ATOM_LINK = "{http://www.w3.org/2005/Atom}link"
ATOM_UPDATED = "{http://www.w3.org/2005/Atom}updated"
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Entry(NamedTuple):
    """A story as every format tells it. `body` is empty where only excerpts are told."""

    address: str
    title: str
    summary: str
    body: str
    published: datetime | None
    told: datetime | None
    authors: list[tuple[str, str]]  # names, and their addresses where they have one
    section: str
    tags: list[str]
    picture: str
    language: str


class Feed(NamedTuple):
    settings: dict[str, Any]
    path: str  # of the page that it tells of
    subject: str  # the section, tag or author; empty for the whole paper
    own_path: str
    entries: list[Entry]

    @property
    def title(self) -> str:
        return xml_text(": ".join(filter(None, (self.settings["site_name"], self.subject))))

    @property
    def description(self) -> str:
        return xml_text(self.settings["site_motto"] or self.settings["site_name"])

    @property
    def hub(self) -> str:
        """Who tells of news (WebSub); empty where nobody does."""
        return str(iri_to_uri(self.settings["websub_hub"]))

    @property
    def links(self) -> str:
        """The header Link: where the feed stands, and who tells of its news."""
        return f'<{self.hub}>; rel="hub", <{absolute(self.own_path)}>; rel="self"' if self.hub else ""

    @property
    def updated(self) -> datetime:
        return max((entry.told for entry in self.entries if entry.told), default=now())


@dataclass(frozen=True)
class Format:
    """One way to write a feed."""

    name: str
    file: str
    mime: str
    write: Callable[[Feed], bytes]


class Told(BaseEntryExtension):  # type: ignore[misc]
    """When a story's readers were last told something new, as the element that feed readers know: RSS has none of its own."""

    moment: datetime | None = None

    def extend_rss(self, entry: Any) -> Any:
        if self.moment:
            SubElement(entry, ATOM_UPDATED).text = self.moment.isoformat(timespec="seconds")
        return entry


class Announced(BaseExtension):  # type: ignore[misc]
    """The hub of a feed in RSS, which knows links of Atom by name: feedgen writes rel="self" alone."""

    hub = ""

    def extend_rss(self, feed: Any) -> Any:
        if self.hub:
            SubElement(feed.find("channel"), ATOM_LINK, href=self.hub, rel="hub")
        return feed


def absolute(path: str) -> str:
    return str(current_app.config["SITE_URL"]) + path


def xml_text(text: str) -> str:
    """Text without the characters that XML cannot hold; imports have some."""
    return NOT_IN_XML.sub("", text)


def entry_of(story: Article, settings: dict[str, Any], is_full: bool) -> Entry:
    """A story of a list, with its body or without."""
    address = absolute(article_path(story.section.slug, story.slug))
    authors = [(xml_text(author.name), absolute(author.path)) for author in story.authors] + [(xml_text(name), "") for name in story.guest_names]
    return Entry(
        address, xml_text(story.headline) or address, xml_text(story.standfirst), body_of(story, address) if is_full else "", story.published_at,
        story.told_at, authors, xml_text(story.section.name), [xml_text(tag.name) for tag in story.tags] if is_full else [],
        absolute(story.picture.for_machines[1]) if story.picture and story.picture.variants else "", story.language or settings["language"],
    )  # fmt: skip


def body_of(story: Article, address: str) -> str:
    """The story with addresses that lead somewhere from a feed reader too."""
    if not story.body.strip():
        return ""
    root = lxml.html.fragment_fromstring(figures.as_now(xml_text(story.body), figures.for_feeds), create_parent="div")
    root.make_links_absolute(address)
    return "".join([root.text or "", *(lxml.html.tostring(child, encoding="unicode") for child in root)])


def generator_of(feed: Feed) -> FeedGenerator:
    """What RSS and Atom have in common."""
    made = FeedGenerator()
    made.load_extension("dc")
    made.register_extension("told", extension_class_feed=Announced, extension_class_entry=Told, atom=False)
    made.id(absolute(feed.own_path))
    made.title(feed.title)
    made.description(feed.description)
    made.subtitle(feed.description)
    made.link(href=absolute(feed.path), rel="alternate")
    made.link(href=absolute(feed.own_path), rel="self")
    if feed.hub:
        made.link(href=feed.hub, rel="hub")
        made.told.hub = feed.hub
    made.language(feed.settings["language"])
    made.generator("newsapp")
    made.rights(xml_text(Policy.of(feed.settings, current_app.config["SITE_URL"]).notice_of(feed.updated.year)))
    made.lastBuildDate(feed.updated)
    made.updated(feed.updated)
    for entry in feed.entries:
        add(made, entry)
    return made


def add(made: FeedGenerator, entry: Entry) -> None:
    item = made.add_entry(order="append")
    item.id(entry.address)
    item.title(entry.title)
    item.link(href=entry.address)
    item.guid(entry.address, permalink=True)
    item.pubDate(entry.published)
    item.updated(entry.told)
    if entry.told != entry.published:
        item.told.moment = entry.told
    item.category(term=entry.section)
    if entry.summary:
        item.summary(entry.summary)
        item.description(entry.summary)
    if entry.body:
        item.content(entry.body, type="CDATA")
    for name, address in entry.authors:
        item.author({"name": name, **({"uri": address} if address else {})})
        item.dc.dc_creator(name)


def rss(feed: Feed) -> bytes:
    """Its description is markup to those who read it, so that what an editor typed as text is written as text."""
    entries = [entry._replace(summary=str(escape(entry.summary))) for entry in feed.entries]
    return bytes(generator_of(feed._replace(entries=entries)).rss_str(pretty=True))


def atom(feed: Feed) -> bytes:
    return bytes(generator_of(feed).atom_str(pretty=True))


def json_feed(feed: Feed) -> bytes:
    """https://www.jsonfeed.org/version/1.1/"""
    told = {
        "version": "https://jsonfeed.org/version/1.1", "title": feed.title, "home_page_url": absolute(feed.path), "feed_url": absolute(feed.own_path),
        "description": feed.description, "language": feed.settings["language"], "items": [item_of(entry) for entry in feed.entries],
        **({"hubs": [{"type": "WebSub", "url": feed.hub}]} if feed.hub else {}),
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode()


def item_of(entry: Entry) -> dict[str, Any]:
    item = {
        "id": entry.address, "url": entry.address, "title": entry.title, "summary": entry.summary, "content_html": entry.body,
        "content_text": "" if entry.body else entry.summary or entry.title, "image": entry.picture, "tags": [entry.section, *entry.tags],
        "date_published": entry.published and entry.published.isoformat(), "date_modified": entry.told and entry.told.isoformat(),
        "authors": [{"name": name, **({"url": address} if address else {})} for name, address in entry.authors], "language": entry.language,
    }  # fmt: skip
    return {name: value for name, value in item.items() if value}


FORMATS = (
    Format("RSS", "feed.xml", "application/rss+xml", rss),
    Format("Atom", "atom.xml", "application/atom+xml", atom),
    Format("JSON Feed", "feed.json", "application/feed+json", json_feed),
)
