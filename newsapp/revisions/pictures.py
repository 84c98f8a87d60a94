"""Pictures that a version names: files stay in the media folder, so an old version finds its own again."""

from __future__ import annotations

from sqlalchemy import select

from newsapp.database import db
from newsapp.media.files import Kept
from newsapp.news.models import Picture


def recalled(name: str | None) -> Kept | None:
    """The picture of that name, as if it had been brought just now."""
    found = db.session.scalar(select(Picture).where(Picture.name == name)) if name else None
    return Kept(found.name, tuple(width for width, _ in found.variants), found.width, found.height) if found else None


def remember(kept: Kept | None, alt: str, credit: str) -> str:
    """Note, in the open transaction, a picture that belongs to no article yet. Returns its name."""
    if kept is None:
        return ""
    if recalled(kept.name) is None:
        widths = ",".join(map(str, kept.widths))
        db.session.add(Picture(name=kept.name, alt=alt, credit=credit, width=kept.width, height=kept.height, widths=widths))
    return kept.name
