"""newsapp pictures: how many have every format, and the rest brought up to date now."""

from __future__ import annotations

import click

from newsapp import create_app
from newsapp.media.formats import counted, each_brought


@click.command("pictures")
@click.option("--now", "at_once", is_flag=True, help="Do now what the job does by and by. May be stopped at any time, and goes on from there.")
def pictures(at_once: bool) -> None:
    """Say how many pictures have every format; those kept by an older newsapp get theirs from a job."""
    with create_app(role="work").app_context():
        missing = 0
        if at_once:
            done, total = counted()
            with click.progressbar(each_brought(), length=total - done, label="Pictures") as brought:
                missing = sum(not is_done for is_done in brought)
        done, total = counted()
        click.echo(f"{done} of {total} pictures have every format.")
        if missing:
            click.echo(f"{missing} were left as they are: their files are missing, or somebody replaced them meanwhile.")
