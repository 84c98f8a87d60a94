"""The archive: every year, month and day that has a story, by the paper's clock, and the way from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsapp.config import Config
from newsapp.database import db, writes
from newsapp.news.archive import Span
from newsapp.news.models import SPIKED
from newsapp.settings.store import change
from tests.reading import Reader, publish, reader_of

STORIES = {
    "old-ferry": datetime(2024, 2, 29, 23, 30), "spring": datetime(2026, 3, 1, 8, 0), "night": datetime(2026, 3, 31, 23, 30),
    "may": datetime(2026, 5, 1, 0, 0),
}  # fmt: skip
ZONES = ("UTC", "Europe/Athens", "America/St_Johns", "Pacific/Auckland")


@pytest.fixture
def reader(config: Config, every_database: str) -> Iterator[Reader]:
    for reader in reader_of(config | {"DATABASE_URL": every_database}):
        for slug, moment in (
            ("old-ferry", (2024, 2, 29, 23, 30)),
            ("spring", (2026, 3, 1, 8, 0)),
            ("night", (2026, 3, 31, 23, 30)),
            ("may", (2026, 5, 1, 0, 0)),
        ):
            publish(slug, at=datetime(*moment, tzinfo=UTC))
        publish("spiked", at=datetime(2025, 6, 1, tzinfo=UTC), state=SPIKED)
        yield reader


def stories(reader: Reader, path: str) -> list[str]:
    return [
        slug
        for slug in ("old-ferry", "spring", "night", "may", "spiked")
        if f'href="/world/{slug}"' in reader.text(path).partition("section-head")[2]
    ]


def test_each_span_has_its_stories(reader: Reader) -> None:
    assert stories(reader, "/2026") == ["spring", "night", "may"]
    assert stories(reader, "/2026/03") == ["spring", "night"]
    assert stories(reader, "/2026/03/31") == ["night"]
    assert stories(reader, "/2024/02/29") == ["old-ferry"]
    assert "<h1>31 March 2026</h1>" in reader.text("/2026/03/31")


def test_days_are_those_of_the_papers_clock(reader: Reader) -> None:
    with writes():
        change("site", "time_zone", "Europe/Athens", "editor@newsapp.example")
        db.session.commit()
    assert stories(reader, "/2026/03/31") == []
    assert stories(reader, "/2026/04/01") == ["night"]


def test_a_span_leads_to_the_next_that_has_a_story_and_to_its_parts(reader: Reader) -> None:
    page = reader.text("/2026/03")
    assert '<a href="/2024/02" rel="prev">February 2024</a>' in page
    assert '<a href="/2026/05" rel="next">May 2026</a>' in page
    assert '<a href="/2026/03/31">31</a>' in page
    assert 'href="/2026/03/30"' not in page
    assert '<a href="/2026/05">May</a>' in reader.text("/2026")
    assert f'<link rel="canonical" href="{reader.address}/2026/03">' in page


@pytest.mark.parametrize("path", ["/2026/13", "/2026/00", "/2026/02/30", "/2026/02/00", "/0000", "/9999", "/2026/3", "/2026/03?page=2"])
def test_what_no_calendar_has_is_not_there(reader: Reader, path: str) -> None:
    assert reader.get(path).status_code == 404


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(ZONES),
    st.integers(0, 2),
)
def test_spans_follow_each_other_without_a_gap(moment: datetime, zone: str, length: int) -> None:
    here = ZoneInfo(zone)
    local = moment.replace(tzinfo=UTC).astimezone(here)
    span = Span(*(local.year, local.month, local.day)[: length + 1])
    begins, ends = span.bounds(here)
    assert begins <= local < ends
    after = ends.astimezone(here)
    following = span.as_long(after)
    assert following.bounds(here)[0] == ends
    assert ends - begins <= timedelta(days=366, hours=2)
