"""Lead pictures: an article names an attachment, which may stand anywhere in the file, so they meet at the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sqlalchemy import select, update

from newsapp.changes import touch
from newsapp.database import db
from newsapp.imports.identity import origin_of
from newsapp.imports.items import Item
from newsapp.imports.markup import absolute, plain
from newsapp.news.models import Article, Picture
from newsapp.news.slugs import FreeSlugs, slugify


@dataclass(frozen=True)
class Lead:
    """An article and the picture it shall have; without address when the file does not have it."""

    article_id: int
    item_id: str
    title: str
    attachment: str
    origin: str | None
    address: str | None
    alt: str
    caption: str


class Album:
    """Attachments and who names them, in a temporary file of SQLite's, so that memory does not grow with them."""

    def __init__(self) -> None:
        self.tables = sqlite3.connect("")
        self.tables.execute("CREATE TABLE attachment (id TEXT PRIMARY KEY, origin TEXT, address TEXT, alt TEXT, caption TEXT)")
        self.tables.execute("CREATE TABLE lead (article_id INTEGER PRIMARY KEY, item_id TEXT, title TEXT, attachment TEXT)")
        self.slugs = FreeSlugs()

    def keep(self, item: Item, base_url: str) -> None:
        """Remember an attachment."""
        address = absolute(item.attachment_url or item.guid, base_url)
        alt = plain(dict(item.meta).get("_wp_attachment_image_alt", ""))
        self.tables.execute(
            "INSERT OR REPLACE INTO attachment VALUES (?, ?, ?, ?, ?)", (item.id, origin_of(item, base_url), address, alt, plain(item.excerpt))
        )

    def lead(self, article_id: int, item: Item) -> None:
        """Remember which attachment an article names, if it names one."""
        attachment = dict(item.meta).get("_thumbnail_id", "")
        if attachment not in ("", "0"):
            self.tables.execute("INSERT OR REPLACE INTO lead VALUES (?, ?, ?, ?)", (article_id, item.id, item.title[:200], attachment))

    def batches(self, size: int = 100) -> Iterator[list[Lead]]:
        """All leads, with their pictures where the file has them."""
        cursor = self.tables.execute(
            "SELECT article_id, item_id, title, attachment, origin, address, coalesce(alt, ''), coalesce(caption, '')"
            " FROM lead LEFT JOIN attachment ON attachment.id = lead.attachment ORDER BY article_id"
        )
        while rows := cursor.fetchmany(size):
            yield [Lead(*row) for row in rows]

    def hang(self, leads: list[Lead]) -> None:
        """Give articles their pictures, in the open write transaction; a lead without address changes nothing."""
        touched = set()
        for lead in leads:
            if lead.address and lead.origin:
                article = db.session.get_one(Article, lead.article_id)
                picture_id = self.picture(lead.origin, lead)
                if article.picture_id != picture_id:
                    article.picture_id, article.caption = picture_id, lead.caption
                    touched |= {f"article:{article.id}", f"section:{article.section_id}", "front"}
        if touched:
            touch(*touched)

    def picture(self, origin: str, lead: Lead) -> int:
        """The id of the picture's row, made or brought up to date."""
        picture_id = db.session.scalar(select(Picture.id).where(Picture.origin == origin))
        if picture_id is not None:
            db.session.execute(update(Picture).where(Picture.id == picture_id, Picture.widths == "").values(remote_url=lead.address, alt=lead.alt))
            return picture_id
        stem = unquote(urlsplit(lead.address or "").path.rpartition("/")[2]).rpartition(".")[0]
        name = self.slugs.find("picture", slugify(stem, 150) or "picture", is_taken)
        row = Picture(name=name, alt=lead.alt, remote_url=lead.address, origin=origin)
        db.session.add(row)
        db.session.flush()
        return row.id


def is_taken(name: str) -> bool:
    return db.session.scalar(select(Picture.id).where(Picture.name == name)) is not None
