"""newsapp user: who works at the desk."""

from __future__ import annotations

from collections.abc import Callable

import click

from newsapp import create_app
from newsapp.database import db, writes
from newsapp.people.rights import ROLE_NAMES
from newsapp.people.staff import PersonError, add, everybody, give_roles, known, make_roles, renew_password


@click.group("user")
def user() -> None:
    """Who works at the desk."""


@user.command("add")
@click.argument("email")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLE_NAMES), default=["editor"], help="May be given more than once.")
def add_user(email: str, roles: tuple[str, ...]) -> None:
    """Add a person, and print the password this once."""
    with create_app(role="tool").app_context(), writes():
        make_roles()
        show(email, lambda: add(email, roles))


@user.command("password")
@click.argument("email")
def new_password(email: str) -> None:
    """Give a person a new password, and print it this once."""
    with create_app(role="tool").app_context(), writes():
        show(email, lambda: renew_password(email))


@user.command("role")
@click.argument("email")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLE_NAMES), required=True, help="All that the person is to have.")
def set_roles(email: str, roles: tuple[str, ...]) -> None:
    """Let a person have these roles, and no others."""
    with create_app(role="tool").app_context(), writes():
        make_roles()
        try:
            give_roles(known(email), roles)
            db.session.commit()
        except PersonError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{email}  {', '.join(sorted(roles))}")


@user.command("list")
def list_users() -> None:
    """Print everybody and what they may do."""
    with create_app(role="tool").app_context():
        for person in everybody():
            roles = ", ".join(sorted(role.name for role in person.roles))
            click.echo(f"{person.email}  {roles or 'no role'}{'' if person.active else '  (left)'}")


def show(email: str, make: Callable[[], str]) -> None:
    """Commit, then print what nobody can read again."""
    try:
        password = make()
        db.session.commit()
    except PersonError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{email} signs in with {password}")
    click.echo("It is shown this once; newsapp user password gives another.")
