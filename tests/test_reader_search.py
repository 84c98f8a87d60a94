"""What readers find by searching: the best first, mistyped words put right, only what they may read, on each database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsapp.config import Config
from newsapp.database import db, now
from newsapp.news.models import DRAFT, SPIKED
from newsapp.search import spelling
from newsapp.search.snippets import LENGTH, marked, snippet
from newsapp.search.words import terms_of
from tests.reading import Reader, publish, reader_of

DAY = timedelta(days=1)


@pytest.fixture
def reader(config: Config, every_database: str) -> Iterator[Reader]:
    yield from reader_of(config | {"DATABASE_URL": every_database})


def found(reader: Reader, query: str) -> list[str]:
    """The headlines that are found, in their order."""
    hits = re.findall(r'<h2 class="hed hed--s"><a [^>]*>(.*?)</a>', reader.text(f"/search?{query}"))
    return [re.sub(r"<[^>]+>", "", hit) for hit in hits]


def noted() -> int:
    """Have the job make the known words anew."""
    db.session.rollback()  # what was read before must not be looked at again
    return spelling.note_words()


def test_a_word_of_the_headline_weighs_more_than_one_of_the_story(reader: Reader) -> None:
    publish("budget", body="<p>The ferry fares rise, said the ferry company.</p>" + "<p>Other words stand here.</p>" * 20)
    publish("ferry-sinks")
    publish("by-the-sea", by=("Ferry desk",))
    assert found(reader, "q=ferry")[0] == "Ferry sinks"
    assert set(found(reader, "q=ferry")) == {"Ferry sinks", "Budget", "By the sea"}


def test_of_equals_the_newer_comes_first_and_newest_is_by_date_alone(reader: Reader) -> None:
    publish("ferry-strike-two", ago=3 * DAY)
    publish("ferry-strike-one", ago=400 * DAY)
    publish("budget", ago=DAY, body="<p>Of one ferry, among many other words of no concern.</p>")
    assert found(reader, "q=ferry+strike") == ["Ferry strike two", "Ferry strike one"]
    assert found(reader, "q=ferry&order=newest") == ["Budget", "Ferry strike two", "Ferry strike one"]
    assert found(reader, "q=ferry&order=nonsense") == found(reader, "q=ferry")


def test_what_readers_may_not_see_is_not_found(reader: Reader) -> None:
    publish("ferry-live")
    publish("ferry-draft", state=DRAFT)
    publish("ferry-spiked", state=SPIKED)
    publish("ferry-tomorrow", at=now() + DAY)
    publish("ferry-over", expires_at=now() - timedelta(minutes=1))
    assert found(reader, "q=ferry") == ["Ferry live"]
    assert [story["headline"] for story in reader.get("/search/suggestions?q=fer").json or ()] == ["Ferry live"]


def test_a_mistyped_word_is_put_right_and_the_page_says_so(reader: Reader) -> None:
    publish("ferry-strike-ends")
    publish("ferry-strike-begins")
    publish("parliament-votes", body="<p>parliament parliament</p>")
    publish("parliament-rests")
    noted()
    assert set(found(reader, "q=fery+strkie")) == {"Ferry strike ends", "Ferry strike begins"}
    page = reader.text("/search?q=fery+strkie")
    assert "No story has “fery strkie”" in page
    assert "<strong>ferry strike</strong>" in page
    assert len(found(reader, "q=parlaiment")) == 2
    assert found(reader, "q=xylophone") == []
    assert "No story has all of “xylophone”" in reader.text("/search?q=xylophone")


def test_known_words_follow_the_archive(reader: Reader) -> None:
    publish("ferry-one")
    publish("ferry-two")
    assert noted() == 1
    assert noted() == 0
    publish("bridge-one", body="<p>ferry</p>")
    publish("bridge-two")
    assert noted() == 2
    assert spelling.nearest("brigde") == "bridge"
    assert spelling.nearest("ferry") == spelling.nearest("fer") + "ry" == "ferry"


def test_found_words_are_marked_and_nothing_that_is_asked_becomes_markup(reader: Reader) -> None:
    publish("ferry-strike", standfirst="Nine days & nights: the ferry <b>men</b> stay out.")
    page = reader.text("/search?q=ferry+men")
    assert "the <mark>ferry</mark> &lt;b&gt;<mark>men</mark>&lt;/b&gt; stay out" in page
    hostile = reader.text("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in hostile
    assert reader.get("/search?q=" + "%00x%FF" * 500).status_code == 200


def test_more_than_a_page_is_paged_and_a_page_that_is_none_is_not_there(reader: Reader) -> None:
    for number in range(23):
        publish(f"ferry-no-{number}", ago=timedelta(hours=number + 1))
    pages = [found(reader, f"q=ferry&order=newest&page={number}") for number in (1, 2, 3)]
    assert [len(each) for each in pages] == [10, 10, 3]
    assert [headline for page in pages for headline in page] == [f"Ferry no {number}" for number in range(23)]
    assert "23 stories" in reader.text("/search?q=ferry")
    assert reader.get("/search?q=ferry&page=0").status_code == reader.get("/search?q=ferry&page=x").status_code == 404


def test_no_search_is_kept_and_no_machine_lists_one(reader: Reader) -> None:
    publish("ferry-one")
    assert found(reader, "q=ferry") == ["Ferry one"]
    publish("ferry-two", ago=timedelta(minutes=1))
    assert len(found(reader, "q=ferry")) == 2
    assert '<meta name="robots" content="noindex">' in reader.text("/search?q=ferry")


def test_a_browser_can_add_the_paper_to_its_search_engines(reader: Reader) -> None:
    assert 'href="/opensearch.xml"' in reader.text("/")
    root = ElementTree.fromstring(reader.text("/opensearch.xml"))
    url = root.find("{http://a9.com/-/spec/opensearch/1.1/}Url")
    assert url is not None
    assert url.get("template") == f"{reader.app.config['SITE_URL']}/search?q={{searchTerms}}"


def test_a_page_that_is_not_there_offers_to_search(reader: Reader) -> None:
    assert 'action="/search"' in reader.get("/no/such-story").text


@given(st.text(max_size=300), st.text(max_size=30))
def test_pieces_make_the_text_again(text: str, asked: str) -> None:
    assert "".join(piece.text for piece in marked(text, terms_of(asked))) == text


def test_the_lines_with_most_of_the_words_are_shown() -> None:
    words = ["word"] * 100 + ["ferry"] + ["word"] * 100 + ["ferry", "men", "strike"] + ["word"] * 100
    pieces = snippet(" ".join(words), terms_of("ferry men strike"))
    assert [piece.text for piece in pieces if piece.is_asked] == ["ferry", "men", "strike"]
    assert (pieces[0].text, pieces[-1].text) == ("… ", " …")
    assert len("".join(piece.text for piece in pieces).split()) == LENGTH + 2
    assert snippet("", terms_of("ferry")) == []
