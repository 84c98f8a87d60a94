"""newsapp import: moving in from another system."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
from flask import has_app_context
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import SQLAlchemyError

from newsapp import create_app
from newsapp.imports.report import Report
from newsapp.imports.wordpress import import_wordpress


@click.group("import")
def import_() -> None:
    """Move in from another system."""


@import_.command("wordpress")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="Write what became of each item there, as JSON.")
@click.option("--section", default="News", show_default=True, help="Section of articles that have no category.")
def wordpress(file: Path, report_file: Path | None, section: str) -> None:
    """Import posts and pages from FILE, which WordPress writes under Tools → Export.

    Running it again doubles nothing: what changed in WordPress is brought up to date, what editors changed here stays.
    """
    if report_file and not report_file.absolute().parent.is_dir():
        raise click.ClickException(f"there is no folder {report_file.parent} for the report: make it, or name another; nothing was imported.")
    with application(), bar(file) as progress:
        try:
            report = import_wordpress(file, section.strip() or "News", progress)
        except SQLAlchemyError as error:
            raise click.ClickException(
                f"the database did not take it ({reason(error)}): see that `newsapp migrate` has run, then import again; nothing is doubled."
            ) from None
    if report_file:
        write(report, report_file)
    tell(report, report_file)


def application() -> AbstractContextManager[Any]:
    """The application's context: the one there is, else one of our own."""
    return contextlib.nullcontext() if has_app_context() else create_app().app_context()


@contextlib.contextmanager
def bar(file: Path) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, nothing elsewhere. Gives the function that moves it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"Importing {file.name}", total=file.stat().st_size if file.is_file() else None)
        yield lambda position: progress.update(task, completed=position)


def write(report: Report, file: Path) -> None:
    try:
        file.write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"the import is done, but {file} cannot be written: {error.strerror}") from None


def tell(report: Report, file: Path | None) -> None:
    """The report in short. Raises when the file was not sound to its end."""
    if report.items or not report.error:
        for line in report.lines():
            click.echo(line)
    if report.items and (report.notes or report.left_out) and file is None:
        click.echo("  --report FILE writes every item and note.")
    if report.error:
        raise click.ClickException(report.error)


def reason(error: SQLAlchemyError) -> str:
    """The database's own words, without the statement."""
    return str(getattr(error, "orig", None) or error).splitlines()[0][:200]
