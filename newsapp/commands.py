"""COMMANDS: what the command line can do, gathered from the features."""

from __future__ import annotations

import click

COMMANDS: tuple[click.Command, ...] = ()
