"""Every command of the README, as written, on a running paper."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.home import ROOT, Home
from tests.prepared import Prepared

PORT = 8120
README = (ROOT / "README.md").read_text()
EXPORT = """<?xml version="1.0"?><rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><wp:wxr_version>1.2</wp:wxr_version><link>https://old.example</link>
<item><title>From the old paper</title><link>https://old.example/2020/01/from-the-old-paper/</link><guid>https://old.example/?p=1</guid>
<content:encoded><![CDATA[<p>Still true.</p>]]></content:encoded><wp:post_id>1</wp:post_id><wp:post_date_gmt>2020-01-05 10:00:00</wp:post_date_gmt>
<wp:post_name>from-the-old-paper</wp:post_name><wp:status>publish</wp:status><wp:post_type>post</wp:post_type></item></channel></rss>"""
STARTS = ("make run", "make test", "newsapp up")  # what the other tests do; and the long torture has its own
# Commands of the README, with what a reader of it would put for the words in capitals.
FILLED = {"NAME": "site_motto", "VALUE": "Counted", "SLUG": "opinion", "EMAIL": "new@newsapp.example", "FILE.xml": "export.xml"}


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("readme") / "home", PORT=PORT, SITE_WORKERS=1).up()
    yield home
    home.stop()


def commands() -> list[str]:
    """The README's own, from its blocks, its list and its table."""
    blocks = [line.split("  #")[0].strip() for line in README.splitlines() if line.startswith("    ")]
    inline = re.findall(r"`((?:\.venv/bin/)?newsapp [^`]+|curl [^`]+|python bench[^`]+)`", README)
    found = [command for command in [*blocks, *inline] if not command.startswith(STARTS)]
    return list(dict.fromkeys(command for command in found if not command.startswith("python bench/torture")))


def test_the_readme_has_commands() -> None:
    assert len(commands()) > 8
    assert {start for start in STARTS if start in README} == set(STARTS)


@pytest.mark.parametrize("command", commands())
def test_a_command_works_as_written(paper: Home, tmp_path: Path, command: str) -> None:
    (tmp_path / "export.xml").write_text(EXPORT)
    for word, filling in FILLED.items():
        command = command.replace(word, filling)
    words = shlex.split(command.replace(":8000", f":{PORT}").removeprefix(".venv/bin/"))
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(words, cwd=tmp_path, env={**paper.environment, "PATH": path}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    if words[0] == "curl":
        assert json.loads(done.stdout)["window"] == "day"
    if "--report" in words:
        assert json.loads((tmp_path / "report.json").read_text())["imported"] == 1


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_what_the_readme_points_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()
