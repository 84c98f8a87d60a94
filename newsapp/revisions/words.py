"""Versions in the words of their form: labels instead of names, a section's name instead of its number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from newsapp.news import dates
from newsapp.news.models import Section

LABELS = {"body": "Story", "picture": "Picture", "bylines": "By", "alt": "Description of the picture", "publish_at": "Goes out"}


class Words(NamedTuple):
    """How fields and their values are called."""

    labels: dict[str, str]
    choices: dict[str, dict[Any, str]]
    zone: ZoneInfo

    def label(self, name: str) -> str:
        return self.labels.get(name) or name.replace("_", " ").capitalize()

    def told(self, name: str, value: Any) -> str:
        if isinstance(value, datetime):
            moment = value.replace(tzinfo=value.tzinfo or self.zone)
            return f"{dates.day(moment, self.zone)}, {dates.clock(moment, self.zone)}"
        if isinstance(value, bool):
            return "Yes" if value else "No"
        known = self.choices.get(name, {})
        return known.get(value) or ("" if value is None else str(value))


def words_for(form: Any, sections: Iterable[Section], zone: ZoneInfo) -> Words:
    """The words of that form."""
    labels = {field.name: field.label.text for field in form}
    modes = {choice.value: choice.label for choice in form.protection_mode.choices}
    choices = {"section": {section.id: section.name for section in sections}, "protection_mode": modes}
    return Words({**labels, **LABELS}, choices, zone)
