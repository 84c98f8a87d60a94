"""Access logs, replayed against a whole newsapp: every beacon is accounted for, and Most Viewed is what people read."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.access_logs import FORMATS, Hit, format_of, read_log
from bench.replay import base_of, config_of, main, options_of, plan_of
from bench.sending import Beacon, Replay, request_of
from bench.truth import is_human, is_page, leaders_in_common, rank_correlation, referrer_class
from tests.conftest import SHARED
from tests.home import ROOT, Home
from tests.newsroom import FIREFOX
from tests.prepared import Prepared

PORT = 8170
LOGS = SHARED / "data" / "logs"
REAL_LOG = LOGS / "airisdata-a.log.gz"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

WHEN = 1_760_000_000.0  # 2025-10-09 08:53:20 UTC
HIT = Hit(WHEN, "192.0.2.7", "GET", "/world/harbour-fire", 200, "https://news.example/", "Reader/1.0 (X11)", "")
CLF = "[09/Oct/2025:10:53:20 +0200]"
REQUEST = '"GET /world/harbour-fire?a=1 HTTP/1.1"'
ABOUT = '200 5120 "https://news.example/" "Reader/1.0 (X11)"'
W3C = "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent) cs(Referer) cs(Accept-Language)\n"
# By format: lines of it, and what of HIT they do not tell.
LINES: dict[str, tuple[str, dict[str, str]]] = {
    "combined": (f"192.0.2.7 - - {CLF} {REQUEST} {ABOUT}", {}),
    "combined with host": (f"news.example 192.0.2.7 - - {CLF} {REQUEST} {ABOUT}", {}),
    "common": (f"192.0.2.7 - - {CLF} {REQUEST} 200 5120", {"referrer": "", "agent": ""}),
    "common with host": (f"news.example 192.0.2.7 - - {CLF} {REQUEST} 200 5120", {"referrer": "", "agent": ""}),
    "balancer": (
        'h2 2025-10-09T08:53:20.000000Z app/news/1 192.0.2.7:1234 10.0.0.1:80 0.0 0.1 0.0 200 200 34 5120 '
        '"GET https://news.example:443/world/harbour-fire?a=1 HTTP/2.0" "Reader/1.0 (X11)" TLS TLSv1.3',
        {"referrer": ""},
    ),
    "bucket": (f"0a1b news.example {CLF} 192.0.2.7 - 3E57 WEBSITE.GET.OBJECT fire {REQUEST} 200 - 5120 5120 10 9 " + ABOUT.partition("5120 ")[2], {}),
    "haproxy": (
        f"Oct  9 10:53:20 edge haproxy[12]: 192.0.2.7:1234 [09/Oct/2025:08:53:20.000] www web/1 0/0/1/2/3 200 5120 - - ---- 1/1/0/0/0 0/0 {REQUEST}",
        {"referrer": "", "agent": ""},
    ),
    "w3c": (W3C + "2025-10-09 08:53:20 192.0.2.7 GET /world/harbour-fire 200 Reader/1.0+(X11) https://news.example/ de", {"language": "de"}),
    "caddy": (
        '{"ts":1760000000.0,"request":{"client_ip":"192.0.2.7","method":"GET","uri":"/world/harbour-fire?a=1","headers":{"Referer":'
        '["https://news.example/"],"User-Agent":["Reader/1.0 (X11)"],"Accept-Language":["de"]}},"status":200}',
        {"language": "de"},
    ),
    "traefik": (
        '{"ClientHost":"192.0.2.7","RequestMethod":"GET","RequestPath":"/world/harbour-fire?a=1","DownstreamStatus":200,"request_Referer":'
        '"https://news.example/","request_User-Agent":"Reader/1.0 (X11)","StartUTC":"2025-10-09T08:53:20.000000000Z"}',
        {},
    ),
    "nginx json": (
        '{"remote_addr":"192.0.2.7","request_method":"GET","request_uri":"/world/harbour-fire?a=1","status":"200","http_referer":'
        '"https://news.example/","http_user_agent":"Reader/1.0 (X11)","time_iso8601":"2025-10-09T10:53:20+02:00"}',
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_each_format_is_told_by_its_lines_and_read(form: Any, tmp_path: Path) -> None:
    lines, untold = LINES[form.name]
    (tmp_path / "access.log").write_text(f"{lines}\n")
    log = read_log(tmp_path / "access.log")
    assert (log.format, log.unfit) == (form.name, [])
    assert log.hits == [HIT._replace(**untold)]


def test_lines_that_fit_no_format_are_counted_and_named(tmp_path: Path) -> None:
    good = LINES["combined"][0]
    with gzip.open(tmp_path / "access.log.gz", "wt") as file:
        file.write("\n".join([good, "half a li", good, "", '192.0.2.7 - - [soon] "GET / HTTP/1.1" 200 1 "-" "-"']))
    log = read_log(tmp_path / "access.log.gz")
    assert str(log) == "access.log.gz: combined, 2 of 5 lines, 2 fit none (lines 2, 5)"


def test_a_log_of_no_known_format_says_so(tmp_path: Path) -> None:
    assert format_of(["dear diary", "today nobody came"]) is None


def test_an_agent_is_passed_on_byte_for_byte(tmp_path: Path) -> None:
    """Whatever its encoding, and without what would end a header."""
    agent = "Lese\u00b7r/1 \u4e2d".encode()
    path = tmp_path / "access.log"
    path.write_bytes(f"192.0.2.7 - - {CLF} {REQUEST} 200 1 ".encode() + b'"-" "' + agent + rb" \"quoted\" \x0d\x0aX: 1" + b'"\n')
    request = request_of(Beacon(0.0, 1, read_log(path).hits[0], "direct"), "localhost", "secret", WHEN)
    assert b"User-Agent: " + agent + b' "quoted" X: 1\r\n' in request


@pytest.mark.parametrize(("referrer", "kind"), [
    ("", "direct"), ("https://news.example/world", "internal"), ("https://www.google.co.uk/", "search"), ("https://t.co/x", "social"),
    ("https://old.reddit.com/r/news", "social"), ("https://another.example/", "other"), ("not an address", "direct"),
])  # fmt: skip
def test_a_referrer_has_the_class_that_a_page_would_tell(referrer: str, kind: str) -> None:
    assert referrer_class(referrer, "news.example") == kind


def test_the_most_requested_path_becomes_the_first_story_and_the_rest_is_counted() -> None:
    hits = [HIT._replace(at=WHEN + n, path=path) for n, path in enumerate(["/b", "/a", "/a", "/c", "/a", "/b", "/style.css"])]
    plan = plan_of(hits, [70, 50])
    assert plan.paths == {"/a": 70, "/b": 50}
    assert (plan.views, plan.left_out) == (6, 1)
    assert [(beacon.due, beacon.story) for beacon in plan.beacons] == [(0, 50), (1, 70), (2, 70), (4, 70), (5, 50)]


def test_spacing_is_the_logs_divided_or_a_rate() -> None:
    beacons = [Beacon(due, 1, HIT, "direct") for due in (0.0, 60.0, 600.0)]

    def due(**options: Any) -> list[float]:
        return [at for at, _ in Replay("localhost", 1, "", **options).schedule(beacons)]

    assert due(speed=60) == [0, 1, 10]
    assert due(speed=60, seconds=5) == [0, 1]
    assert due(rate=100) == [0, 0.01, 0.02]
    assert due(rate=2, seconds=2, again=True) == [0, 0.5, 1, 1.5, 2]


def test_ranks_agree_or_not() -> None:
    truth = {1: 30.0, 2: 20.0, 3: 10.0, 4: 10.0}
    assert rank_correlation(truth, {1: 3, 2: 2, 3: 1, 4: 1}) == pytest.approx(1)
    assert rank_correlation(truth, {4: 3, 3: 3, 2: 2, 1: 1}) == pytest.approx(-1)
    assert leaders_in_common(truth, {1: 3, 2: 2, 5: 9}, most=2) == (1, 2)
    assert leaders_in_common(truth, {}) == (0, 4)


@pytest.mark.parametrize("base", ["http://news.example", "https://127.0.0.1:8000", "http://10.0.0.1", "http://localhost.example:8000", "nonsense"])
def test_only_a_site_on_this_machine_is_replayed_to(base: str) -> None:
    with pytest.raises(SystemExit, match="on loopback only"):
        base_of(base)


def test_a_home_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    for home in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(SystemExit, match=r"NEWSAPP_HOME|SECRET_KEY"):
            config_of(home)
    assert list(tmp_path.iterdir()) == []


# ---- against a running newsapp


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("replay") / "home", PORT=PORT, TRUSTED_PROXIES="127.0.0.1/32").up()
    yield home
    home.stop()


def replay(paper: Home, *arguments: object) -> dict[str, Any]:
    words = [f"http://127.0.0.1:{PORT}", *map(str, arguments), "--home", str(paper.folder)]
    with contextlib.chdir(ROOT):
        return asyncio.run(main(options_of(words)))


def ledger(paper: Home) -> dict[str, Any]:
    command = [sys.executable, "-m", "newsapp.cli", "ledger", "--json"]
    return dict(json.loads(subprocess.run(command, cwd=ROOT, env=paper.environment, capture_output=True, text=True, timeout=60).stdout))


def booked(paper: Home, before: dict[str, Any]) -> tuple[int, int, Counter[str], int]:
    """(received, counted, filtered, balance) since an earlier reading of the ledger."""
    after = ledger(paper)
    assert after["waiting"] == 0
    filtered = Counter(after["filtered"]) - Counter(before["filtered"])
    return after["received"] - before["received"], after["counted"] - before["counted"], filtered, after["balance"]


def line_of(n: int, path: str, agent: str) -> str:
    return f'198.18.{n}.7 - - [09/Oct/2025:08:53:{n % 60:02} +0000] "GET {path} HTTP/1.1" 200 512 "https://www.google.com/" "{agent}"'


def test_people_lead_the_list_whatever_crawlers_read(paper: Home, tmp_path: Path) -> None:
    """Twenty readers of one story, ten of another; a crawler reads the second a hundred times."""
    lines = [line_of(n, "/first", FIREFOX) for n in range(20)] + [line_of(n, "/second", FIREFOX) for n in range(30, 40)]
    lines += [line_of(n % 50 + 100, "/second", CRAWLER) for n in range(100)]
    (tmp_path / "access.log").write_text("\n".join(lines))
    before = ledger(paper)
    found = replay(paper, tmp_path / "access.log", "--rate", 500, "--compare", "--truth", tmp_path / "truth.json")
    assert found["said"] == "130 sent, 130 accepted, 0 refused, 0 unanswered"
    received, counted, filtered, balance = booked(paper, before)
    assert (received, filtered["bot"], balance) == (130, 100, 0)
    assert counted == found["human_views"] == found["agreement"]["shown"] == 30
    assert found["agreement"]["correlation"] == pytest.approx(1)
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert [(each["path"], each["human_views"], each["views"]) for each in truth["humans"]] == [("/first", 20, 20), ("/second", 10, 110)]


@pytest.mark.skipif(not REAL_LOG.exists(), reason="the log of a real site is not here")
def test_two_thousand_lines_of_a_real_log_are_accounted_for_and_ranked_as_people_read(paper: Home) -> None:
    before = ledger(paper)
    found = replay(paper, REAL_LOG, "--lines", 2000, "--rate", 200, "--compare")
    received, counted, filtered, balance = booked(paper, before)
    assert found["unanswered"] == 0
    assert found["sent"] == found["accepted"] + found["refused"] > 100
    assert (received, balance) == (found["accepted"], 0)
    assert filtered["bot"] > counted > 0  # two thirds of that log's page views are bots'
    # The filter may find more bots than the list by which the truth is told; and a slot's edge may part two views of a reader.
    assert 0.8 * found["human_views"] <= counted <= found["human_views"] + 2
    assert found["agreement"]["correlation"] > 0.9
    assert found["agreement"]["leaders_in_common"] >= found["agreement"]["leaders"] - 1


def test_the_time_from_a_view_to_the_list_is_measured_under_load(paper: Home, tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("\n".join(line_of(n, f"/{n % 7}", FIREFOX) for n in range(200)))
    found = replay(paper, tmp_path / "access.log", "--rate", 100, "--seconds", 4, "--again", "--probe")
    shown = found["view_to_list"]
    assert shown["shown"] == shown["probes"] >= 3
    assert 0 < shown["median"] <= shown["p99"] < 10


@pytest.mark.skipif(not REAL_LOG.exists(), reason="the log of a real site is not here")
def test_a_whole_log_is_read_as_an_independent_reader_reads_it() -> None:
    truth = json.loads((LOGS / "TRUTH.json").read_text())[REAL_LOG.name]
    log = read_log(REAL_LOG)
    pages = [hit for hit in log.hits if is_page(hit)]
    humans = Counter(hit.path for hit in pages if is_human(hit.agent))
    assert (log.lines, len(log.hits), len({hit.address for hit in log.hits})) == (truth["lines"], truth["parsed"], truth["clients"])
    assert len(pages) == pytest.approx(truth["page_views"], rel=0.001)
    assert sum(humans.values()) == pytest.approx(truth["human_page_views"], rel=0.01)  # lists of crawlers grow
    assert [path for path, _ in humans.most_common(5)] == [path for path, _ in truth["top_humans"][:5]]
