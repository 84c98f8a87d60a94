"""Reading and changing settings; the copy that pages read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from newsapp.changes import touch
from newsapp.copies import Copy
from newsapp.database import db
from newsapp.languages import gettext
from newsapp.news.logo import logos
from newsapp.settings.models import SettingChange
from newsapp.settings.registry import BY_NAME, SETTINGS, Setting, SettingError, find
from newsapp.settings.things import there

Values = dict[str, dict[str, Any]]  # scope -> name -> value
NEWEST = select(SettingChange.revision, SettingChange.scope, SettingChange.name, SettingChange.value).where(
    SettingChange.revision.in_(select(func.max(SettingChange.revision)).group_by(SettingChange.scope, SettingChange.name))
)


def stored(sql: Connection | None = None) -> tuple[int, Values]:
    """(revision, values that differ from the defaults, by scope), by a connection or the session."""
    executor: Any = sql or db.session
    rows = executor.execute(NEWEST).all()
    values: Values = {}
    for _, scope, name, value in rows:
        if value is not None and name in BY_NAME:
            values.setdefault(scope, {})[name] = value
    return max((row.revision for row in rows), default=0), values


def effective(values: Values, *scopes: str) -> dict[str, Any]:
    """Each setting's value where the later scopes override the earlier; the defaults come first."""
    result = {setting.name: setting.default for setting in SETTINGS}
    for scope in scopes:
        result.update(values.get(scope, {}))
    return result


def own(settings: dict[str, Any], name: str) -> str:
    """A setting in words: the editors', or, where they left ours, ours in the paper's language."""
    words = str(settings[name])
    return gettext(words) if words == BY_NAME[name].default else words


def site_values() -> dict[str, Any]:
    """Each setting's value for the site, as it stands now; leaves no transaction open."""
    with db.engine.connect() as sql:
        return effective(stored(sql)[1], "site")


def change(scope: str, name: str, value: Any, editor: str) -> bool:
    """Store a value in the open transaction; None goes back to what is inherited. False when nothing changes.

    `scope` is "site", "section:<id>" or "article:<id>". Raises SettingError.
    """
    setting = find(name)
    check_scope(setting, scope)
    cleaned = None if value is None else setting.clean(value)
    if cleaned is not None:
        there(setting, cleaned)
    current = stored()[1].get(scope, {}).get(name)
    if cleaned == current or (current is None and scope == "site" and cleaned == setting.default):
        return False
    db.session.add(SettingChange(scope=scope, name=name, value=cleaned, editor=editor))
    touch("settings")
    return True


def check_scope(setting: Setting, scope: str) -> None:
    if scope.partition(":")[0] not in setting.scopes:
        raise SettingError(f"{setting.label} is set for: {', '.join(setting.scopes)}; not for {scope}.")


def history(limit: int = 100) -> list[SettingChange]:
    """The latest changes, newest first."""
    return list(db.session.scalars(select(SettingChange).order_by(SettingChange.revision.desc()).limit(limit)))


def build() -> dict[str, Any]:
    """What pages read: the values, and the files of the logo that they name."""
    revision, values = stored()
    return {"revision": revision, "values": values, "logos": logos(effective(values, "site"))}


SETTINGS_COPY = Copy("settings", build)
