"""Pages as they are sent: compressed once, as the client likes it; made anew behind the back of who reads; bounded in memory."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator

import brotli
import pytest
import time_machine
import zstandard
from prometheus_client import Histogram

from newsapp.config import Config
from newsapp.database import db
from newsapp.delivery import encodings, page_cache
from newsapp.delivery.encodings import ENCODINGS, chosen
from newsapp.delivery.listener import ask
from newsapp.delivery.page_cache import MEANWHILE, RENEW, PageCache
from newsapp.news.models import Article
from newsapp.ops.metrics import REQUEST_SECONDS, Gathered
from tests.reading import Reader, publish, reader_of

UNPACKED: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.decompress, "gzip": gzip.decompress, "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}  # fmt: skip
STORY = "/world/ferry"


@pytest.fixture
def reader(config: Config) -> Iterator[Reader]:
    for reader in reader_of(config):
        publish("ferry", headline="The ferry", body="<p>It sails again.</p>" * 80)
        publish("bridge", "sport", headline="The bridge", body="<p>It holds.</p>" * 80)
        reader.app.extensions["memory"].begin()
        yield reader


def cache_of(reader: Reader) -> PageCache:
    cache: PageCache = reader.app.extensions["entry"].cache
    return cache


def rename(slug: str, headline: str) -> set[str]:
    """Change a story's headline in the database; returns the names that the save would touch."""
    article = db.session.query(Article).filter_by(slug=slug).one()
    article.headline = headline
    db.session.commit()
    return {f"article:{article.id}"}


# Encodings


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("BR;Q=1.0", "br"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("br;q=0, zstd;q=0, gzip;q=0", ""),
        ("*", "br"),
        ("br;q=0, *;q=0.5", "zstd"),
        ("identity, gzip;q=0.5", ""),
        ("gzip;q=0.5, identity;q=0.1", "gzip"),
        ("gzip;q=high, br;q=2, zstd;q=-1", ""),
        ("brotli, gzipped, ,;,", ""),
        ("deflate", ""),
    ],
)
def test_a_client_gets_what_it_likes_best_of_what_there_is(accept: str, encoding: str) -> None:
    assert chosen(accept) == encoding


@pytest.mark.parametrize("path", [STORY, "/", "/feed.xml", "/static/x/css/tokens.css", "/search?q=ferry", "/nothing-here"])
def test_every_text_comes_in_every_encoding_and_says_the_same(reader: Reader, path: str) -> None:
    plain = reader.get(path)
    assert "Content-Encoding" not in plain.headers
    tags = {plain.headers.get("ETag")}
    for encoding in ENCODINGS:
        packed = reader.get(path, **{"Accept-Encoding": encoding.name})
        assert packed.headers["Content-Encoding"] == encoding.name
        assert packed.headers["Vary"] == "Accept-Encoding"
        assert packed.headers["Content-Length"] == str(len(packed.data))
        assert UNPACKED[encoding.name](packed.data) == plain.data
        assert len(packed.data) < len(plain.data) / 1.5
        tags.add(packed.headers.get("ETag"))
    assert len(tags) == (len(ENCODINGS) + 1 if plain.headers.get("ETag") else 1)


def test_a_page_is_compressed_once_however_many_ask_at_once(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[str] = []

    def counted(encoding: encodings.Encoding) -> encodings.Encoding:
        def quick(body: bytes) -> bytes:
            work.append(encoding.name)
            time.sleep(0.05)  # long enough for all to be there
            return encoding.quick(body)

        return encodings.Encoding(encoding.name, encoding.mark, quick, encoding.thorough)

    monkeypatch.setattr("newsapp.delivery.composing.BY_NAME", {encoding.name: counted(encoding) for encoding in ENCODINGS})
    asking = [threading.Thread(target=reader.get, args=(STORY,), kwargs={"Accept-Encoding": name}) for name in ("br", "gzip", "zstd") * 4]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    for name in ("br", "gzip", "zstd"):
        reader.get(STORY, **{"Accept-Encoding": name})
    assert sorted(work) == ["br", "gzip", "zstd"]


def test_a_page_has_no_ranges(reader: Reader) -> None:
    for path in (STORY, "/static/x/css/tokens.css"):
        answer = reader.get(path, Range="bytes=0-9")
        assert (answer.status_code, answer.data) == (200, reader.get(path).data)
        assert "Accept-Ranges" not in answer.headers


# In the background


class Loop:
    """What the listener's event loop does with a page, with the work behind it done when a test says so."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.cache = reader, cache_of(reader)
        self.behind: list[dict[str, object]] = []

    def asks(self, path: str = STORY) -> bytes | None:
        """The body, if the loop has it at once; else a thread fetches it, and None is returned."""
        environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "QUERY_STRING": "", "HTTP_HOST": "localhost:8000"}
        told = ask(self.cache.at_once, environ)
        if RENEW in environ:
            self.behind.append(environ)
        if told is None:
            self.reader.get(path)
        return told and told[2]

    def works(self) -> None:
        for environ in self.behind:
            self.cache.renew({**self.whole(), **environ})
        self.behind.clear()

    def whole(self) -> dict[str, object]:
        from werkzeug.test import EnvironBuilder

        return dict(EnvironBuilder(base_url=self.reader.address).get_environ())


@pytest.fixture
def loop(reader: Reader) -> Loop:
    loop = Loop(reader)
    assert loop.asks() is None  # nothing is kept yet
    loop.asks()  # the first page of all brought copies into memory, which may move its blocks
    assert loop.asks()
    return loop


def test_a_page_in_demand_goes_out_as_it_was_while_it_is_made_anew(loop: Loop) -> None:
    loop.cache.drop(rename("ferry", "The ferry sails"))
    told = [loop.asks() for _ in range(5)]
    assert all(body and b"The ferry<" in body for body in told)  # nobody waits
    assert len(loop.behind) == 1  # and one makes it
    loop.works()
    assert b"The ferry sails<" in (loop.asks() or b"")


def test_it_is_never_more_than_a_moment_old(loop: Loop) -> None:
    loop.cache.drop(rename("ferry", "The ferry sails"))
    with time_machine.travel(time.time() + MEANWHILE + 0.1, tick=False):
        assert loop.asks() is None
        assert b"The ferry sails<" in (loop.asks() or b"")


def test_a_page_in_little_demand_is_not_shown_as_it_was(loop: Loop) -> None:
    with time_machine.travel(time.time() + 60, tick=False):
        loop.cache.drop(rename("ferry", "The ferry sails"))
        assert loop.asks() is None
        assert b"The ferry sails<" in (loop.asks() or b"")


def test_whose_time_is_over_is_made_anew_behind_who_reads(loop: Loop) -> None:
    assert loop.asks("/most-viewed/day") is None
    assert loop.asks("/most-viewed/day")
    soon = next(page.note.valid_until for (path, _), page in loop.cache.pages.items() if path == "/most-viewed/day")
    with time_machine.travel(soon - 0.1, tick=False):
        assert loop.asks("/most-viewed/day")
    with time_machine.travel(soon + 0.1, tick=False):
        assert loop.asks("/most-viewed/day")
        assert len(loop.behind) == 1
        loop.works()
        assert loop.asks("/most-viewed/day")
        assert not loop.behind


def test_a_page_that_broke_in_the_background_is_tried_again(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    loop.cache.drop(rename("ferry", "The ferry sails"))
    assert loop.asks()
    with monkeypatch.context() as broken:
        broken.setattr(loop.cache, "app", lambda environ, start: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            loop.works()
    loop.behind.clear()
    assert loop.asks()
    assert len(loop.behind) == 1


def test_what_is_made_behind_counts_no_fetch(loop: Loop) -> None:
    fetched: list[int] = []
    loop.cache.on_story.append(lambda story, environ: fetched.append(story))
    loop.cache.drop(rename("ferry", "The ferry sails"))
    assert loop.asks()
    loop.works()
    assert len(fetched) == 1


def test_a_change_to_one_page_does_not_unkeep_another_that_is_just_made(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, flask = cache_of(reader), cache_of(reader).app
    for named, is_kept in (({"article:99"}, True), ({"site"}, False)):

        def during(environ, start, named=named):
            made = list(flask(environ, start))
            cache.drop(named)
            return made

        monkeypatch.setattr(cache, "app", during)
        cache.drop_all()
        reader.get(STORY)
        assert ((STORY, ()) in cache.pages) is is_kept


# Bounds


def test_who_is_asked_for_stays_and_the_rest_makes_room(reader: Reader) -> None:
    cache = cache_of(reader)
    paths = [f"/world?page={n}" for n in range(1, 2)] + ["/sections", "/how-we-count", "/corrections", "/", "/sport", "/sport/bridge"]
    reader.get(STORY)
    for path in paths:
        reader.get(path)
    for page in cache.pages.values():
        page.used = False
    reader.get(STORY)
    with cache.lock:
        cache.limit = cache.size // 2
        cache.make_room()
    assert (STORY, ()) in cache.pages
    assert cache.size <= cache.limit
    assert len(cache.pages) > 1


def test_composed_pages_count_and_make_room(reader: Reader) -> None:
    cache = cache_of(reader)
    for path in ("/", "/world", "/sport", STORY, "/sport/bridge"):
        reader.get(path)
    cache.limit = cache.size
    for path in ("/", "/world", "/sport", STORY, "/sport/bridge"):
        for encoding in ENCODINGS:
            reader.get(path, **{"Accept-Encoding": encoding.name})
    assert cache.size <= cache.limit
    assert cache.size == sum(page.size for page in cache.pages.values())


def test_many_drops_are_remembered_in_little_room(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = cache_of(reader)
    for n in range(page_cache.DROPS_KEPT * 2):
        cache.drop({f"article:{n + 1000}"})
    assert len(cache.dropped) == page_cache.DROPS_KEPT
    assert cache.were_dropped(frozenset({"article:1"}), 0)  # nobody can say: it counts as dropped
    assert not cache.were_dropped(frozenset({"article:1"}), cache.drops)


def test_a_tag_stands_for_the_headers_of_all_pages_too(config: Config) -> None:
    """A 304 leaves them out: a browser with a page from before EMBED_ORIGINS was set must get the new policy, and so the page."""
    tags = set()
    for number, origins in enumerate(([], ["https://video.example"])):
        for reader in reader_of(config | {"EMBED_ORIGINS": origins, "DATABASE_URL": f"{config['DATABASE_URL']}{number}"}):
            tags.add(reader.get("/robots.txt").headers["ETag"])
    assert len(tags) == 2


# Their times


def test_times_that_are_told_together_are_those_observed_one_by_one() -> None:
    alone, together = (Histogram(f"{name}_seconds", "Seconds.", buckets=REQUEST_SECONDS._upper_bounds, registry=None) for name in "ab")
    gathered = Gathered(together)
    for seconds in (0.0, 0.00005, 0.00006, 0.0049, 0.005, 3.0, 5.0, 77.0):
        alone.observe(seconds)
        gathered.observe(seconds)
    assert [sample.value for sample in next(iter(together.collect())).samples if sample.name == "b_seconds_count"] == [0]
    for _ in range(2):  # the second time there is nothing more to tell
        gathered.tell()
        told, kept = (
            [(s.name[1:], s.labels, s.value) for s in next(iter(each.collect())).samples if "created" not in s.name] for each in (alone, together)
        )
        assert kept == told
