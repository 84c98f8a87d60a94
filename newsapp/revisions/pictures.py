"""Pictures that a version names: files stay in the media folder, so an old version finds its own again."""

from __future__ import annotations

from sqlalchemy import select

from newsapp.database import db
from newsapp.media.files import Kept
from newsapp.media.library import measure
from newsapp.news.models import Picture


def recalled(name: str | None) -> Kept | None:
    """The picture of that name, as if it had been brought just now."""
    found = db.session.scalar(select(Picture).where(Picture.name == name)) if name else None
    if found is None:
        return None
    return Kept(found.name, tuple(width for width, _ in found.variants), found.width, found.height, tuple(found.formats.split(",")))


def remember(kept: Kept | None, alt: str, credit: str) -> str:
    """Note, in the open transaction, a picture that belongs to no article yet. Returns its name."""
    if kept is None:
        return ""
    if recalled(kept.name) is None:
        fresh = Picture(alt=alt, credit=credit)
        measure(fresh, kept)
        db.session.add(fresh)
    return kept.name
