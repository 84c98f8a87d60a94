"""newsapp key: which apps may report views."""

from __future__ import annotations

import click

from newsapp import create_app
from newsapp.database import now
from newsapp.traffic import keys


@click.group()
def key() -> None:
    """Let a paper's own apps report views (docs/ingest.md)."""


@key.command("add")
@click.argument("name")
def add_key(name: str) -> None:
    """Make a key, and print it this once."""
    with create_app(role="tool").app_context():
        try:
            made = keys.add(name, now())
        except keys.KeyProblem as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{name} sends: Authorization: Bearer {made}")
    click.echo(f"It is shown this once; newsapp key revoke {name} and newsapp key add {name} give another.")


@key.command("list")
def list_keys() -> None:
    """Print all names, and since when each is good or was revoked."""
    with create_app(role="tool").app_context():
        for one in keys.all_keys():
            ended = f", revoked {one.revoked:%Y-%m-%d %H:%M} UTC" if one.revoked else ""
            click.echo(f"{one.name}  made {one.created:%Y-%m-%d %H:%M} UTC{ended}")


@key.command("revoke")
@click.argument("name")
def revoke_key(name: str) -> None:
    """Let a key in no more, from now on."""
    with create_app(role="tool").app_context():
        try:
            keys.revoke(name, now())
        except keys.KeyProblem as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{name} is revoked.")
