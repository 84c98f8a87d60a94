"""The commands of operators: the desk's read-only mode."""

from __future__ import annotations

import click

from newsapp.config import load_config
from newsapp.database import now
from newsapp.ops import read_only as mode


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
