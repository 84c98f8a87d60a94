"""Export files as they come: real ones, broken ones, hostile ones."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from newsapp.database import db, now
from newsapp.front.models import LIVE, TOP, slots_of
from newsapp.news.models import Article, Author, Page, Section, Tag
from tests.conftest import SHARED
from tests.moving import HEAD, TAIL, Move, article, item, names, notes, number_of
from tests.test_sanitise import assert_harmless

EXPORTS = SHARED / "data" / "wxr"
TRUTH: dict[str, dict[str, Any]] = json.loads((EXPORTS / "TRUTH.json").read_text()) if (EXPORTS / "TRUTH.json").exists() else {}


@pytest.fixture
def move(tool: Flask, tmp_path: Path) -> Move:
    return Move(tmp_path)


BOMB = '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><rss a="&b;">'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>'
UNUSABLE = {
    "empty": (b"", "is not XML"),
    "not XML": (b"Dear editor, the export is attached.", "is not XML"),
    "a web page": (b"<html><body>Sign in</body></html>", "not a WordPress export"),
    "a plain feed": (b"<rss><channel><item><title>a</title></item></channel></rss>", "plain RSS feed"),
    "an entity bomb": (BOMB.encode(), "attacks"),
    "an outside entity": (OUTSIDE.encode(), "attacks"),
    "an entity bomb in UTF-16": (BOMB.encode("utf-16"), "attacks"),
    "packed": (gzip.compress(HEAD.encode()), "unpack"),
    "an unknown encoding": (b'<?xml version="1.0" encoding="utf-7"?><rss/>', "utf-7"),
    "binary": (bytes(range(256)) * 40, "is not XML"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_that_is_no_export_is_one_sentence(move: Move, name: str) -> None:
    content, words = UNUSABLE[name]
    move.file.write_bytes(content)
    result = move.command()
    assert result.exit_code == 1
    assert words in result.output
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    assert "passwd:" not in result.output
    assert isinstance(result.exception, SystemExit), "never a traceback"


@pytest.mark.parametrize(("make", "words"), [(Path.mkdir, "is a folder"), (lambda path: None, "There is no file")], ids=["folder", "missing"])
def test_what_is_no_file_is_one_sentence(move: Move, make: Any, words: str) -> None:
    make(move.file)
    result = move.command()
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert words in result.output


def test_a_report_that_has_no_place_stops_before_the_import(move: Move) -> None:
    result = move.write(item(1)).command("--report", "/no/such/folder/report.json")
    assert (result.exit_code, number_of(Article)) == (1, 0)


def test_a_database_that_is_not_ready_is_one_sentence(move: Move) -> None:
    db.drop_all()
    result = move.write(item(1)).command()
    assert "newsapp migrate" in result.output
    assert (result.exit_code, result.output.count("\n")) == (1, 1)


BROKEN = {
    "cut off": "<item><title>Half",
    "deep": "<item>" + "<a>" * 5000,
    "a wrong tag": "<item></itm>",
    "a long text": "<item><title>" + "x" * (11 << 20) + "</title></item>",
    "a late entity": "<!DOCTYPE rss [<!ENTITY a 'b'>]><item/>",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_sound_before_a_break_is_imported(move: Move, name: str) -> None:
    move.write(*(item(number) for number in range(1, 131)), BROKEN[name], tail="")
    report_file = move.file.with_suffix(".json")
    result = move.command("--report", str(report_file))
    report = json.loads(report_file.read_text())
    assert result.exit_code == 1
    assert "130 of the 130 items before the break are imported" in result.output
    assert number_of(Article) == report["imported"] == 130
    assert report["items"] == 130 + len(report["left_out"])


def test_faults_that_real_exports_have_are_mended(move: Move) -> None:
    bare = "<item><title>AT&T & Sons&nbsp;&#11;</title><wp:post_type>post</wp:post_type></item>"
    move.write(item(1, title="Tab\x0bbed \x00title"), bare, head="\n\n" + HEAD)
    report = move.run()
    assert set(db.session.scalars(select(Article.headline))) == {"Tabbed title", "AT&T & Sons"}
    assert "control characters" in notes(report)
    assert "ampersands" in notes(report)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16", "utf-8-sig"])
def test_other_encodings_are_read(move: Move, encoding: str) -> None:
    text = HEAD.replace("UTF-8", encoding.removesuffix("-sig")) + item(1, title="Élysée") + TAIL
    move.file.write_bytes(text.encode(encoding))
    move.run()
    assert article().headline == "Élysée"


@pytest.mark.parametrize("field", ["post_date", "post_date_gmt", "pubDate", "post_modified_gmt"])
@pytest.mark.parametrize("value", ["yesterday", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "2020-13-45 99:99:99", "-0001-11-30", "٢٠٢٠"])
def test_no_date_stops_an_import(move: Move, field: str, value: str) -> None:
    assert move.run(item(1, **({"post_date": "", "post_date_gmt": ""} | {field: value}))).imported == 1


# Real exports


@pytest.mark.parametrize("name", TRUTH)
def test_every_real_export_is_accounted_for(move: Move, name: str) -> None:
    truth, started = TRUTH[name], time.perf_counter()
    move.file = EXPORTS / name
    report = move.run()
    types, statuses = truth["post_types"], truth["post_status"]
    others = sum(count for kind, count in types.items() if kind not in ("post", "page"))
    trash = sum(entry["reason"] == "in the trash" for entry in report.left_out)
    unfinished = 1 if report.error else 0
    assert report.items == truth["items"]
    assert len(report.left_out) == others + trash + unfinished
    assert report.imported + report.updated == types.get("post", 0) + types.get("page", 0) - trash - unfinished
    once = report.updated == 0
    assert number_of(Article) + number_of(Page) == report.imported
    if once:
        live = statuses.get("publish", 0) + statuses.get("future", 0) - truth["with_password"]
        assert number_of(Article, Article.state == "live") == live
        assert number_of(Article, Article.published_at <= now(), Article.state == "live") == truth["published_public_posts"]
        assert number_of(Author) >= truth["authors_of_posts"] - 1  # a post without creator is nobody's
    assert len(slots_of(LIVE)) == min(truth["sticky"], TOP)
    assert bool(report.error) == (name == "wordpress-importer/malformed-simple.xml")
    assert time.perf_counter() - started < 30
    for body in db.session.scalars(select(Article.body)):
        assert "<img" not in body
        assert "<!--" not in body


def test_categories_and_tags_of_a_real_export_are_all_there(move: Move) -> None:
    if not TRUTH:
        pytest.skip("the exports are not here")
    move.file = EXPORTS / "derived-digitalgov-all.xml"
    move.run()
    twice = 3  # categories that the file has under two slugs
    assert len((names(Section) | names(Tag)) - {"News"}) == TRUTH["derived-digitalgov-all.xml"]["categories_used"] - twice
    assert number_of(Author) == TRUTH["derived-digitalgov-all.xml"]["authors_of_posts"]


def test_a_hostile_export_stores_nothing_harmful(move: Move, tmp_path: Path) -> None:
    maker, corpora = SHARED / "judges" / "make_hostile_wxr.py", SHARED / "data" / "xss"
    if not maker.exists():
        pytest.skip("the maker of hostile exports is not here")
    lend(corpora, tmp_path / "xss")
    subprocess.run([sys.executable, maker, move.file, "400"], check=True, env=os.environ | {"DATA": str(tmp_path)}, capture_output=True)
    report = move.run()
    assert report.imported == report.items > 50
    for story in db.session.scalars(select(Article)):
        assert_harmless(story.body)
        assert "/" not in story.slug


def lend(corpora: Path, folder: Path) -> None:
    """The maker's corpora; a list that is not here is made of one that is."""
    (folder / "patt").mkdir(parents=True)
    stand_in = corpora / "payloadbox-xss.txt"
    for name in ("dompurify-payloads.json", "owasp-xss-filter-evasion.json", "html5lib-sanitizer-tests1.json", "blns.json"):
        (folder / name).write_bytes((corpora / name).read_bytes() if (corpora / name).exists() else b"[]")
    for name in ("MarioXSSVectors.txt", "XSS_Polyglots.txt"):
        there = corpora / "patt" / name
        (folder / "patt" / name).write_bytes((there if there.exists() else stand_in).read_bytes())
