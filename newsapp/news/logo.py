"""The paper's logo, for light and for dark ground."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from newsapp.database import db
from newsapp.news.models import Picture

SETTINGS = ("logo", "logo_night")


def logo_pictures(settings: Mapping[str, Any]) -> dict[str, Picture]:
    """The pictures by the names of the settings that want them; one that is not there, or has no file, is left out."""
    wanted = {name: settings[name] for name in SETTINGS if settings[name]}
    if not wanted:
        return {}
    found = {picture.id: picture for picture in db.session.scalars(select(Picture).where(Picture.id.in_(wanted.values()), Picture.widths != ""))}
    return {name: found[number] for name, number in wanted.items() if number in found}


def logos(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the head and the foot of a page draw, by the same names."""
    return {name: drawn(picture) for name, picture in logo_pictures(settings).items()}


def drawn(picture: Picture) -> dict[str, Any]:
    (width, source), variants = picture.variants[0], picture.variants
    return {
        "src": source,
        "srcset": ", ".join(f"{address} {variant / width:g}x" for variant, address in variants) if len(variants) > 1 else "",
        "width": width,
        "height": max(1, width * picture.height // picture.width) if picture.width else width // 4,
    }
