"""What feed readers and search engines find."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import etree

from newsapp.database import db, now, writes
from newsapp.news import sitemaps
from newsapp.news.models import SPIKED, Picture
from newsapp.settings.store import change
from tests.conftest import SHARED
from tests.reading import Reader, publish

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


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
    assert feed.xpath("//item[2]/description/text()") == ["It sails &amp; sails."]
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
    monkeypatch.setattr(sitemaps, "CHUNK", 2)
    for number in range(5):
        publish(f"story-{number}")
    publish("spiked", state=SPIKED)
    addresses = [loc.text for loc in etree.fromstring(reader.get("/sitemap.xml").get_data()).iter(f"{SITEMAP}loc")]
    pages = set()
    for address in addresses:
        tree = etree.fromstring(reader.get(address.removeprefix(reader.address)).get_data())
        pages |= {loc.text.removeprefix(reader.address) for loc in tree.iter(f"{SITEMAP}loc")}
    assert pages == {"/", "/how-we-count", "/corrections", "/world", *(f"/world/story-{number}" for number in range(5))}
    assert reader.get("/sitemap/articles-9.xml").status_code == 404


def write(setting: str, value: object) -> None:
    with writes():
        change("site", setting, value, "editor@newsapp.example")
        db.session.commit()


FEEDS = [f"{path}/{file}" for path in ("", "/world", "/tag/ships", "/author/sea-desk") for file in ("feed.xml", "atom.xml", "feed.json")]


@pytest.mark.parametrize("path", FEEDS)
def test_every_feed_tells_the_same_stories_and_where_it_stands(reader: Reader, path: str) -> None:
    publish("ferry", headline="Ferry & sons", standfirst="It sails.", by=["Sea desk"], tags=["Ships"], guests="A guest", body="<p>Whole.</p>")
    publish("match", "sport")
    answer = reader.get(path)
    assert answer.status_code == 200
    assert "Whole." not in answer.text
    story, own = f"{reader.address}/world/ferry", f"{reader.address}{path}"
    if path.endswith("json"):
        feed = answer.json
        assert (feed["version"], feed["feed_url"]) == ("https://jsonfeed.org/version/1.1", own)
        assert story in [item["url"] for item in feed["items"]]
        item = next(item for item in feed["items"] if item["id"] == story)
        assert (item["title"], item["content_text"]) == ("Ferry & sons", "It sails.")
        assert item["authors"] == [{"name": "Sea desk", "url": f"{reader.address}/author/sea-desk"}, {"name": "A guest"}]
    else:
        root = etree.fromstring(answer.get_data())
        links = {(link.get("rel"), link.get("href")) for link in root.iter("{http://www.w3.org/2005/Atom}link")}
        assert ("self", own) in links
        assert story in answer.text
        assert "Sea desk" in answer.text
    assert ("match" in answer.text) == (path.count("/") == 1)


def test_atom_has_what_its_standard_asks_for(reader: Reader) -> None:
    publish("ferry", by=["Sea desk"], revised_at=now() - timedelta(minutes=5))
    root = etree.fromstring(reader.get("/atom.xml").get_data())
    atom = "{http://www.w3.org/2005/Atom}"
    assert all(root.findtext(f"{atom}{name}") for name in ("id", "title", "updated"))
    entry = root.find(f"{atom}entry")
    assert all(entry.findtext(f"{atom}{name}") for name in ("id", "title", "updated", "published"))
    assert entry.findtext(f"{atom}updated") > entry.findtext(f"{atom}published")
    assert entry.findtext(f"{atom}author/{atom}name") == "Sea desk"
    assert root.findtext(f"{atom}updated") == entry.findtext(f"{atom}updated")


def test_a_feed_of_whole_stories_has_addresses_that_lead_somewhere(reader: Reader) -> None:
    publish(
        "ferry",
        standfirst="It sails.",
        body='<p>See <a href="/world">more</a>, R&amp;D &amp; ]]&gt; \x0b</p><figure><img src="/media/a-480.webp" alt=""></figure>',
    )
    write("feed_text", "full")
    body = reader.get("/feed.json").json["items"][0]["content_html"]
    assert f'<a href="{reader.address}/world">more</a>' in body
    assert f'src="{reader.address}/media/a-480.webp"' in body
    for path, tag in (("/feed.xml", "{http://purl.org/rss/1.0/modules/content/}encoded"), ("/atom.xml", "{http://www.w3.org/2005/Atom}content")):
        told = next(etree.fromstring(reader.get(path).get_data()).iter(tag)).text
        assert f'href="{reader.address}/world"' in told
        assert "R&amp;D" in told


def test_the_news_sitemap_has_the_stories_of_two_days(reader: Reader) -> None:
    publish("ferry", headline="Ferry & sons")
    publish("old", ago=timedelta(hours=49))
    publish("hidden", robots="noindex")
    publish("taibei", language="zh-Hant")
    assert "/sitemap/news.xml" in reader.get("/sitemap.xml").text
    root = etree.fromstring(reader.get("/sitemap/news.xml").get_data())
    news = "{http://www.google.com/schemas/sitemap-news/0.9}"
    assert {title.text for title in root.iter(f"{news}title")} == {"Ferry & sons", "Taibei"}
    assert {language.text for language in root.iter(f"{news}language")} == {"en", "zh-tw"}


@pytest.mark.parametrize("path", ["/sitemap.xml", "/sitemap/sections.xml", "/sitemap/articles-0.xml", "/sitemap/news.xml"])
def test_sitemaps_are_as_their_schemas_say(reader: Reader, path: str) -> None:
    publish("ferry", picture=Picture(name="sea", widths="480,960", width=960, height=640))
    publish("no-picture", language="pt-BR")
    document = etree.fromstring(reader.get(path).get_data())
    folder = SHARED / "data" / "schemas"
    assert ("/media/sea-960.webp" in etree.tostring(document).decode()) == (path == "/sitemap/articles-0.xml")
    google = "{http://www.google.com/schemas/sitemap-"
    for name, tag in (("sitemap-news.xsd", f"{google}news/0.9}}news"), ("sitemap-image.xsd", f"{google}image/1.1}}image")):
        for part in list(document.iter(tag)):  # each is judged by its own, which the other does not know
            part.getparent().remove(part)
            etree.XMLSchema(etree.parse(folder / name)).assertValid(etree.ElementTree(part))
    schema = "siteindex.xsd" if document.tag.endswith("sitemapindex") else "sitemap.xsd"
    etree.XMLSchema(etree.parse(folder / schema)).assertValid(document)


def test_robots_are_told_where_the_sitemap_is(reader: Reader) -> None:
    assert f"Sitemap: {reader.address}/sitemap.xml" in reader.text("/robots.txt")
