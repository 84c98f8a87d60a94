"""The commands that run newsapp and bring its database up to date."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command()
def up() -> None:
    """Check, prepare and run everything until Ctrl-C."""
    from newsapp.run.up import up as run_all

    run_all()


@click.command()
@click.option("--new", "message", metavar="TITLE", help="Write a migration from what the models have and the migrations lack.")
@click.option("--no-backup", is_flag=True, help="Keep no copy of the database as it was; you have one.")
def migrate(message: str | None, no_backup: bool) -> None:
    """Bring the database's tables up to date, having kept a copy of it."""
    from newsapp import create_app
    from newsapp import migrate as migrations
    from newsapp.run.first_start import keep_copy

    if message:
        click.echo(migrations.write_new(message) or "The migrations have all that the models have.")
        return
    app = create_app()
    with app.app_context():
        if not no_backup:
            keep_copy(app.config)
        migrations.upgrade()
    click.echo(f"The database is at revision {migrations.head()}.")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
def backup(folder: Path | None) -> None:
    """Write an archive of the database, the pictures and the secrets into FOLDER (backups/ in the home unless given), while everything runs."""
    from newsapp.config import load_config
    from newsapp.database import now
    from newsapp.run import backup as backups

    config = load_config()
    try:
        path = backups.backup(config, folder or backups.folder(config), now())
    except backups.NotKept as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB). It has the secrets: keep it where nobody else reads it.")


@click.command()
@click.argument("name")
def part(name: str) -> None:
    """Run one part in the foreground, for another supervisor: systemd, containers."""
    from newsapp.config import load_config
    from newsapp.run.checks import check_home
    from newsapp.run.part import raise_file_limit
    from newsapp.run.parts import PARTS

    found = next((known for known in PARTS if known.name == name), None)
    if found is None:
        raise click.ClickException(f"There is no part {name!r}. There are: {', '.join(known.name for known in PARTS)}.")
    config = load_config()
    check_home(config["NEWSAPP_HOME"])
    argv = found.argv(config)
    raise_file_limit()
    os.execv(argv[0], argv)  # noqa: S606
