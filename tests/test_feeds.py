"""What feed readers and search engines find."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from lxml import etree

from newsapp.config import Config
from newsapp.news import feeds
from newsapp.news.models import SPIKED
from tests.reading import Reader, publish, reader_of

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
def reader(config: Config) -> Iterator[Reader]:
    yield from reader_of(config)


def rss(reader: Reader, path: str) -> etree._Element:
    answer = reader.get(path)
    assert answer.content_type.startswith("application/rss+xml")
    return etree.fromstring(answer.get_data())


def test_the_feed_has_the_newest_stories_first(reader: Reader) -> None:
    publish("older", ago=timedelta(hours=5), by=["World desk", "Harbour desk"], standfirst="It sails & sails.")
    publish("newer", "sport")
    publish("spiked", state=SPIKED)
    feed = rss(reader, "/feed.xml")
    assert feed.xpath("//item/title/text()") == ["Newer", "Older"]
    assert feed.xpath("//item/link/text()") == [f"{reader.address}/sport/newer", f"{reader.address}/world/older"]
    assert feed.xpath("//item/guid/text()") == feed.xpath("//item/link/text()")
    assert feed.xpath("//item[2]/description/text()") == ["It sails & sails."]
    assert feed.xpath("//item[2]/*[local-name()='creator']/text()") == ["World desk", "Harbour desk"]
    assert feed.xpath("//item[2]/category/text()") == ["World"]


def test_a_section_has_a_feed_of_its_own(reader: Reader) -> None:
    publish("ferry", "world")
    publish("match", "sport")
    feed = rss(reader, "/sport/feed.xml")
    assert feed.xpath("//item/title/text()") == ["Match"]
    assert feed.xpath("/rss/channel/title/text()") == ["The Meridian: Sport"]
    assert reader.get("/nowhere/feed.xml").status_code == 404


def test_a_feed_survives_characters_that_xml_cannot_hold(reader: Reader) -> None:
    publish("ferry", headline="Ferry\x0b sails\x00 \ufffe", standfirst="It\x1f does")
    assert rss(reader, "/feed.xml").xpath("//item/title/text()")[0].startswith("Ferry sails")


def test_pages_point_to_their_feeds(reader: Reader) -> None:
    publish("ferry")
    for path in ("/", "/world", "/world/ferry"):
        assert '<link rel="alternate" type="application/rss+xml"' in reader.text(path)
    assert 'href="/world/feed.xml"' in reader.text("/world/ferry")


def test_the_sitemap_leads_to_every_section_and_story(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "CHUNK", 2)
    for number in range(5):
        publish(f"story-{number}")
    publish("spiked", state=SPIKED)
    sitemaps = [loc.text for loc in etree.fromstring(reader.get("/sitemap.xml").get_data()).iter(f"{SITEMAP}loc")]
    pages = set()
    for address in sitemaps:
        tree = etree.fromstring(reader.get(address.removeprefix(reader.address)).get_data())
        pages |= {loc.text.removeprefix(reader.address) for loc in tree.iter(f"{SITEMAP}loc")}
    assert pages == {"/", "/how-we-count", "/world", *(f"/world/story-{number}" for number in range(5))}
    assert reader.get("/sitemap/articles-9.xml").status_code == 404


def test_robots_are_told_where_the_sitemap_is(reader: Reader) -> None:
    assert f"Sitemap: {reader.address}/sitemap.xml" in reader.text("/robots.txt")
