"""Unsaved texts as their author meets them again: when, and what differs from what is saved."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from newsapp.revisions import comparing, unsaved
from newsapp.revisions.contents import Content
from newsapp.revisions.merging import alike
from newsapp.revisions.models import Unsaved


class Text(NamedTuple):
    """One unsaved text beside the article as it is saved."""

    form_id: str
    at: datetime
    headline: str
    version: int
    fields: list[comparing.Difference]
    story: list[comparing.Stretch]

    @property
    def differs(self) -> bool:
        return bool(self.fields or self.story)


def text_of(row: Unsaved, version: int, holds: Content, saved: Content) -> Text:
    """What a form held, against what is saved now."""
    old, new = saved.get("body", ""), holds["body"]
    told = [] if alike(old, new) else comparing.stretches(comparing.story(old, new))
    return Text(row.form_id, row.at, unsaved.headline_of(row), version, comparing.differences(saved, holds), told)
