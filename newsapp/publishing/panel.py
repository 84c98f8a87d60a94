"""What the form shows of a story's publishing: its history, what may be done with it, the checklist, how it looks elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsapp.news.body import body_of
from newsapp.news.models import DRAFT, Article
from newsapp.news.paper import paper
from newsapp.publishing import links, times, turns
from newsapp.publishing.actions import ACTIONS, BY_NAME
from newsapp.publishing.approval import Person, refusal
from newsapp.publishing.checks import Draft, Problem, problems
from newsapp.publishing.models import ArticleTurn


@dataclass(frozen=True)
class Panel:
    """All of it, for the templates. `refusals` has why an action cannot be done now; an action that can is not in it."""

    history: list[ArticleTurn]
    refusals: dict[str, str]
    problems: list[Problem]
    unasked: int  # links to other sites that nobody has asked yet

    def may(self, action: str) -> bool:
        return action not in self.refusals

    def word(self, turn: ArticleTurn) -> str:
        return BY_NAME[turn.action].word if turn.action in BY_NAME else turn.action

    def of_field(self, name: str) -> str:
        """What the checklist says of a field."""
        return " ".join(problem.words for problem in self.problems if problem.check.field == name)


def panel(article: Article | None, draft: Draft, person: Person, at: datetime) -> Panel:
    settings = paper()
    found = problems(draft, settings) if article else []
    history = turns.history(article.id) if article else []
    askers = turns.askers(article.id) if article else set()
    return Panel(history, dict(refusals(article, person, settings, askers)), found, len(links.unasked(draft.body, at)) if article else 0)


def refusals(article: Article | None, person: Person, settings: dict[str, Any], askers: set[str]) -> Iterable[tuple[str, str]]:
    """(action, why not) of each that cannot be done now."""
    state = article.state if article else DRAFT
    for action in ACTIONS:
        if state not in action.sources:
            yield action.name, "Not from this state."
        elif said := refusal(action, state, person, settings, askers):
            yield action.name, said


def draft_of(form: Any, at: datetime) -> Draft:
    """What the form holds, as the checks look at it."""
    body = body_of(form.body.data or "")
    return Draft(
        headline=form.headline.data or "",
        list_headline=form.list_headline.data or "",
        standfirst=form.standfirst.data or "",
        body=body,
        section={choice.value: choice.label for choice in form.section.choices or ()}.get(form.section.data, ""),
        bylines=tuple(name for part in (form.bylines.data, form.guests.data) for name in (part or "").split(",") if name.strip()),
        has_picture=bool(form.image or form.picture_id.data) or (form.has_picture and not form.remove_picture.data),
        alt=form.alt.data or form.library_alt or "",
        broken_inside=tuple(links.broken_inside(body, at)),
        broken_outside=tuple(links.broken_outside(body)),
    )


def stands_against(found: list[Problem], is_confirmed: bool) -> bool:
    """Whether the checklist holds publishing up: what blocks always does, what warns until it is confirmed."""
    return any(problem.blocks for problem in found) or (bool(found) and not is_confirmed)


FILTERS = (times.until, times.offset)
