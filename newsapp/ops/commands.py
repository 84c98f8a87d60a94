"""The commands of operators: is all set up as it must be, and the desk's read-only mode."""

from __future__ import annotations

import json
import sys

import click

from newsapp import create_app
from newsapp.config import load_config
from newsapp.database import now
from newsapp.ops import read_only as mode
from newsapp.ops.board import BAD, GOOD, WARN
from newsapp.ops.doctor import Finding, examine

MARKS = {GOOD: ("ok", "green"), WARN: ("look", "yellow"), BAD: ("bad", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list: check, state (good, warn, bad), said, do.")
@click.option("--strict", is_flag=True, help="Exit 1 for what is to be looked at, too.")
def doctor(as_json: bool, strict: bool) -> None:
    """Look whether all is set up as it must be, and say of each what to do. Exits 1 when something is bad."""
    app = create_app(role="work")
    with app.app_context():
        found = examine(app.config)
    click.echo(json.dumps([finding._asdict() for finding in found], indent=2, ensure_ascii=False) if as_json else "\n".join(map(line, found)))
    wrong = {BAD, WARN} if strict else {BAD}
    sys.exit(1 if any(finding.state in wrong for finding in found) else 0)


def line(finding: Finding) -> str:
    word, colour = MARKS[finding.state]
    told = f"{click.style(f'{word:<5}', fg=colour)} {finding.check:<12} {finding.said}"
    return f"{told}\n{'':<19}{finding.do}" if finding.do else told


@click.group("read-only", invoke_without_command=True)
@click.pass_context
def read_only(ctx: click.Context) -> None:
    """Let editors read the desk and change nothing, while you upgrade, move or restore."""
    if ctx.invoked_subcommand is None:
        found = mode.read_only(load_config())
        click.echo(f"The desk is read-only since {found.since:%Y-%m-%d %H:%M} UTC. {found.says}".strip() if found else "The desk works as usual.")


@read_only.command("on")
@click.argument("says", default="")
def on(says: str) -> None:
    """Begin it. SAYS is told to editors, such as "We move to a new machine, back at ten."."""
    mode.begin(load_config(), says, now())
    click.echo("The desk is read-only. Readers notice nothing, and views are counted.")


@read_only.command("off")
def off() -> None:
    """End it."""
    mode.end(load_config())
    click.echo("The desk works again.")
