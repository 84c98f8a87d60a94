"""Share pictures as they are asked for: drawn once, one at a time and with rests between, then kept in a folder of their own."""

from __future__ import annotations

import re
import threading
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import abort, current_app
from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.news.models import Article, Author, Section, Tag
from newsapp.news.paper import paper
from newsapp.news.share_pictures import SharePicture, of_article, of_front, of_list

NAME = re.compile(r"(article|section|tag|author|front)-(\d{1,9})-[0-9a-f]{12}\.png")
LISTS: dict[str, type[Section] | type[Tag] | type[Author]] = {"section": Section, "tag": Tag, "author": Author}
KEPT = 3000  # files, about 30 kB each; the oldest third goes when there are more
REST = 3  # times as long as drawing one took, no other is drawn: a quarter of a processor is all that crawlers can have


class Drawing:
    """Draws what is not there yet. Who asks while another is drawn, or in the rest after it, does not wait."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lock, self.rests_until = folder, threading.Lock(), 0.0

    def png(self, picture: SharePicture) -> bytes | None:
        """The file's content; None while there is no time to draw it."""
        path = self.folder / picture.name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            pass
        if time.monotonic() < self.rests_until or not self.lock.acquire(blocking=False):
            return None
        try:
            return self.draw(picture, path)
        finally:
            self.lock.release()

    def draw(self, picture: SharePicture, path: Path) -> bytes:
        from newsapp.media.files import write_whole  # Pillow comes with it, which most web processes never need
        from newsapp.news.share_drawing import drawn

        began = time.monotonic()
        content = drawn(picture)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
        self.make_room()
        ended = time.monotonic()
        self.rests_until = ended + REST * (ended - began)
        return content

    def make_room(self) -> None:
        files = list(self.folder.glob("*.png"))
        if len(files) > KEPT:
            for old in sorted(files, key=lambda file: file.stat().st_mtime)[: KEPT // 3]:
                old.unlink(missing_ok=True)


def share_picture(name: str) -> Response:
    """A picture of what readers may see, as it is called now; an older name leads to it."""
    found = NAME.fullmatch(name) or abort(404)
    picture = picture_now(found[1], int(found[2]), now()) or abort(404)
    if picture.name != name:
        return passing(redirect(picture.path))
    content = drawing().png(picture)
    if content is None:
        return passing(Response("Busy with another one.\n", 503, {"Retry-After": "2"}, content_type="text/plain; charset=utf-8"))
    return Response(content, 200, {"Cache-Control": "public, max-age=31536000, immutable"}, content_type="image/png")


def passing(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


def drawing() -> Drawing:
    """The one of this process."""
    made: Drawing = current_app.extensions.setdefault("share_pictures", Drawing(current_app.config["NEWSAPP_HOME"] / "share-pictures"))
    return made


def picture_now(kind: str, number: int, at: datetime) -> SharePicture | None:
    """The picture of a page as its words are at a moment; none of what readers cannot see."""
    settings = paper()
    if kind == "article":
        query = select(Article).where(Article.id == number).options(defer(Article.body), joinedload(Article.section, innerjoin=True))
        article = db.session.scalar(query)
        return of_article(article, settings, host()) if article and article.is_live(at) else None
    if kind == "front":
        return of_front(settings, host()) if number == 0 else None
    subject: Section | Tag | Author | None = db.session.get(LISTS[kind], number)  # type: ignore[assignment]
    return of_list(kind, subject, settings, host()) if subject else None


def host() -> str:
    """The paper's address as people write it."""
    return urlsplit(str(current_app.config["SITE_URL"])).netloc.removeprefix("www.")
