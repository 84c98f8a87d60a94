"""newsapp recount: count kept hours again under another rule."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select

from newsapp import create_app
from newsapp.database import db, now
from newsapp.news.models import Article
from newsapp.traffic.days import HOUR, SITE_ZONE
from newsapp.traffic.kept import kept_hours
from newsapp.traffic.recounting import NotWhole, Recount, apply, is_done, recount, rule_of
from newsapp.traffic.rules import Rule, RuleError, parse
from newsapp.traffic.sums import apply_sums, hour_of


@click.command("recount")
@click.option("--rule", "rule_text", default="", help="What is to be otherwise: slot=60,reload=off,repeat=off,unconfirmed=off,burst=50,share=5.")
@click.option("--from", "since", default="", help="First hour, like 2026-11-24T10, in the site's zone; the first that is kept.")
@click.option("--to", "until", default="", help="Last hour; the last that is over.")
@click.option("--apply", "applied", is_flag=True, help="Let tables and lists follow the rule, an hour at a time. Goes on where it was stopped.")
@click.option("--limit", default=20, help="Articles shown, those that change most first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def recount_command(rule_text: str, since: str, until: str, applied: bool, limit: int, as_json: bool) -> None:
    """Count kept events again under another rule, and show what that changes."""
    with create_app(role="work").app_context():
        try:
            rule = parse(rule_text, rule_of(hour_of(now())))
            hours = hours_between(since, until, SITE_ZONE.read())
        except (RuleError, ValueError) as error:
            raise click.ClickException(str(error)) from error
        found, left_out = run(hours, rule, applied)
        report = summary(found, left_out, rule, applied, limit)
        click.echo(json.dumps(report) if as_json else table(report))


def hours_between(since: str, until: str, zone: ZoneInfo) -> list[int]:
    """The kept hours that are over, between two. Raises ValueError."""
    over = hour_of(now()) - 1
    first = hour_named(since, zone) if since else 0
    last = hour_named(until, zone) if until else over
    if first > last:
        raise ValueError("--from is after --to")
    return [hour for hour in kept_hours() if first <= hour <= min(last, over)]


def hour_named(text: str, zone: ZoneInfo) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no hour; write it like 2026-11-24T10") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()) // HOUR


def run(hours: list[int], rule: Rule, applied: bool) -> tuple[list[Recount], dict[int, str]]:
    """Each hour's recount, applied when that is asked for, and why others were left out."""
    found, left_out = [], {}
    for hour in hours:
        if applied and is_done(hour, rule):
            continue
        try:
            found.append(recount(hour, rule))
            if applied:
                apply(found[-1], rule, now())
        except NotWhole as error:
            left_out[hour] = str(error)
    if applied:
        apply_sums()
    return found, left_out


def summary(found: list[Recount], left_out: dict[int, str], rule: Rule, applied: bool, limit: int) -> dict[str, Any]:
    """What changes, over all hours."""
    before: Counter[str] = sum((part.reasons_before for part in found), Counter())
    after: Counter[str] = sum((part.reasons_after for part in found), Counter())
    changed: Counter[int] = Counter()
    for part in found:
        changed.update(part.differences)
    largest = sorted(((article, views) for article, views in changed.items() if views), key=lambda pair: (-abs(pair[1]), pair[0]))[:limit]
    with db.engine.connect() as sql:
        names = dict(sql.execute(select(Article.id, Article.slug).where(Article.id.in_([article for article, _ in largest]))).all())
    return {
        "rule": str(rule), "hours": len(found), "applied": applied,
        "left_out": [{"hour": hour, "reason": reason} for hour, reason in left_out.items()],
        "before": dict(before), "after": dict(after),
        "articles": [{"id": article, "slug": names.get(article, ""), "views": views} for article, views in largest],
    }  # fmt: skip


def table(report: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"rule     {report['rule']}", f"hours    {report['hours']}{' (applied)' if report['applied'] else ''}"]
    lines += [f"left out hour {each['hour']}: {each['reason']}" for each in report["left_out"]]
    for name in sorted(report["before"].keys() | report["after"].keys(), key=lambda name: (name != "counted", name)):
        before, after = report["before"].get(name, 0), report["after"].get(name, 0)
        lines.append(f"{name:<20}{before:>12,}{after:>12,}{after - before:>+12,}")
    lines += [f"{each['views']:>+8,}  {each['slug'] or each['id']}" for each in report["articles"]]
    return "\n".join(lines)
