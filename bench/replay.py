"""Replay access logs against a running newsapp: each page view becomes a beacon of a story.

The most requested path of the logs becomes the newest story, the next one the next; paths beyond the
number of stories are left out and counted. A beacon has the log's address (in X-Forwarded-For: the
site must run with TRUSTED_PROXIES=127.0.0.1/32), agent, language and class of referrer. Agents that
run no script in reality send here too: the filter must find them.

    python bench/replay.py http://127.0.0.1:8000 LOG[.gz] … --home var --speed 60 --compare
    python bench/replay.py http://127.0.0.1:8000 LOG[.gz] … --home var --rate 1000 --seconds 60 --probe
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import create_engine, select  # noqa: E402

from bench.access_logs import Hit, Log, read_log  # noqa: E402
from bench.sending import Beacon, Line, Probe, Replay, Tally, settled  # noqa: E402
from bench.truth import is_human, is_page, leaders_in_common, own_host, rank_correlation, referrer_class  # noqa: E402
from newsapp.config import Config, load_config  # noqa: E402
from newsapp.database import now  # noqa: E402
from newsapp.news.models import LIVE, Article  # noqa: E402


def base_of(text: str) -> tuple[str, int]:
    """(host, port) of the site. Exits for one that is not on this machine."""
    parts = urlsplit(text)
    host = parts.hostname or ""
    with contextlib.suppress(ValueError):
        if parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback):
            return host, parts.port or 80
    sys.exit(f"replay: {text} is not on this machine; replaying invents readers, so it is done to a site of one's own on loopback only")


def config_of(home: Path) -> Config:
    """The configuration of a home that is there. Exits when it is not: one must not be made here."""
    if not home.is_dir():
        sys.exit(f"replay: {home} is no folder; --home is the NEWSAPP_HOME of the running site")
    if not (home / "secret_key").exists() and not os.environ.get("SECRET_KEY"):
        sys.exit(f"replay: {home} has no secret_key; start the site once, or set SECRET_KEY to what the site has")
    return load_config({**os.environ, "NEWSAPP_HOME": str(home)})


def stories_of(config: Config) -> list[int]:
    """The stories that readers can open, the newest first. The database is only read."""
    url: str = config["DATABASE_URL"]
    engine = create_engine(f"sqlite:///file:{url.removeprefix('sqlite:///')}?mode=ro&uri=true" if url.startswith("sqlite:///") else url)
    live = select(Article.id).where(Article.state == LIVE, Article.published_at <= now()).order_by(Article.published_at.desc(), Article.id.desc())
    with engine.connect() as connection:
        return list(connection.scalars(live))


@dataclass
class Plan:
    """The beacons of some logs."""

    beacons: list[Beacon]
    paths: dict[str, int]  # the story that stands for each path
    views: int  # page views in the logs
    left_out: int  # of paths beyond the number of stories


def plan_of(hits: list[Hit], stories: list[int]) -> Plan:
    """Map paths to stories by rank, and keep the log's order and spacing."""
    own = own_host(hits)
    pages = sorted((hit for hit in hits if is_page(hit)), key=lambda hit: hit.at)
    requested = Counter(hit.path for hit in pages).most_common(len(stories))
    paths = {path: story for (path, _), story in zip(requested, stories, strict=False)}
    kept = [hit for hit in pages if hit.path in paths]
    beacons = [Beacon(hit.at - kept[0].at, paths[hit.path], hit, referrer_class(hit.referrer, own)) for hit in kept]
    return Plan(beacons, paths, len(pages), len(pages) - len(kept))


# ---- the command


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="the site's address, on this machine")
    parser.add_argument("logs", nargs="+", type=Path, help="access logs, plain or .gz")
    parser.add_argument("--home", type=Path, required=True, help="the site's NEWSAPP_HOME: its secret makes tokens, its database names stories")
    parser.add_argument("--speed", type=float, default=60.0, help="how many times faster than the log (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=0.0, help="beacons a second, in place of the log's spacing")
    parser.add_argument("--lines", type=int, help="only the first lines of each log")
    parser.add_argument("--limit", type=int, default=100_000, help="beacons at most (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=600.0, help="seconds at most (default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="begin anew at the end of the logs, until the seconds are over")
    parser.add_argument("--probe", action="store_true", help="measure the time from a view to the list that shows it")
    parser.add_argument("--compare", action="store_true", help="compare Most Viewed with what the log's human readers opened")
    parser.add_argument("--truth", type=Path, help="write the log's own ranking, by human readers, to this file")
    parser.add_argument("--json", action="store_true", help="tell all figures as one JSON object, before the last line")
    return parser.parse_args(arguments)


def truth_of(logs: list[Log], plan: Plan) -> dict[str, Any]:
    """What the logs say, without any site."""
    pages = [hit for log in logs for hit in log.hits if is_page(hit)]
    every, humans = Counter(hit.path for hit in pages), Counter(hit.path for hit in pages if is_human(hit.agent))
    ranking = [{"path": path, "story": plan.paths.get(path), "human_views": views, "views": every[path]} for path, views in humans.most_common()]
    return {
        "lines": sum(log.lines for log in logs), "parsed": sum(len(log.hits) for log in logs), "unfit": sum(len(log.unfit) for log in logs),
        "page_views": len(pages), "human_page_views": sum(humans.values()), "paths": len(every), "humans": ranking,
    }  # fmt: skip


async def replayed(replay: Replay, beacons: list[Beacon], probe: Probe | None) -> None:
    stopping = asyncio.Event()
    probing = asyncio.create_task(probe.run(stopping)) if probe else None
    await replay.run(beacons)
    stopping.set()
    if probing:
        await probing


async def main(options: argparse.Namespace) -> dict[str, Any]:
    host, port = base_of(options.base)
    config = config_of(options.home)
    logs = [read_log(path, options.lines) for path in options.logs]
    stories = stories_of(config)
    replay = Replay(host, port, config["SECRET_KEY"], options.speed, options.rate, options.seconds, options.again)
    probe = Probe(replay, stories.pop()) if options.probe else None
    plan = plan_of([hit for log in logs for hit in log.hits], stories)
    if options.truth:
        options.truth.write_text(json.dumps(truth_of(logs, plan), indent=1) + "\n")
    line = Line(host, port)
    before = await settled(line) if options.compare else {}
    await replayed(replay, plan.beacons[: options.limit], probe)
    found = figures(logs, plan, replay.tally)
    if options.compare:
        after = await settled(line)
        found["agreement"] = agreement(replay.tally.views(), {story: views - before.get(story, 0) for story, views in after.items()})
    if probe:
        found["view_to_list"] = probe.figures()
    return found | {"said": str(replay.tally)}


def figures(logs: list[Log], plan: Plan, tally: Tally) -> dict[str, Any]:
    return {
        "logs": [str(log) for log in logs], "page_views": plan.views, "left_out": plan.left_out, "stories": len(plan.paths),
        "sent": tally.sent, "accepted": tally.accepted, "refused": tally.refused, "unanswered": tally.unanswered,
        "reasons": dict(tally.reasons), "statuses": {str(status): times for status, times in tally.statuses.items()},
        "seconds": tally.seconds, "latest": tally.late, "human_views": sum(tally.views().values()),
    }  # fmt: skip


def agreement(expected: Counter[int], shown: dict[int, int]) -> dict[str, Any]:
    """How well the list agrees with what should count."""
    shown = {story: views for story, views in shown.items() if views > 0}
    same, leaders = leaders_in_common(expected, shown)
    return {
        "correlation": rank_correlation(expected, shown), "leaders_in_common": same, "leaders": leaders,
        "expected": sum(expected.values()), "shown": sum(shown.values()),
    }  # fmt: skip


def told(found: dict[str, Any]) -> Iterator[str]:
    """The figures for people."""
    yield from found["logs"]
    yield f"{found['page_views']} page views of {found['stories']} stories; {found['left_out']} of paths beyond the paper's stories are left out"
    yield f"{found['seconds']:.1f} s, the latest beacon {1000 * found['latest']:.0f} ms behind its time"
    if found["reasons"].get("flood", 0) > found["sent"] / 2:
        yield "most were refused as flood: does the site run with TRUSTED_PROXIES=127.0.0.1/32?"
    if agreed := found.get("agreement"):
        yield (
            f"Most Viewed: rank correlation {agreed['correlation']:.3f}, {agreed['leaders_in_common']} of {agreed['leaders']} leaders, "
            f"{agreed['shown']} views where {agreed['expected']} were expected"
        )
    if shown := found.get("view_to_list"):
        yield f"view to list: median {shown['median']:.2f} s, 99th percentile {shown['p99']:.2f} s; {shown['shown']} of {shown['probes']} shown"


if __name__ == "__main__":
    given = options_of(None)
    result = asyncio.run(main(given))
    print(json.dumps(result) if given.json else "\n".join(told(result)))
    print(result["said"])
