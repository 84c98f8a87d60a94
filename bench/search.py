"""How long readers wait for what they search for, in a paper of a hundred thousand stories whose words are as common as those of a language.

The pages are made by the site's own handlers, one after the other. The last line is the summary; exit code 1 when the slowest 5 % of
the answers to a kind of question take longer than the goal.

    python bench/search.py [--stories 100000] [--asked 60] [--database postgresql]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402
from flask.testing import FlaskClient  # noqa: E402

from bench.count import database  # noqa: E402
from bench.desk import WORDS, Paper, told  # noqa: E402
from newsapp import create_app  # noqa: E402
from newsapp.config import load_config  # noqa: E402
from newsapp.database import analyse, db  # noqa: E402
from newsapp.search import spelling  # noqa: E402
from newsapp.search.models import TABLE  # noqa: E402

GOAL = 50.0  # ms, for the 95th of a hundred answers
# Places of words by how common they are: nearly everywhere, in hundreds of stories or thousands, in a few hundred or less.
COMMON, USUAL, RARE = range(20), range(20, 2000), range(2000, WORDS)


def kinds(paper: Paper) -> dict[str, Callable[[], str]]:
    """Names of kinds of question, and an address of each."""

    def search(words: str) -> str:
        return f"/search?q={quote(words)}"

    return {
        "a rare word": lambda: search(word(paper, RARE)),
        "a usual word": lambda: search(word(paper, USUAL)),
        "a very common word": lambda: search(word(paper, COMMON)),
        "two words": lambda: search(f"{word(paper, USUAL)} {word(paper, USUAL)}"),
        "two very common words": lambda: search(f"{word(paper, COMMON)} {word(paper, COMMON)}"),
        "the newest first": lambda: f"{search(word(paper, COMMON))}&order=newest",
        "words in a row": lambda: search(f'"{paper.text(3)}"'),
        "a mistyped word": lambda: search(mistyped(word(paper, USUAL))),
        "while somebody types": lambda: f"/search/suggestions?q={word(paper, USUAL)[:3]}",
    }


def word(paper: Paper, places: range) -> str:
    return paper.words[paper.random.choice(places)]


def mistyped(word: str) -> str:
    """The word with another letter in its middle, so that nothing begins with it."""
    return f"{word[:2]}q{word[3:]}" if len(word) > 3 else f"{word}qq"


def measure(paper: Paper, reader: FlaskClient, asked: int) -> dict[str, list[float]]:
    """Milliseconds of the answers to each kind of question, in rounds that take turns."""
    questions, took = kinds(paper), dict[str, list[float]]()
    for turn in range(asked + 1):
        for name, address in questions.items():
            path = address()
            began = time.perf_counter()
            answer = reader.get(path)
            if turn:  # the first is for what is compiled once
                took.setdefault(name, []).append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, f"{path}: {answer.status}"
    return took


def asked_app(url: str, home: Path, role: str) -> Flask:
    app = create_app(load_config({"NEWSAPP_HOME": str(home), "DATABASE_URL": url, "LOG_LEVEL": "ERROR"}), role)
    app.extensions.pop("patience", None)  # one reader asks all of it
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=60, help="questions of each kind")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    home, paper = Path(tempfile.mkdtemp(prefix="newsapp-search-")), Paper(options.stories, 0)
    try:
        with database(options.database, home) as url:
            began = time.perf_counter()
            with asked_app(url, home, "tool").app_context():
                paper.make()
                spelling.note_words()
                analyse("known_word", TABLE)
                db.engine.dispose()
            print(f"made in {time.perf_counter() - began:.0f} s")
            site = asked_app(url, home, "site")
            took = measure(paper, site.test_client(), options.asked)
            with site.app_context():
                db.engine.dispose()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    sys.exit(not told(took, GOAL))


if __name__ == "__main__":
    main()
