"""What an opened form carries so that nothing typed into it gets lost."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField

from newsapp.revisions.history import MERGE, RECOVERED
from newsapp.revisions.unsaved import is_form_id


class Traced:
    """Fields that nobody sees: which opened form it is, what it was filled with, and a picture that it brings along."""

    form_id = HiddenField(filters=[lambda text: text if is_form_id(text) else ""])
    came_from = HiddenField(filters=[lambda text: text if text in (MERGE, RECOVERED) else ""])
    kept_picture = HiddenField(filters=[lambda text: (text or "")[:200]])


class Clash(Exception):
    """Somebody else saved the article since this form was opened: two versions have to be put together."""

    def __init__(self, form: Any, article_id: int, brought: Any) -> None:
        self.form, self.article_id, self.brought = form, article_id, brought
