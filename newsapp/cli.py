"""The command line: newsapp up, import, sample, settings, user, ledger, doctor.

Each feature brings its commands; this module only gathers them.
"""

from __future__ import annotations

import sys

import click

from newsapp.config import ConfigError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """A self-hosted news site: fast pages, views counted exactly once."""


def gather() -> None:
    """Add every feature's commands."""
    from newsapp.commands import COMMANDS

    for command in COMMANDS:
        cli.add_command(command)


def main() -> None:
    """Run the command; a wrong configuration is one clear sentence."""
    gather()
    try:
        cli()
    except ConfigError as error:
        sys.exit(f"newsapp: {error}")


if __name__ == "__main__":
    main()
