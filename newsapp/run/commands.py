"""The commands that run newsapp and bring its database up to date."""

from __future__ import annotations

import os

import click


@click.command()
def up() -> None:
    """Check, prepare and run everything until Ctrl-C."""
    from newsapp.run.up import up as run_all

    run_all()


@click.command()
@click.option("--new", "message", metavar="TITLE", help="Write a migration from what the models have and the migrations lack.")
def migrate(message: str | None) -> None:
    """Bring the database's tables up to date."""
    from newsapp import create_app
    from newsapp import migrate as migrations

    if message:
        click.echo(migrations.write_new(message) or "The migrations have all that the models have.")
        return
    with create_app().app_context():
        migrations.upgrade()
    click.echo(f"The database is at revision {migrations.head()}.")


@click.command()
@click.argument("name")
def part(name: str) -> None:
    """Run one part in the foreground, for another supervisor: systemd, containers."""
    from newsapp.config import load_config
    from newsapp.run.part import raise_file_limit
    from newsapp.run.parts import PARTS

    found = next((known for known in PARTS if known.name == name), None)
    if found is None:
        raise click.ClickException(f"There is no part {name!r}. There are: {', '.join(known.name for known in PARTS)}.")
    argv = found.argv(load_config())
    raise_file_limit()
    os.execv(argv[0], argv)  # noqa: S606
