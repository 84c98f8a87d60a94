"""Views that a paper's own app reports: what it posts, and the stream entry that becomes of it.

An entry is one request, all of it or none. Where a page's beacon has one event of 20 bytes, it holds
up to 1,000, with the id of each and the moment it happened.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from newsapp.traffic.events import RECORD, REFERRERS, Events, Pageview, unpack
from newsapp.traffic.inbox import FIELD

IDS, TIMES = b"i", b"t"  # fields of an entry, beside the events
ID_BYTES = 16
TIME = np.dtype("<u4")  # seconds since 1970; 0: when it was received
MOST_VIEWS = 1000  # of one request
MOST_BYTES = 256 << 10
LATEST = timedelta(hours=24)  # a view may be so old, and an id is remembered as long
LONGEST_ID, LONGEST_VISITOR = 100, 200  # characters
LAST_ARTICLE = (1 << 32) - 1
AHEAD = timedelta(minutes=5)  # a phone's clock may be so wrong; the view then happened when it was received

Array = np.ndarray[Any, Any]


class Wrong(ValueError):
    """A body that is not received. `problems`: for each bad view its place and what to do about it."""

    def __init__(self, message: str, problems: Sequence[tuple[int, str]] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class TooMany(Wrong):
    """More views than a request may have."""


class View(NamedTuple):
    """One view as an app tells of it. `at` is None when it happened just now."""

    id: str
    article: int
    visitor: str
    at: datetime | None = None
    referrer: str = "unknown"


# What an app posts


def words(most: int) -> Callable[[Any, datetime], str]:
    def read(value: Any, now: datetime) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise ValueError(f"a text of 1 to {most} characters")
        return value

    return read


def article(value: Any, now: datetime) -> int:
    if type(value) is not int or not 0 < value <= LAST_ARTICLE:
        raise ValueError("the number of an article")
    return value


def moment(value: Any, now: datetime) -> datetime | None:
    """Raises ValueError for what is no moment of the last day. The app's clock may be a little ahead."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("a moment like 2026-11-25T09:30:00Z, or left out") from None
    if at.tzinfo is None:
        raise ValueError("a moment with its zone, like 2026-11-25T09:30:00Z or 2026-11-25T10:30:00+01:00")
    if at < now - LATEST:
        raise ValueError("a moment of the last 24 hours; this view is too old to be counted: leave it out")
    if at > now + AHEAD:
        raise ValueError(f"a moment that has been; here it is {now:%Y-%m-%dT%H:%M:%SZ}: set the clock right, or leave it out")
    return at.astimezone(UTC)


def referrer(value: Any, now: datetime) -> str:
    if value not in REFERRERS:
        raise ValueError(f"one of {', '.join(REFERRERS)}")
    return str(value)


def text_of(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


@dataclass(frozen=True)
class Field:
    """One field of a view. `read` takes its value and the present moment, and raises ValueError saying what it is to be."""

    name: str
    read: Callable[[Any, datetime], Any]
    required: bool
    schema: dict[str, Any]
    help: str


FIELDS = (
    Field(
        "id",
        words(LONGEST_ID),
        True,
        text_of(LONGEST_ID),
        "The event's own id, made once by the app; sent again with it, the view is not counted again.",
    ),
    Field(
        "article", article, True, {"type": "integer", "minimum": 1, "maximum": LAST_ARTICLE}, "The article's number, as /api/v1/most-viewed has it."
    ),
    Field(
        "visitor",
        words(LONGEST_VISITOR),
        True,
        text_of(LONGEST_VISITOR),
        "What tells this reader's app from another's. Only a hash with the day's key is made of it.",
    ),
    Field("at", moment, False, {"type": ["string", "null"], "format": "date-time"}, "When it happened, at most 24 hours ago; left out: now."),
    Field("referrer", referrer, False, {"type": "string", "enum": list(REFERRERS)}, "Where the reader came from."),
)
NAMES = {field.name for field in FIELDS}
VIEW_SCHEMA = {
    "type": "object", "additionalProperties": False, "required": [field.name for field in FIELDS if field.required],
    "properties": {field.name: {**field.schema, "description": field.help} for field in FIELDS},
}  # fmt: skip
BODY_SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["views"],
    "properties": {"views": {"type": "array", "items": VIEW_SCHEMA, "minItems": 1, "maxItems": MOST_VIEWS}},
}  # fmt: skip


def read_views(body: Any, now: datetime) -> list[View]:
    """The views of a body, all of them understood. Raises Wrong."""
    if not isinstance(body, dict) or set(body) != {"views"} or not isinstance(body["views"], list) or not body["views"]:
        raise Wrong('send {"views": [...]} with at least one view')
    if len(body["views"]) > MOST_VIEWS:
        raise TooMany(f"{len(body['views'])} views are too many; send at most {MOST_VIEWS} at once")
    views, problems = [], []
    for place, given in enumerate(body["views"]):
        try:
            views.append(read_view(given, now))
        except ValueError as error:
            problems.append((place, str(error)))
    if problems:
        raise Wrong("nothing was received: mend these views, or leave them out, and send again", problems)
    return views


def read_view(given: Any, now: datetime) -> View:
    if not isinstance(given, dict):
        raise ValueError(f"a view is an object with {', '.join(field.name for field in FIELDS)}")
    if unknown := sorted(set(given) - NAMES):
        raise ValueError(f"{unknown[0]!r} is no field of a view; it has {', '.join(field.name for field in FIELDS)}")
    found = {}
    for field in FIELDS:
        if field.name not in given:
            if field.required:
                raise ValueError(f"{field.name} is missing: {field.help}")
            continue
        try:
            found[field.name] = field.read(given[field.name], now)
        except ValueError as error:
            raise ValueError(f"{field.name} is to be {error}") from None
    return View(**found)


# What stands in the stream


def number_of(app: str) -> int:
    """An app's number, in the place of a network's: all that it sends meets in one shard."""
    return int.from_bytes(blake2b(app.encode(), digest_size=2, person=b"app").digest(), "little")


def pack(app: str, views: Sequence[View], salt_of: Callable[[datetime | None], bytes]) -> dict[bytes, bytes]:
    """The fields of an entry. `salt_of`: the key of the day that a moment belongs to. Ids and visitors are each app's own."""
    number = number_of(app)
    events = (Pageview(view.article, visitor_of(app, view.visitor, salt_of(view.at)), number, referrer=view.referrer).pack() for view in views)
    times = struct.pack(f"<{len(views)}I", *(int(view.at.timestamp()) if view.at else 0 for view in views))
    return {FIELD: b"".join(events), IDS: b"".join(id_of(app, view.id) for view in views), TIMES: times}


def visitor_of(app: str, visitor: str, salt: bytes) -> int:
    return int.from_bytes(blake2b(joined(app, visitor), key=salt, digest_size=8).digest(), "little")


def id_of(app: str, event: str) -> bytes:
    return blake2b(joined(app, event), digest_size=ID_BYTES, person=b"event").digest()


def joined(app: str, text: str) -> bytes:
    """Two texts as one that no other two make."""
    return f"{len(app)}|{app}|{text}".encode("utf-8", "surrogatepass")


class Packed(NamedTuple):
    """An entry's events, with the id of each and when it happened (0: when it was received)."""

    events: Events
    ids: tuple[str, ...]
    times: Array


def unpack_entry(fields: Sequence[bytes]) -> Packed:
    """What an entry's fields hold. Raises ValueError when they are not ours."""
    named = dict(zip(fields[::2], fields[1::2], strict=True))
    events, ids = unpack(named.get(FIELD, b"")), named.get(IDS, b"")
    times = np.frombuffer(named.get(TIMES, b""), TIME)
    if not len(events) == len(times) == len(ids) / ID_BYTES:
        raise ValueError(f"{len(events)} events of {RECORD.size} bytes have not as many ids and times")
    return Packed(events, tuple(ids[start : start + ID_BYTES].hex() for start in range(0, len(ids), ID_BYTES)), times)
