"""What settings were before, and the way back to it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from newsapp.database import db
from newsapp.settings.forms import told
from newsapp.settings.models import SettingChange
from newsapp.settings.registry import BY_NAME, SettingError
from newsapp.settings.store import change, stored

ON_A_PAGE = 30


class NotUndone(Exception):
    """The change stays; the message says why."""


@dataclass(frozen=True)
class Step:
    """One change, with what it replaced, in words."""

    entry: SettingChange
    before: SettingChange | None
    is_last: bool  # nobody changed the same setting after it

    @property
    def label(self) -> str:
        return BY_NAME[self.entry.name].label if self.entry.name in BY_NAME else self.entry.name

    @property
    def old(self) -> str:
        return in_words(self.entry, self.before.value if self.before else None)

    @property
    def new(self) -> str:
        return in_words(self.entry, self.entry.value)


def in_words(entry: SettingChange, value: object) -> str:
    """A value as the history shows it; without one, what holds then."""
    setting = BY_NAME.get(entry.name)
    if setting is None:
        return str(value)
    if value is None:
        return f"{told(setting, setting.default) or 'empty'} (the default)" if entry.scope == "site" else "as above it"
    named = dict(setting.choices).get(str(value), told(setting, value))
    return str(named) or "empty"


def steps(number: int) -> tuple[list[Step], bool]:
    """A page of the changes, newest first, and whether there are more."""
    query = select(SettingChange).order_by(SettingChange.revision.desc()).limit(ON_A_PAGE + 1).offset((number - 1) * ON_A_PAGE)
    found = list(db.session.scalars(query))
    return [step_of(entry) for entry in found[:ON_A_PAGE]], len(found) > ON_A_PAGE


def step_of(entry: SettingChange) -> Step:
    same = select(SettingChange).where(SettingChange.scope == entry.scope, SettingChange.name == entry.name)
    before = db.session.scalar(same.where(SettingChange.revision < entry.revision).order_by(SettingChange.revision.desc()).limit(1))
    after = db.session.scalar(same.where(SettingChange.revision > entry.revision).limit(1))
    return Step(entry, before, after is None)


def undo(entry: SettingChange, editor: str) -> Step:
    """Put back what a change replaced, in the open transaction. Raises NotUndone when the value is another by now."""
    step = step_of(entry)
    if entry.name not in BY_NAME:
        raise NotUndone("This setting is of another release.")
    current = stored()[1].get(entry.scope, {}).get(entry.name)
    if current != entry.value:
        raise NotUndone(f"Not undone: {step.label} was changed again since, and is {in_words(entry, current)} now.")
    try:
        undone = change(entry.scope, entry.name, step.before.value if step.before else None, editor)
    except SettingError as error:
        raise NotUndone(f"Not undone: the old value is no longer allowed. {error}") from error
    if not undone:
        raise NotUndone(f"{step.label} is {step.old} already.")
    return step
