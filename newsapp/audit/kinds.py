"""KINDS: the things that the audit log tells of, by the tables that hold them. A table in none of these tuples is told of by its own name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of thing: its word on the page, and its tables."""

    name: str
    word: str
    tables: tuple[str, ...] = ()


KINDS = (
    Kind("article", "Story", ("article", "article_author")),
    Kind("correction", "Correction", ("correction",)),
    Kind("preview", "Preview link", ("preview_link",)),
    Kind("section", "Section", ("section",)),
    Kind("tag", "Tag", ("tag",)),
    Kind("author", "Byline", ("author",)),
    Kind("picture", "Picture", ("picture",)),
    Kind("page", "Page", ("page",)),
    Kind("redirect", "Old address", ("redirect",)),
    Kind("front", "Front page", ("front_plate", "front_slot")),
    Kind("breaking", "Breaking news", ("breaking",)),
    Kind("setting", "Setting", ("setting",)),
    Kind("ranking", "Ranking", ("list_guard",)),
    Kind("release", "Held views", ("released_views",)),
    Kind("key", "Key of an app", ("api_key",)),
    Kind("person", "Person", ("desk_user",)),
    Kind("passkey", "Passkey", ("desk_passkey",)),
    Kind("invitation", "Invitation", ("desk_invitation",)),
    Kind("sign_in", "Signing in"),
    Kind("session", "Session", ("desk_session",)),
    Kind("job", "Job"),
    Kind("worker", "Worker"),
    Kind("desk", "The desk"),
)
BY_TABLE = {table: kind for kind in KINDS for table in kind.tables}
WORDS = {kind.name: kind.word for kind in KINDS}

# Rows that belong to another thing, which is told of.
PARTS = frozenset({"article_tag", "roles_users", "desk_role"})
# Rows that are written anew as a whole: told of in one word, not each.
REWRITTEN = {"article_author": "bylines changed"}
# What no person changes, or what follows from something that is told of.
QUIET = frozenset({
    "change", "audit_entry", "count_cursor", "article_views_5min", "article_views_hourly", "article_views_daily", "article_view_sums", "sums_due",
    "window_state", "trend_state", "view_ledger", "held_views", "article_engagement_daily", "article_referrers_daily", "referrer_host", "view_rule",
    "kept_chunk", "recounted_hour", "ingested_view", "list_member", "schedule_state", "installation", "imported_item",
    "revision", "unsaved", "article_turn", "turned_through", "outside_link", "text_waiting", "article_text", "known_word",
    "saved_list", "hub_feed", "hub_through", "open_alarm", "alert",
})  # fmt: skip


def kind_of(table: str) -> str:
    """The kind of thing that a table holds; the table's own name for one that nobody has named."""
    return BY_TABLE[table].name if table in BY_TABLE else table[:40]
