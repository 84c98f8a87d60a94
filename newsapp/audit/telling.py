"""What a change is in words: the old and the new value where they are short, and never a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, inspect, select
from sqlalchemy.orm import InstanceState

from newsapp.audit.kinds import kind_of
from newsapp.settings.forms import told
from newsapp.settings.models import SettingChange
from newsapp.settings.registry import BY_NAME

LONGEST = 120  # characters of a value that are told


class Note(NamedTuple):
    """One thing that was changed, and how."""

    kind: str
    thing: str
    label: str
    what: str


# What moves by itself, or says nothing to a person.
UNSAID = frozenset({
    "version", "updated_at", "update_datetime", "create_datetime", "fs_uniquifier", "fs_webauthn_user_handle", "seen_at", "totp_counter",
    "tf_primary_method", "sign_count", "lastuse_datetime", "backup_state", "at", "body_text", "users",
})  # fmt: skip
SECRET = frozenset({"nonce", "password", "tf_totp_secret", "mf_recovery_codes", "us_totp_secrets", "hash", "public_key", "credential_id", "origin"})
SECONDS = frozenset({"until"})  # moments in seconds since 1970, as tables of counting have them
WORDS = {
    "nonce": "link",
    "tf_totp_secret": "authenticator app", "mf_recovery_codes": "recovery codes", "published_at": "goes out", "section_id": "section",
    "list_headline": "headline in lists", "webauthn": "passkeys", "front_position": "place on the front page", "picture_id": "picture",
}  # fmt: skip


def notes_of(new: Iterable[Any], dirty: Iterable[Any], deleted: Iterable[Any], sql: Connection) -> list[Note]:
    """What a flush changed, each thing once."""
    made = [note for thing in new if (note := told_new(thing, sql))]
    changed = [note_of(thing, what) for thing in dirty if (what := differences(inspect(thing)))]
    return [*made, *changed, *(note_of(thing, "removed") for thing in deleted)]


def told_new(thing: Any, sql: Connection) -> Note | None:
    if isinstance(thing, SettingChange):
        return told_setting(thing, sql)
    return note_of(thing, "; ".join(filter(None, ("made", differences(inspect(thing))))))


def told_setting(entry: SettingChange, sql: Connection) -> Note:
    """A setting's old and new value."""
    same = (SettingChange.scope == entry.scope) & (SettingChange.name == entry.name) & (SettingChange.revision < entry.revision)
    before = sql.scalar(select(SettingChange.value).where(same).order_by(SettingChange.revision.desc()).limit(1))
    setting = BY_NAME.get(entry.name)
    old, new = (shown(told(setting, value) if setting and value is not None else value) for value in (before, entry.value))
    place = "" if entry.scope == "site" else f", {entry.scope}"
    return Note("setting", f"setting:{entry.name}", f"{setting.label if setting else entry.name}{place}"[:300], f"{old} → {new}")


def note_of(thing: Any, what: str) -> Note:
    table = type(thing).__tablename__
    kind, key = kind_of(table), inspect(thing).identity or inspect(thing).mapper.primary_key_from_instance(thing)
    return Note(kind, f"{kind}:{':'.join(map(str, key))}"[:120], label_of(thing), what)


def label_of(thing: Any) -> str:
    """What people call it."""
    found = next((value for name in ("headline", "title", "email", "name", "slug") if (value := getattr(thing, name, ""))), "")
    return str(found)[:300]


def differences(state: InstanceState[Any]) -> str:
    """What of it is new, as `headline “Old” → “New”; body changed`."""
    told = []
    for attribute in state.attrs:
        history = attribute.history if attribute.key not in UNSAID else None
        if history and history.has_changes():
            told.append(difference(attribute.key, values(history.deleted), values(history.added), values(history.unchanged)))
    return "; ".join(filter(None, told))


def values(found: Any) -> list[Any]:
    return [value for value in found or () if value is not None]


def difference(name: str, old: list[Any], new: list[Any], kept: list[Any]) -> str:
    word = WORDS.get(name, name.replace("_", " "))
    if name in SECRET:
        return f"{word} {'changed' if new else 'removed'}"
    before, after = in_words(old, kept), in_words(new, kept)
    if before == after:
        return ""
    if max(len(before), len(after)) > LONGEST:
        return f"{word} changed"
    return f"{word} {after}" if not before else f"{word} {before} → {after or 'none'}"


def in_words(found: list[Any], kept: list[Any]) -> str:
    """Values as text; of a list of things their names, those that stay among them."""
    if any(hasattr(value, "__tablename__") for value in (*found, *kept)):
        return ", ".join(sorted(label_of(value) for value in (*found, *kept)))
    return ", ".join(shown(value) for value in found if value != "")


def shown(value: Any) -> str:
    if value is None:
        return "as above it"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"“{value}”"


def row_in_words(parameters: Mapping[str, Any]) -> str:
    """What was written without a model, by the names of its columns."""
    said = {name: moment(name, value) for name, value in parameters.items() if name not in UNSAID | SECRET and value not in ("", None)}
    return "; ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in said.items())[:1000]


def moment(name: str, value: Any) -> Any:
    return datetime.fromtimestamp(value, UTC) if name in SECONDS and isinstance(value, int) else value
