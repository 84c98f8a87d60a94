"""newsapp lists: the lists of bots, their renewal, and how well they judge."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import click

from newsapp.config import load_config
from newsapp.rights import crawlers
from newsapp.traffic.agents.lists import LISTS, BotList, current
from newsapp.traffic.agents.renewal import NotRenewed, renew
from newsapp.traffic.agents.trial import Trial, read_agents, try_out
from newsapp.traffic.bots import lists_home, matcher_of


@click.group("lists", invoke_without_command=True)
@click.pass_context
def lists(context: click.Context) -> None:
    """Show, renew and check the lists of bots."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@lists.command()
def show() -> None:
    """Print each list in use: date, licence, number of patterns, source."""
    for one in current(lists_home(load_config())):
        click.echo(line(one))


def line(one: BotList) -> str:
    return f"{one.name:<20} {one.version:<10} {one.date}  {one.licence:<8} {len(one.patterns):>5} patterns  {one.source}"


@lists.command()
def update() -> None:
    """Renew the lists with pip; what cannot be renewed stays. Exits 1 when any stayed for a fault."""
    home, failed = lists_home(load_config()), False
    for source in LISTS:
        try:
            before, after = renew(source, home, date.today())
            click.echo(f"{source.name}: version {after.version}, {len(after.patterns)} patterns (before: {before.version}, {len(before.patterns)})")
        except NotRenewed as error:
            failed = True
            click.echo(f"{source.name}: not renewed, the old one stays: {error}.", err=True)
    try:
        rows_before, rows = crawlers.renew(home, date.today())
        click.echo(
            f"crawlers by use: version {rows.version}, {len(rows.crawlers)} crawlers (before: {rows_before.version}, {len(rows_before.crawlers)})"
        )
    except NotRenewed as error:
        failed = True
        click.echo(f"crawlers by use: not renewed, the old one stays: {error}.", err=True)
    click.echo("Running processes take them up within a minute; robots.txt has them within an hour.")
    sys.exit(1 if failed else 0)


@lists.command()
@click.option("--bots", type=Path, help="A file of bots' agents, one a line.")
@click.option("--humans", type=Path, help="A file of people's agents, one a line.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: bots, bots_found, humans, humans_flagged.")
@click.option("--show", "show_wrong", is_flag=True, help="Print the agents that were judged wrongly.")
def check(bots: Path | None, humans: Path | None, as_json: bool, show_wrong: bool) -> None:
    """Judge files of agents and count what was judged right."""
    if bots is None and humans is None:
        raise click.UsageError("give --bots FILE, --humans FILE or both")
    try:
        trial = try_out(read_agents(bots), read_agents(humans), matcher_of(current(lists_home(load_config()))))
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"newsapp: {error.filename if isinstance(error, OSError) else 'the file'} cannot be read: {reason(error)}")
    click.echo(json.dumps(trial.figures()) if as_json else table(trial))
    if show_wrong:
        for agent in trial.missed:
            click.echo(f"missed: {agent}", err=as_json)
        for agent, kind in trial.flagged:
            click.echo(f"flagged as {kind}: {agent}", err=as_json)


def reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "no reason given" if isinstance(error, OSError) else "it is not UTF-8"


def table(trial: Trial) -> str:
    """The figures for people, with the classes that the bots were found in."""
    found, flagged = trial.bots - len(trial.missed), len(trial.flagged)
    rows = [f"{'bots':<10}{trial.bots:>9,} {'found':>10}{found:>9,} {share(found, trial.bots)}"]
    rows += [f"  {kind:<18}{'':>12}{count:>9,}" for kind, count in trial.kinds.most_common()]
    rows += [f"{'humans':<10}{trial.humans:>9,} {'flagged':>10}{flagged:>9,} {share(flagged, trial.humans)}"]
    return "\n".join(rows)


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:9.2f} %" if whole else ""
