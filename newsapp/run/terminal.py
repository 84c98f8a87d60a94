"""What newsapp says at the terminal: news in one line, and why it does not start."""

from __future__ import annotations

import contextlib
from typing import IO, Any

import click


class Refusal(click.ClickException):
    """Ends the command with exit code 1 and its sentence on standard error."""

    def show(self, file: IO[Any] | None = None) -> None:
        say(self.message)


def say(text: str) -> None:
    """One line of news. Nobody needs to listen: a terminal that is gone must not end what runs."""
    with contextlib.suppress(OSError):
        click.echo(f"newsapp: {text}", err=True)
