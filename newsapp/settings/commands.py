"""newsapp settings: what editors decide, from the command line."""

from __future__ import annotations

import getpass
from typing import Any

import click
from sqlalchemy import select

from newsapp import create_app
from newsapp.database import db
from newsapp.news.models import Article, Section
from newsapp.saving import saving
from newsapp.settings.forms import shown
from newsapp.settings.models import SettingChange
from newsapp.settings.registry import BY_NAME, SettingError
from newsapp.settings.store import change, effective, history, stored


@click.group("settings")
def settings() -> None:
    """What editors decide."""


@settings.command("list")
def list_settings() -> None:
    """Print each setting's value, and who changed it last and when."""
    with create_app(role="tool").app_context():
        latest = {(entry.scope, entry.name): entry for entry in reversed(history(10_000))}
        _, values = stored()
        for name, value in effective(values, "site").items():
            click.echo(f"{name} = {one_line(name, value)}{signature(latest.get(('site', name)))}")
        for scope in sorted(values.keys() - {"site"}):
            for name, value in values[scope].items():
                click.echo(f"{scope} {name} = {one_line(name, value)}{signature(latest.get((scope, name)))}")


@settings.command("set")
@click.argument("name")
@click.argument("value")
@click.option("--section", "section_slug", help="For one section, by its slug.")
@click.option("--article", "article_slug", help="For one article, by its slug.")
def set_setting(name: str, value: str, section_slug: str | None, article_slug: str | None) -> None:
    """Change a setting; the value inherit goes back to what stands above it."""
    with create_app(role="tool").app_context():
        scope = scope_of(section_slug, article_slug)
        try:
            with saving("refresh_settings"):
                changed = change(scope, name, None if value == "inherit" else value, f"{getpass.getuser()} (command line)")
        except SettingError as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{scope} {name} = {one_line(name, value)}{signature(history(1)[0])}" if changed else f"{name} is so already.")


def scope_of(section_slug: str | None, article_slug: str | None) -> str:
    """The scope that the options name."""
    if section_slug:
        return f"section:{id_of(Section, section_slug)}"
    if article_slug:
        return f"article:{id_of(Article, article_slug)}"
    return "site"


def id_of(model: type[Any], slug: str) -> int:
    found = db.session.scalar(select(model.id).where(model.slug == slug))
    if found is None:
        raise click.ClickException(f"There is no {model.__name__.lower()} {slug!r}.")
    return int(found)


def one_line(name: str, value: Any) -> str:
    return str(shown(BY_NAME[name], value) if not isinstance(value, str) else value).replace("\n", " | ")


def signature(entry: SettingChange | None) -> str:
    return f"   ({entry.editor}, {entry.at:%Y-%m-%d %H:%M} UTC)" if entry else ""
