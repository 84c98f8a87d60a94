"""The public API: what programs can ask of the paper, and that its document says the truth."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from newsapp import create_app
from newsapp.config import Config
from newsapp.database import db, writes
from newsapp.delivery import other_lists
from newsapp.settings.store import change
from newsapp.traffic.operations import OPERATIONS, Operation
from newsapp.traffic.windows import WINDOWS
from tests.reading import Reader, publish

MOST_VIEWED = "/api/v1/most-viewed"


def view(article_id: int, views: int) -> None:
    """Views of the last days, as counting leaves them."""
    columns = "article_id, section_id, v24h, v7d, v30d, vall, trend"
    with writes():
        db.session.execute(
            text(f"INSERT INTO article_view_sums ({columns}) SELECT id, section_id, :n, :n, :n, :n, :n FROM article WHERE id = :id"),
            {"id": article_id, "n": views},
        )
        db.session.commit()


def paper(reader: Reader) -> dict[str, int]:
    ids = {
        "ferry": publish("ferry", by=["Ann Lee"], tags=["Shipping"]),
        "match": publish("match", "sport", tags=["Shipping"]),
        "faehre": publish("faehre", language="de", by=["Ann Lee"]),
    }
    for views, article_id in enumerate(ids.values(), 1):
        view(article_id, views * 10)
    return ids


def ask(reader: Reader, path: str, status: int = 200) -> dict[str, Any]:
    answer = reader.get(path)
    assert answer.status_code == status, (path, answer.status, answer.get_data(as_text=True))
    assert answer.content_type == "application/json"
    return dict(json.loads(answer.get_data()))


def listed(reader: Reader, query: str) -> list[str]:
    return [item["url"].rpartition("/")[2] for item in ask(reader, f"{MOST_VIEWED}?{query}")["items"]]


@pytest.mark.parametrize(("query", "expected"), [
    ("", ["faehre", "match", "ferry"]),
    ("limit=1", ["faehre"]),
    ("section=sport", ["match"]),
    ("tag=shipping", ["match", "ferry"]),
    ("author=ann-lee", ["faehre", "ferry"]),
    ("language=de", ["faehre"]),
    ("language=en", ["match", "ferry"]),
    ("published=day", ["faehre", "match", "ferry"]),
    ("tag=shipping&published=week&order=average&window=month", ["match", "ferry"]),
    ("window=trend", ["faehre", "match", "ferry"]),
])  # fmt: skip
def test_most_viewed_can_be_asked_for_by(reader: Reader, query: str, expected: list[str]) -> None:
    paper(reader)
    assert listed(reader, query) == expected


@pytest.mark.parametrize(("query", "status", "words"), [
    ("window=decade", 400, "window is one of hour, day"), ("limit=0", 400, "limit is a number from 1 to 50"),
    ("tag=", 400, "tag is empty"), ("limit=ten", 400, "limit is a number"), ("order=luck", 400, "order is one of views, average"),
    ("published=ever", 400, "published is one of day"), ("section=nowhere", 404, "no section 'nowhere'"),
    ("tag=nothing", 404, "no tag"), ("author=nobody", 404, "no author"), ("language=xx", 404, "no language"),
    ("section=world&tag=shipping", 404, "one of them"),
])  # fmt: skip
def test_what_cannot_be_asked_for_is_answered_with_a_sentence(reader: Reader, query: str, status: int, words: str) -> None:
    paper(reader)
    assert words in ask(reader, f"{MOST_VIEWED}?{query}", status)["error"]


def test_an_answer_is_kept_and_asked_for_again_by_its_tag(reader: Reader) -> None:
    paper(reader)
    first = reader.get(f"{MOST_VIEWED}?tag=shipping")
    assert reader.get(f"{MOST_VIEWED}?tag=shipping", **{"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_the_views_of_a_story_are_given_out_only_if_the_paper_says_so(reader: Reader) -> None:
    ids = paper(reader)
    path = f"/api/v1/articles/{ids['match']}/views"
    assert "does not give out" in ask(reader, path, 404)["error"]
    make_public(reader)
    found = ask(reader, path)
    assert found["views"] == {"hour": 0, "day": 20, "week": 20, "month": 20, "all": 20}
    assert found["url"].endswith("/sport/match")
    assert "no story 99" in ask(reader, "/api/v1/articles/99/views", 404)["error"]
    assert "id is a number" in ask(reader, "/api/v1/articles/ferry/views", 400)["error"]


def make_public(reader: Reader) -> None:
    with writes():
        db.session.rollback()
        change("site", "public_views", "on", "x")
        db.session.commit()
    reader.app.extensions["memory"].keep("settings", reader.app.extensions["memory"].from_sql("settings"))


# The document


def document(reader: Reader) -> dict[str, Any]:
    return ask(reader, "/openapi.json")


def test_every_route_of_the_api_is_in_the_document(reader: Reader, config: Config) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(?:\w+_)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for app in (reader.app, create_app(config, "desk")) for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }  # fmt: skip
    assert routes == {(path, method) for path, methods in document(reader)["paths"].items() for method in methods}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_example_is_what_its_schema_says(operation: Operation) -> None:
    for schema, example in ((operation.answer, operation.example), (operation.body, operation.said)):
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(example)


def test_every_answer_is_what_its_schema_says(reader: Reader) -> None:
    ids = paper(reader)
    make_public(reader)
    said = document(reader)["paths"]
    asked = [(MOST_VIEWED, f"{MOST_VIEWED}?window={window.slug}&order={order}") for window in WINDOWS for order in ("views", "average")]
    asked.append(("/api/v1/articles/{id}/views", f"/api/v1/articles/{ids['ferry']}/views"))
    for path, address in asked:
        schema = said[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(ask(reader, address))


# Lists that no worker keeps


def test_other_lists_are_made_once_a_minute_and_shared(reader: Reader, config: Config) -> None:
    paper(reader)
    listed(reader, "tag=shipping")
    reader.app.extensions["other_lists"].kept.clear()
    with reader.counted() as statements:
        assert listed(reader, "tag=shipping&limit=3") == ["match", "ferry"]
    assert not [statement for statement in statements if "article_view_sums" in statement]


def test_other_lists_come_without_redis_too(reader: Reader, valkey: Any) -> None:
    paper(reader)
    valkey.kill()
    try:
        assert listed(reader, "tag=shipping") == ["match", "ferry"]
        assert listed(reader, "author=ann-lee&published=week") == ["faehre", "ferry"]
    finally:
        valkey.start()


def test_other_lists_fill_neither_redis_nor_memory(reader: Reader, monkeypatch: pytest.MonkeyPatch, valkey: Any) -> None:
    paper(reader)
    monkeypatch.setattr(other_lists, "MOST", 5)
    monkeypatch.setattr(other_lists, "SLOTS", 4)
    for window in WINDOWS:
        for scope in ("tag=shipping", "author=ann-lee"):
            assert len(listed(reader, f"{scope}&window={window.slug}")) == (0 if window.slug == "hour" else 2)
    assert len(reader.app.extensions["other_lists"].kept) == 5
    slots = valkey.client().keys("news:asked:*")
    assert 0 < len(slots) <= 4
    assert all(0 < valkey.client().ttl(slot) <= 60 for slot in slots)


def test_while_a_list_is_made_others_wait_a_moment_and_are_told(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    paper(reader)
    monkeypatch.setattr(other_lists, "PATIENCE", 0.05)
    lists = reader.app.extensions["other_lists"]
    with lists.making:
        answer = reader.get(f"{MOST_VIEWED}?tag=shipping")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    listed(reader, "tag=shipping")
    lists.kept.update({name: (0.0, value) for name, (_, value) in lists.kept.items()})
    with lists.making:  # one that is over its minute is better than none
        assert listed(reader, "tag=shipping&limit=5") == ["match", "ferry"]
