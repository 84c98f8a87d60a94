"""Which list is asked for: whose stories, in which window, published since when, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from newsapp.traffic.windows import BY_SLUG, Window

LENGTH = 100  # 50 that a page may show, and 50 more in case some are hidden before the next list
SITE = "site"
VIEWS, AVERAGE = "views", "average"
ORDERS = (VIEWS, AVERAGE)
PUBLISHED = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30), "year": timedelta(days=365)}
WITHIN = "within-"


@dataclass(frozen=True)
class Asked:
    """One list. `scope` is site, section-<id>, tag-<id>, author-<id> or language-<tag>."""

    scope: str
    window: Window
    published: str = ""
    order: str = VIEWS

    @property
    def name(self) -> str:
        """The name of its copy: `list:<scope>:<window>`, with what narrows it behind."""
        within = [WITHIN + self.published] if self.published else []
        average = [AVERAGE] if self.order == AVERAGE else []
        return ":".join(["list", self.scope, self.window.slug, *within, *average])

    @property
    def kind(self) -> str:
        return self.scope.partition("-")[0]

    @property
    def of(self) -> int | str | None:
        """The id or language behind the kind; None for the site."""
        behind = self.scope.partition("-")[2]
        return int(behind) if behind.isdecimal() else behind or None

    @property
    def is_published(self) -> bool:
        """Whether a worker keeps it in Redis; all others are made when somebody asks."""
        return self.kind in (SITE, "section") and not self.published and self.order == VIEWS

    def since(self, at: datetime) -> datetime | None:
        """The moment after which its stories were published; None for any."""
        return at - PUBLISHED[self.published] if self.published else None


def named(name: str) -> Asked:
    """The list that a copy's name stands for. Raises KeyError for a window that is not there."""
    _, scope, window, *more = name.split(":")
    published = next((part.removeprefix(WITHIN) for part in more if part.startswith(WITHIN)), "")
    return Asked(scope, BY_SLUG[window], published, AVERAGE if AVERAGE in more else VIEWS)


def scope_of(section_id: int | None) -> str:
    return SITE if section_id is None else f"section-{section_id}"
