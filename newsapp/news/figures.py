"""Pictures that stand in a body: `<figure data-picture="12"><img …>` shows the picture as it is now, not as it was when written."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable

from sqlalchemy import select

from newsapp.database import db
from newsapp.news.models import Picture

ATTRIBUTES = r'(?: [a-z-]+="[^"]*")*'
FIGURE = re.compile(rf'(<figure(?: [a-z-]+="[^"]*")*? data-picture="(\d{{1,9}})"{ATTRIBUTES}>\s*)<img({ATTRIBUTES})>')
ALT = re.compile(r' alt="([^"]*)"')
SIZES = "(min-width: 64rem) 39rem, (min-resolution: 2.5dppx) 70vw, 100vw"  # as FULL in news/_card.html


def picture_ids(body: str) -> list[int]:
    """The pictures that a body shows, each once, in their order."""
    return list(dict.fromkeys(int(found[2]) for found in FIGURE.finditer(body)))


def undescribed(body: str) -> int:
    """How many of its pictures have no words for readers who cannot see them."""
    return sum(not alt_of(found[3]).strip() for found in FIGURE.finditer(body))


def pictures_of(ids: Iterable[int]) -> dict[int, Picture]:
    wanted = list(ids)
    found = db.session.scalars(select(Picture).where(Picture.id.in_(wanted))) if wanted else ()
    return {picture.id: picture for picture in found if picture.variants}


# Elements of a picture, by who gets the body; `alt` is HTML already.


def for_desk(picture: Picture, alt: str) -> str:
    return image(picture, picture.variants[-1], alt)


def for_feeds(picture: Picture, alt: str) -> str:
    return image(picture, picture.for_machines, alt)


def for_readers(picture: Picture, alt: str) -> str:
    """In all its widths, and in AVIF for browsers that take it."""
    more = f' srcset="{widths_of(picture.variants)}" sizes="{SIZES}" loading="lazy" decoding="async"'
    element = image(picture, picture.variants[-1], alt, more)
    if not picture.smaller:
        return element
    return f'<picture><source type="image/avif" srcset="{widths_of(picture.smaller)}" sizes="{SIZES}">{element}</picture>'


def image(picture: Picture, file: tuple[int, str], alt: str, more: str = "") -> str:
    width, address = file
    return f'<img src="{html.escape(address)}" alt="{alt}" width="{width}" height="{picture.height_at(width)}"{more}>'


def widths_of(files: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{html.escape(address)} {width}w" for width, address in files)


def as_now(body: str, element: Callable[[Picture, str], str] = for_desk) -> str:
    """The body with its pictures under their present addresses, as one of the elements above."""
    pictures = pictures_of(picture_ids(body))

    def renewed(found: re.Match[str]) -> str:
        picture = pictures.get(int(found[2]))
        return found[1] + (element(picture, alt_of(found[3])) if picture else f"<img{found[3]}>")

    return FIGURE.sub(renewed, body) if pictures else body


def alt_of(attributes: str) -> str:
    found = ALT.search(attributes)
    return found[1] if found else ""
