"""Pictures that stand in a body: `<figure data-picture="12"><img …>` shows the picture as it is now, not as it was when written."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from sqlalchemy import select

from newsapp.database import db
from newsapp.news.models import Picture

ATTRIBUTES = r'(?: [a-z-]+="[^"]*")*'
FIGURE = re.compile(rf'(<figure(?: [a-z-]+="[^"]*")*? data-picture="(\d{{1,9}})"{ATTRIBUTES}>\s*)<img({ATTRIBUTES})>')
ALT = re.compile(r' alt="([^"]*)"')
SIZES = "(min-width: 64rem) 39rem, 100vw"


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


def as_now(body: str, for_readers: bool = False) -> str:
    """The body with its pictures under their present addresses; with all their widths for readers."""
    pictures = pictures_of(picture_ids(body))

    def renewed(found: re.Match[str]) -> str:
        picture = pictures.get(int(found[2]))
        return found[1] + (tag(picture, alt_of(found[3]), for_readers) if picture else f"<img{found[3]}>")

    return FIGURE.sub(renewed, body) if pictures else body


def tag(picture: Picture, alt: str, for_readers: bool) -> str:
    """The picture's element; `alt` is HTML already."""
    width, address = picture.variants[-1]
    size = f'width="{width}" height="{height_of(picture, width)}"'
    if not for_readers:
        return f'<img src="{html.escape(address)}" alt="{alt}" {size}>'
    every = ", ".join(f"{html.escape(each)} {pixels}w" for pixels, each in picture.variants)
    return f'<img src="{html.escape(address)}" srcset="{every}" sizes="{SIZES}" alt="{alt}" {size} loading="lazy" decoding="async">'


def height_of(picture: Picture, width: int) -> int:
    return max(1, width * picture.height // picture.width) if picture.width else width * 2 // 3


def alt_of(attributes: str) -> str:
    found = ALT.search(attributes)
    return found[1] if found else ""
