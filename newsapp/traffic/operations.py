"""OPERATIONS: what the public API can be asked for. Checks of what is asked, and the document, are derived from these records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from newsapp.traffic.asked import ORDERS, PUBLISHED, VIEWS
from newsapp.traffic.ingest import BODY_SCHEMA
from newsapp.traffic.windows import WINDOWS

MOST = 50
LARGEST = 2**53 - 1  # an integer that JSON's readers keep


class Refused(Exception):
    """A request that gets no answer but a sentence: what is wrong, and what to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Parameter:
    """One value of the query, or of the path."""

    name: str
    help: str
    default: str = ""
    choices: tuple[str, ...] = ()
    between: tuple[int, int] | None = None
    place: str = "query"

    def clean(self, value: str) -> str:
        """The value, if it is one of those that the parameter takes. Raises Refused."""
        if self.choices and value not in self.choices:
            raise Refused(400, f"{self.name} is one of {', '.join(self.choices)}, not {value!r}")
        if self.between and not (value.isascii() and value.isdecimal() and self.between[0] <= int(value[:20]) <= self.between[1]):
            raise Refused(400, f"{self.name} is a number from {self.between[0]} to {self.between[1]}, not {value!r}")
        if not value:
            raise Refused(400, f"{self.name} is empty; give a value, or leave it out")
        return value

    def schema(self) -> dict[str, Any]:
        if self.between:
            default = {"default": int(self.default)} if self.default else {}
            return {"type": "integer", "minimum": self.between[0], "maximum": self.between[1], **default}
        choices = {"enum": list(self.choices)} if self.choices else {"minLength": 1, "maxLength": 160}
        return {"type": "string", **choices, **({"default": self.default} if self.default else {})}


@dataclass(frozen=True)
class Operation:
    """One method of one path: what it takes, and the schema and an example of what it answers."""

    name: str
    method: str
    path: str
    summary: str
    help: str
    parameters: tuple[Parameter, ...]
    answer: dict[str, Any]
    example: dict[str, Any]
    refusals: dict[int, str]
    body: dict[str, Any] = field(default_factory=dict)  # the schema of what is sent
    said: dict[str, Any] = field(default_factory=dict)  # an example of it
    keyed: bool = False  # asked with an app's key, and of the desk's listener
    success: int = 200

    @property
    def params(self) -> tuple[str, ...]:
        """The names of what its query may hold."""
        return tuple(parameter.name for parameter in self.parameters if parameter.place == "query")


def record(required: tuple[str, ...], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


TEXT: dict[str, Any] = {"type": "string"}
MAYBE: dict[str, Any] = {"type": ["string", "null"]}
ADDRESS: dict[str, Any] = {"type": "string", "format": "uri"}
MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}
SHARE: dict[str, Any] = {"type": "number", "minimum": 0}
COUNTED = tuple(window.slug for window in WINDOWS if not window.weighed)
SCOPES = ("section", "tag", "author", "language")

PROBLEM = record(("index", "error"), index=NUMBER, error=TEXT)  # what is wrong with one of the views that were sent
ERROR = record(("error",), error=TEXT, views={"type": "array", "items": PROBLEM})
ITEM = record(
    ("id", "url", "headline", "section"),
    id=NUMBER, url=ADDRESS, headline=TEXT, section=TEXT, views=NUMBER, score=SHARE, average=SHARE, pinned={"type": "boolean"},
)  # fmt: skip

OPERATIONS = (
    Operation(
        "mostViewed", "GET", "/api/v1/most-viewed", "The stories that were viewed most",
        "`views` are those of the window. In the window trend stories have a `score` instead: each view is a point when it happens and loses"
        " half of its worth with every half-life. With order=average stories are ranked by `average`: the views of the window, divided by the"
        " days (one at least) that the story was online in it. `pinned` stories were placed by the editors. Give one of section, tag, author"
        " and language at most.",
        (
            Parameter("window", "The span of time.", "day", tuple(window.slug for window in WINDOWS)),
            Parameter("section", "Only stories of the section with this slug."),
            Parameter("tag", "Only stories with the tag of this slug."),
            Parameter("author", "Only stories by the author with this slug."),
            Parameter("language", "Only stories in this language, as their tag names it."),
            Parameter("published", "Only stories that were published within the last …", "", tuple(PUBLISHED)),
            Parameter("order", "By all views, or by the average of a day.", VIEWS, ORDERS),
            Parameter("limit", "How many stories.", "10", between=(1, MOST)),
        ),
        record(
            ("window", "section", "tag", "author", "language", "published", "order", "as_of", "items"),
            window=TEXT, section=MAYBE, tag=MAYBE, author=MAYBE, language=MAYBE, published=MAYBE, order=TEXT, as_of=MOMENT,
            items={"type": "array", "items": ITEM, "maxItems": MOST},
        ),
        {
            "window": "week", "section": "world", "tag": None, "author": None, "language": None, "published": None, "order": "average",
            "as_of": "2026-11-23T09:14:05+00:00",
            "items": [{"id": 12, "url": "https://paper.example/world/harbour-fire", "headline": "Harbour fire put out", "section": "world",
                       "views": 4211, "average": 1403.67}],
        },
        {400: "A parameter has a value that it does not take.", 404: "There is no such section, tag, author or language.",
         429: "Many other lists are being made; ask again in a second."},
    ),
    Operation(
        "articleViews", "GET", "/api/v1/articles/{id}/views", "The views of one story", "Given out if the paper has decided so.",
        (Parameter("id", "The story's number.", between=(1, LARGEST), place="path"),),
        record(
            ("id", "url", "headline", "published_at", "as_of", "views", "score"),
            id=NUMBER, url=ADDRESS, headline=TEXT, published_at=MOMENT, as_of=MOMENT,
            views=record(COUNTED, **dict.fromkeys(COUNTED, NUMBER)), score=SHARE,
        ),
        {
            "id": 12, "url": "https://paper.example/world/harbour-fire", "headline": "Harbour fire put out",
            "published_at": "2026-11-20T06:00:00+00:00", "as_of": "2026-11-23T09:14:05+00:00",
            "views": {"hour": 31, "day": 702, "week": 4211, "month": 4211, "all": 4211}, "score": 118.4,
        },
        {400: "The number is none.", 404: "There is no such story, or the paper does not give its views out."},
    ),
    Operation(
        "reportViews", "POST", "/api/v1/views", "Reports views of the paper's own app",
        "All views of a request are received, or none. Sent again with the same ids they count once, so an app that had no answer sends"
        " again. The paper gives each app a key.",
        (),
        record(("received",), received=NUMBER),
        {"received": 1},
        {401: "No key, or one that was never given.", 403: "The key was revoked.", 411: "There is no Content-Length.",
         413: "Too many views or bytes at once.", 415: "It is not JSON.", 421: "This is the readers' site; the message says where to send it.",
         422: "Some views are not understood; nothing was received.", 429: "Too many requests with one key; wait for Retry-After seconds.",
         503: "Nobody can say that they were received; send the same again after Retry-After seconds."},
        body=BODY_SCHEMA,
        said={"views": [{"id": "6f1c22d0", "article": 12, "visitor": "a81b9e44", "referrer": "social"}]},
        keyed=True, success=202,
    ),
)  # fmt: skip
BY_NAME = {operation.name: operation for operation in OPERATIONS}
