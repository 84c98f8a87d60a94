"""The command line: newsapp up, import, sample, settings, user, ledger, ..."""

from __future__ import annotations

import sys

import click

from newsapp.commands import Gathered
from newsapp.config import ConfigError


@click.group(cls=Gathered, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """A self-hosted news site: fast pages, views counted exactly once."""


def main() -> None:
    """Run the command; a wrong configuration is one clear sentence."""
    try:
        cli()
    except ConfigError as error:
        sys.exit(f"newsapp: {error}")


if __name__ == "__main__":
    main()
