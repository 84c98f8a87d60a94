"""Programs are told from readers by their user agents, those that no list knows too, and each gets its class."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from newsapp.traffic import bots
from newsapp.traffic.agents import lists, renewal
from newsapp.traffic.agents.classes import CLASSES, MOST_TELLING
from newsapp.traffic.agents.matcher import Matcher
from newsapp.traffic.agents.trial import try_out
from newsapp.traffic.bots import classify, is_bot, matcher_of, verdict
from newsapp.traffic.events import BY_AGENT
from tests.conftest import SHARED
from tests.home import ROOT

AGENTS = SHARED / "data" / "ua"
SHIPPED = lists.current(None)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def agents(name: str) -> list[str]:
    return (AGENTS / f"{name}.txt").read_text().splitlines()


def visits() -> list[tuple[str, float]]:
    """Agents of real visitors, and the share of each in the traffic."""
    return [(row["userAgent"], row["weight"]) for row in json.loads((AGENTS / "raw" / "intoli-weighted.json").read_text())]


@pytest.fixture(autouse=True)
def _shipped_lists() -> Iterator[None]:
    """Whatever a test renewed is left behind."""
    bots.follow(Path("/nonexistent"))
    yield
    bots.follow(Path("/nonexistent"))


def found(name: str, matcher: Matcher) -> float:
    trial = try_out(agents(name), (), matcher)
    return 1 - len(trial.missed) / trial.bots


# What is found


@pytest.mark.parametrize("name", ["bots.crawler-user-agents", "bots.uap-core"])
def test_bots_are_found(name: str) -> None:
    assert found(name, matcher_of(SHIPPED)) >= 0.99


def test_hardly_a_real_reader_is_taken_for_a_bot() -> None:
    assert sum(weight for agent, weight in visits() if is_bot(agent)) <= 0.0005


def test_odd_readers_are_readers() -> None:
    trial = try_out((), agents("humans.uap-core"), matcher_of(SHIPPED))
    assert len(trial.flagged) <= 0.01 * trial.humans, trial.flagged


# What no list knows


@pytest.mark.parametrize("left_out", [one.name for one in SHIPPED])
def test_bots_are_found_without_one_of_the_lists(left_out: str) -> None:
    matcher = matcher_of([one for one in SHIPPED if one.name != left_out])
    assert found("bots.crawler-user-agents", matcher) >= 0.985


def test_bots_are_found_by_their_signs_alone() -> None:
    assert found("bots.crawler-user-agents", matcher_of([])) >= 0.985


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bots_are_found_with_half_of_every_list_left_out(seed: int) -> None:
    chance = random.Random(seed)
    matcher = Matcher(pattern for one in SHIPPED for pattern in one.entries() if chance.random() < 0.5)
    assert found("bots.crawler-user-agents", matcher) >= 0.985


def test_readers_stay_readers_by_the_signs_alone() -> None:
    trial = try_out((), agents("humans.intoli") + agents("humans.uap-core"), matcher_of([]))
    assert len(trial.flagged) <= 0.005 * trial.humans, trial.flagged


NEVER_SEEN = [
    "SomethingNew-Crawler/1.0",
    "Mozilla/5.0 (compatible; Qzxw/1.0; +https://qzxw.example/about)",
    "Mozilla/5.0 (compatible; QzxwBot/0.1)",
    "qzxw (crawler at qzxw dot example)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Qzxwometer/2.1",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Qzxw-User/1.0) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36 (compatible; QzxwOther)",
    "qzxw/3.2.1",
    "Qzxw Link Checker",
    "Mozilla/5.0 (Qzxw)",
    "",
    "   ",
    "a" * 2000,
]


@pytest.mark.parametrize("agent", NEVER_SEEN)
def test_a_program_that_nobody_listed_is_unknown(agent: str) -> None:
    assert classify(agent) == "unknown"


WEBKIT_ON_IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
WEBVIEW = "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/138.0.7204.63 Mobile"
READERS = [
    f"{WEBKIT_ON_IOS} AppleNews/607 Version/2.0",
    f"{WEBKIT_ON_IOS} Flipboard/4.3.20",
    f"{WEBVIEW} Safari/537.36 NewsApp/4.1",
    f"{WEBVIEW} Safari/537.36 SmartNews/24.5.1",
    f"{WEBVIEW} Safari/537.36 GoogleNews/5.110",
    f"{WEBVIEW} Safari/537.36 jp.gocro.smartnews.android/24.5",
    f"{WEBVIEW} Safari/537.36 UCNewsApp/3.4",
    f"{WEBKIT_ON_IOS} NewsBreak/24.30.0",
    f"{WEBKIT_ON_IOS} BBCNews/7.1 (iPhone15,3; iOS 18.6)",
    f"{WEBKIT_ON_IOS} [FBAN/FBIOS;FBAV/500.0.0;FBDV/iPhone15,3;FBCR/OrangeBotswana;FBLC/en_GB]",
    f"{WEBKIT_ON_IOS} [FBAN/FBIOS;FBAV/500.0.0;FBDV/iPhone15,3;FBCR/Telekom.de;FBLC/de_DE]",
    f"{WEBKIT_ON_IOS} Instagram 390.0.0.0 (iPhone15,3; iOS 18_6; en_US; en; scale=3.00; 1179x2556)",
    f"{WEBKIT_ON_IOS} Safari Line/15.3.0",
    f"{WEBKIT_ON_IOS} GSA/380.0.7 Safari/604.1",
    f"{WEBKIT_ON_IOS} NAVER(inapp; search; 1130; 12.1.0; 14PRO)",
    f"{WEBVIEW} Safari/537.36 WhatsApp/2.24.13",
    f"{WEBVIEW} Safari/537.36 wp-android/25.1",
    f"{WEBVIEW} Safari/537.36 YandexSearch/7.52 YandexSearchBrowser/7.52",
    "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; Power Bot X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 YaBrowser/25.8.0.0 Yowser/2.5 Safari/537.36",
    "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.5359.211 Safari/537.36 WebAppManager",
    "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15",
    "Mozilla/5.0 (Nintendo 3DS; U; ; en) Version/1.7610.EU",
    "Mozilla/5.0 (X11; U; Linux armv7l like Android; en-us) AppleWebKit/531.2+ (KHTML, like Gecko) Version/5.0 Safari/533.2+ Kindle/3.0+",
    "Mozilla/5.0 (X11; Linux) AppleWebKit/534.34 (KHTML, like Gecko) QtCarBrowser Safari/534.34",
    "Nokia6300/2.0 (07.21) Profile/MIDP-2.0 Configuration/CLDC-1.1 UCWEB/2.0 (Java; U; MIDP-2.0; en-US) U2/1.0.0 UCBrowser/9.4 Mobile",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/5.1.21214/28.2725; U; ru) Presto/2.8.119 Version/11.10",
    "NewsReader/4.2 CFNetwork/1490.0.4 Darwin/23.2.0",
    "Lynx/2.9.0 SSL-MM/1.4.1",
]  # fmt: skip


@pytest.mark.parametrize("agent", READERS)
def test_news_apps_and_odd_devices_are_readers(agent: str) -> None:
    assert classify(agent) == ""


# Classes


@pytest.mark.parametrize(
    ("kind", "agent"),
    [
        ("search", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
        ("search", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
        ("ai", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"),
        ("ai", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)"),
        ("ai", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)"),
        ("preview", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
        ("preview", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
        ("preview", "WhatsApp/2.23.20.0 A"),
        ("monitor", "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)"),
        ("monitor", "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)"),
        ("library", "curl/8.5.0"),
        ("library", "python-requests/2.32.3"),
        ("library", "Go-http-client/2.0"),
        ("library", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36"),
        ("listed", "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)"),
        ("unknown", "SomethingNew-Crawler/1.0"),
        ("", FIREFOX),
    ],
)  # fmt: skip
def test_well_known_agents_have_their_class(kind: str, agent: str) -> None:
    assert classify(agent) == kind


def test_every_class_has_its_reason_and_every_list_uses_them() -> None:
    assert {"", *BY_AGENT} == {kind.name for kind in CLASSES}
    assert {"", *MOST_TELLING, "unknown"} == {kind.name for kind in CLASSES}
    assert {kind for one in SHIPPED for _, kind in one.patterns} <= set(MOST_TELLING)


# The matcher


def test_the_matcher_finds_what_trying_every_pattern_finds() -> None:
    matcher = matcher_of(SHIPPED)
    patterns = [(pattern, pattern.compiled()) for one in SHIPPED for pattern in one.entries()]
    chance = random.Random(7)
    for agent in chance.sample(agents("bots.crawler-user-agents"), 60) + chance.sample(agents("humans.intoli"), 20):
        assert set(matcher.found(agent)) == {pattern for pattern, search in patterns if search.search(agent)}, agent


def test_judging_is_quick() -> None:
    """Goal: 5 µs at the 99th percentile of real traffic; fails at five times that."""
    rows = visits()
    traffic = random.Random(3).choices([agent for agent, _ in rows], [weight for _, weight in rows], k=30_000)
    taken = []
    for agent in traffic:
        start = time.perf_counter_ns()
        classify(agent)
        taken.append(time.perf_counter_ns() - start)
    assert statistics.quantiles(taken[10_000:], n=100)[98] <= 5 * 5_000


# The lists and their renewal


def test_every_list_says_whose_it_is() -> None:
    licences = (lists.SHIPPED / "LICENCES.txt").read_text()
    for one in SHIPPED:
        assert one.licence in ("MIT", "CC0-1.0")
        assert one.source
        assert date.fromisoformat(one.date)
        assert one.patterns
        assert f"{one.name}.json" in licences


def wheel(folder: Path, source: lists.Source, text: str) -> Path:
    """A package as the registry would send it."""
    path = folder / f"{source.package.replace('-', '_')}-9.9-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(source.file, text)
    return path


COUNTER = next(source for source in lists.LISTS if source.name == "counter-robots")


@pytest.mark.parametrize("text", ["", "bot\ncrawl\n", "(unclosed\n", "just-one\n"])
def test_a_bad_download_changes_nothing(tmp_path: Path, text: str) -> None:
    broken = wheel(tmp_path, COUNTER, text)
    with pytest.raises(renewal.NotRenewed):
        renewal.taken_up(COUNTER, broken, tmp_path / "lists", date(2030, 1, 1))
    assert not (tmp_path / "lists").exists()


def test_a_running_process_takes_up_a_renewed_list(tmp_path: Path) -> None:
    agent = f"{FIREFOX} Feathered/1.0"
    bots.follow(tmp_path)
    before = classify(agent)
    names = "".join(f"listed-name-{number}\n" for number in range(400))
    fresh = wheel(tmp_path, COUNTER, f"{names}Feathered\\/1\n")
    renewal.taken_up(COUNTER, fresh, tmp_path, date(2030, 1, 1))
    assert classify(agent) == before
    bots.LISTS.look(time.monotonic() + bots.LOOK_EVERY)
    assert classify(agent) == "listed"


def test_a_torn_file_leaves_the_list_that_came_with_newsapp(tmp_path: Path) -> None:
    (tmp_path / "counter-robots.json").write_text('{"name": "counter-ro')
    assert lists.current(tmp_path) == SHIPPED


def test_a_pattern_that_finds_readers_or_says_too_little_is_left_out() -> None:
    given = [("android", "listed"), ("bot", "listed"), ("(?i)news", "listed"), ("Qwertybot", "listed")]
    assert lists.usable(given, ignore_case=True) == [("Qwertybot", "listed")]


# The command


def newsapp(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "NEWSAPP_HOME": str(home)}
    return subprocess.run([sys.executable, "-m", "newsapp.cli", *words], capture_output=True, text=True, cwd=ROOT, env=environ)


def test_the_command_shows_each_list(tmp_path: Path) -> None:
    shown = newsapp(tmp_path, "lists").stdout
    for one in SHIPPED:
        assert one.name in shown
        assert one.date in shown
    assert newsapp(tmp_path, "lists", "show").stdout == shown


def test_the_command_checks_files_of_agents(tmp_path: Path) -> None:
    (tmp_path / "bots").write_text(f"Googlebot/2.1\ncurl/8.5.0\n\n{FIREFOX}\n")
    (tmp_path / "humans").write_text(f"{FIREFOX}\n")
    both = newsapp(tmp_path, "lists", "check", "--bots", str(tmp_path / "bots"), "--humans", str(tmp_path / "humans"), "--json")
    assert json.loads(both.stdout) == {"bots": 3, "bots_found": 2, "humans": 1, "humans_flagged": 0}
    alone = newsapp(tmp_path, "lists", "check", "--bots", str(tmp_path / "bots"), "--show")
    assert "66.67 %" in alone.stdout
    assert f"missed: {FIREFOX}" in alone.stdout


@pytest.mark.parametrize("words", [["--bots", "/nowhere/bots.txt"], ["--humans", "/nowhere/humans.txt", "--json"], []])
def test_a_missing_file_is_one_sentence(tmp_path: Path, words: list[str]) -> None:
    answer = newsapp(tmp_path, "lists", "check", *words)
    assert answer.returncode
    assert not answer.stdout
    assert "Traceback" not in answer.stderr
    assert ("/nowhere/" in answer.stderr) is bool(words)


def test_a_verdict_needs_no_memory() -> None:
    matcher = matcher_of(SHIPPED)
    assert [verdict(agent, matcher) for agent in ("curl/8.5.0", FIREFOX)] == ["library", ""]


def test_threads_that_ask_while_the_lists_are_read_wait_for_them() -> None:
    fresh = bots.Lists()
    matchers: list[object] = []

    def ask() -> None:
        fresh.look(1.0)
        matchers.append(fresh.matcher)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, matchers))) == 1
    assert matchers[0] is not None
