"""Some half a minute of trouble on SQLite, and some of it on PostgreSQL: every answered event is booked exactly once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bench.appendonly import cut_tail, entries_of
from bench.torture import Torture, chosen
from bench.troubles import BY_NAME, TROUBLES, Trouble
from bench.verdict import Verdict
from newsapp.redis import RedisError, client
from newsapp.traffic.events import Pageview
from newsapp.traffic.inbox import FIELD
from tests.conftest import Valkey, wait_for

DOCUMENTATION = Path(__file__).resolve().parent.parent / "docs" / "torture.md"


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="newsapp-torture-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def tortured(home: Path, names: str, database: str, seconds: float) -> Verdict:
    torture = Torture(home, chosen(names), database, port=8180, seed=7)
    verdict = torture.run(seconds)
    print(dict(verdict.times), verdict.allowed, verdict.books)
    print(verdict)
    assert verdict.too_seldom(torture.troubles, seconds) == []
    assert verdict.accepted > 1000
    return verdict


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("names", "database", "seconds"),
    [("web,worker,valkey,valkey-pause,valkey-cut", "sqlite", 26), ("worker,postgresql", "postgresql", 12)],
    ids=["sqlite", "postgresql"],
)
def test_every_answered_event_is_booked_exactly_once_whatever_is_done(home: Path, names: str, database: str, seconds: float) -> None:
    verdict = tortured(home, names, database, seconds)
    assert (verdict.lost, verdict.twice, verdict.extra, verdict.books["balance"]) == (0, 0, 0, 0)


def test_the_events_that_a_cut_takes_are_known_one_by_one(tmp_path: Path) -> None:
    server = Valkey(tmp_path).start()
    stored = [Pageview(article, visitor=article, network=1).pack() for article in range(1, 6)]
    for packed in stored:
        server.client().xadd("{0}views", {FIELD: packed})
    wait_for(lambda: [entry.packed for entry in entries_of(tmp_path)] == stored, 5, "the file")  # not at once while it is synced
    server.kill()
    cut = cut_tail(tmp_path, 150)  # one whole command, and a part of another
    server.start()
    assert [entry.packed for entry in cut] == stored[3:]
    assert server.client().xlen("{0}views") == 3
    server.kill()


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_the_documentation_tells_of_each_trouble_and_what_may_be_lost(trouble: Trouble) -> None:
    lines = DOCUMENTATION.read_text().splitlines()
    assert [line for line in lines if line.startswith(f"| `{trouble.name}` |") and line.endswith(f"| {trouble.loses} |")]


def test_a_trouble_that_cannot_run_here_says_why() -> None:
    assert BY_NAME["postgresql"].not_here("sqlite") == "it is for postgresql"
    assert BY_NAME["postgresql"].not_here("postgresql") == ""


def answers(connection: redis.Redis) -> bool:
    try:
        return bool(connection.ping())
    except RedisError:
        return False


def test_an_address_of_sentinels_leads_to_the_primary(home: Path) -> None:
    torture = Torture(home, [BY_NAME["failover"]], port=8180)
    torture.parts = list(torture.make_inbox())
    connection = client("redis+sentinel://127.0.0.1:1,127.0.0.1:8183/newsapp/0", timeout=5.0)  # the first does not answer
    try:
        for part in torture.parts:
            part.keep()
        assert wait_for(lambda: answers(connection), 15, "the primary")
        assert connection.info("replication")["role"] == "master"
    finally:
        torture.end()
