"""ACTIONS: what can be made of an article, from which states, and what the history says of it."""

from __future__ import annotations

from dataclasses import dataclass

from newsapp.news.models import APPROVED, DRAFT, LIVE, REVIEW, SPIKED, STATES, TAKEN_DOWN, UNPUBLISHED


@dataclass(frozen=True)
class Action:
    """One turn. `to` is the state that it leads to; None leaves the state as it is."""

    name: str
    word: str
    sources: tuple[str, ...]
    to: str | None = None
    publishes: bool = False  # lets readers see it, now or at a time to come
    is_decision: bool = False  # for those whom the paper lets publish


ACTIONS = (
    Action("ask_review", "Review asked for", (DRAFT,), REVIEW),
    Action("approve", "Approved", (REVIEW,), APPROVED, is_decision=True),
    Action("send_back", "Sent back", (REVIEW, APPROVED), DRAFT, is_decision=True),
    Action("lapse", "Changed after the approval", (APPROVED,), REVIEW),
    Action("publish", "Published", (*UNPUBLISHED, LIVE), LIVE, publishes=True),
    Action("embargo", "Held back until", (*UNPUBLISHED, LIVE), LIVE, publishes=True),
    Action("set_end", "To end", (*UNPUBLISHED, LIVE, SPIKED)),
    Action("remove_end", "End taken back", (*UNPUBLISHED, LIVE, SPIKED)),
    Action("update", "Updated", (LIVE,), is_decision=True),
    Action("correct", "Note to readers", (LIVE,), is_decision=True),
    Action("change_note", "Note to readers changed", (LIVE, SPIKED), is_decision=True),
    Action("remove_note", "Note to readers removed", (LIVE, SPIKED), is_decision=True),
    Action("spike", "Spiked", (*UNPUBLISHED, LIVE), SPIKED, is_decision=True),
    Action("unspike", "Taken off the spike", (SPIKED,), DRAFT, is_decision=True),
    Action("take_down", "Taken down", tuple(state for state in STATES if state != TAKEN_DOWN), TAKEN_DOWN, is_decision=True),
    # By the clock.
    Action("went_out", "Went out", (LIVE,)),
    Action("ended", "Ended", (LIVE,)),
)
BY_NAME = {action.name: action for action in ACTIONS}
