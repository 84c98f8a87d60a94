"""Things of the paper that settings name: they must be there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from newsapp.database import db
from newsapp.news.models import Page, Picture, Section
from newsapp.settings.registry import Setting, SettingError


def there(setting: Setting, value: Any) -> None:
    """Raises SettingError when what a value names is not there."""
    if missing := ASKED.get(setting.kind, lambda value: "")(value):
        raise SettingError(f"{setting.label}: {missing}.")


def missing_picture(number: int) -> str:
    found = not number or db.session.scalar(select(Picture.id).where(Picture.id == number, Picture.widths != ""))
    return "" if found else f"there is no picture {number} in the media library"


def missing_page(menu: list[list[str]]) -> str:
    slugs = [address[1:] for name, address in menu if address and not name]
    known = {slug for model in (Section, Page) for slug in db.session.scalars(select(model.slug).where(model.slug.in_(slugs)))} if slugs else set()
    unknown = [slug for slug in slugs if slug not in known]
    return f"no section or page has the address /{unknown[0]}; write a name before it, or mend it" if unknown else ""


ASKED: dict[str, Callable[[Any], str]] = {"picture": missing_picture, "menu": missing_page}
