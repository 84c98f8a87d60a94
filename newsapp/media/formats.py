"""Pictures of which WebP alone was kept get their other formats, one by one and the newest first, while the paper is read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import CursorResult, func, select, update

from newsapp.database import db, writes
from newsapp.media.files import kept_again, media_folder, removed
from newsapp.media.library import tell_users
from newsapp.news.models import WEBP_ALONE, Picture

log = structlog.get_logger()
TURN = 20.0  # seconds after which the job lets others of its queue come in between


def bring_up_to_date(seconds: float = TURN) -> int:
    """Bring pictures up to date until all are, or the time is over; what is done stays done. Returns how many it was."""
    end, done = time.monotonic() + seconds, 0
    for is_done in each_brought():
        done += is_done
        if time.monotonic() >= end:
            break
    return done


def each_brought() -> Iterator[bool]:
    """Bring each picture up to date that is not; False for one whose files are missing or that somebody replaced meanwhile."""
    folder, last = media_folder(current_app.config), 2**31 - 1  # above the number of every picture
    while True:
        row = db.session.execute(behind().where(Picture.id < last).limit(1)).one_or_none()
        db.session.rollback()  # encoding takes a while: no transaction stays open over it
        if row is None:
            return
        last = row.id
        yield bring(row.id, row.name, row.widths, folder)


def behind() -> Any:
    return select(Picture.id, Picture.name, Picture.widths).where(WEBP_ALONE, Picture.widths != "").order_by(Picture.id.desc())


def bring(picture_id: int, name: str, widths: str, folder: Path) -> bool:
    """Write a picture's other files, then say so in the database: until then nobody is sent to them."""
    try:
        made, formats = kept_again(name, [int(width) for width in widths.split(",")], folder)
    except OSError as error:
        log.warning("picture without its files", picture=picture_id, error=str(error))
        return False
    every = ",".join(map(str, made))
    with writes():
        same = (Picture.id == picture_id, Picture.name == name)
        done = db.session.execute(update(Picture).where(*same, WEBP_ALONE).values(widths=every, formats=",".join(formats)))
        assert isinstance(done, CursorResult)
        if done.rowcount:
            tell_users(db.session.get_one(Picture, picture_id))
        elif db.session.scalar(select(Picture.id).where(Picture.name == name)) is None:
            removed(name, every, folder)  # replaced or removed while its files were made
        db.session.commit()
    return bool(done.rowcount)


def counted() -> tuple[int, int]:
    """(pictures that have every format, all that have files)"""
    kept = select(func.count()).select_from(Picture).where(Picture.widths != "")
    total, missing = (db.session.scalar(query) or 0 for query in (kept, kept.where(WEBP_ALONE)))
    return total - missing, total
