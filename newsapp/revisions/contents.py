"""What a form holds, as it is kept: every field by its name, compressed."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from newsapp.news.body import body_of
from newsapp.news.models import Article

Content = dict[str, Any]
Fields = dict[str, list[str]]  # as a browser sends them

# What a restored revision brings back. When a story goes out, its place and its rules stay as they are now.
RESTORED = (
    "headline", "list_headline", "kicker", "standfirst", "body", "section", "tags", "bylines", "alt", "caption", "credit", "language", "picture",
)  # fmt: skip


def content_of(article: Article, typed: dict[str, Any]) -> Content:
    """An article's content; `typed` is as its form shows it."""
    return {**{name: value for name, value in typed.items() if name != "version"}, "picture": article.picture.name if article.picture else ""}


def content_sent(typed: dict[str, Any], present: Content, base: Content, brought: str) -> Content:
    """What a form that came back holds, with the picture that it brought, left or took away."""
    sent = {name: typed[name] for name in present if name in typed}
    picture = brought or ("" if typed.get("remove_picture") else base.get("picture", ""))
    return {**sent, "body": body_of(typed["body"]), "slug": typed["slug"] or base.get("slug", ""), "picture": picture}


def packed(content: Content, zone: ZoneInfo) -> bytes:
    """Times are typed by the paper's clock and kept in UTC: the clock may be set otherwise one day."""

    def told(value: Any) -> Any:
        if isinstance(value, datetime):
            return {"moment": value.replace(tzinfo=value.tzinfo or zone).astimezone(UTC).isoformat()}
        raise TypeError(f"a form cannot hold {value!r}")

    return zlib.compress(json.dumps(content, default=told, ensure_ascii=False).encode())


def unpacked(data: bytes, zone: ZoneInfo) -> Content:
    """The content as the form shows it; nothing when its text is gone."""

    def heard(value: dict[str, Any]) -> Any:
        if set(value) == {"moment"}:
            return datetime.fromisoformat(value["moment"]).astimezone(zone).replace(tzinfo=None)
        return value

    found: Content = json.loads(zlib.decompress(data), object_hook=heard) if data else {}
    return found


def packed_fields(fields: Fields) -> bytes:
    return zlib.compress(json.dumps(fields, ensure_ascii=False).encode())


def unpacked_fields(data: bytes) -> Fields:
    found: Fields = json.loads(zlib.decompress(data))
    return found
