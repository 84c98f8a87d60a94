"""COMMANDS: what the command line can do, gathered from the features, each loaded when it is asked for."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from importlib import import_module

import click


@dataclass(frozen=True)
class Command:
    """One command: where its click object is, and what it does in a line."""

    name: str
    module: str
    attribute: str
    help: str
    is_deed: bool = True  # the audit log tells what it changes; of whole editions and archives it would tell too much


COMMANDS = (
    Command("up", "newsapp.run.commands", "up", "Run everything until Ctrl-C.", is_deed=False),
    Command("part", "newsapp.run.commands", "part", "Run one part, for another supervisor.", is_deed=False),
    Command("migrate", "newsapp.run.commands", "migrate", "Bring the database's tables up to date.", is_deed=False),
    Command("import", "newsapp.imports.commands", "import_", "Bring in another system's articles.", is_deed=False),
    Command("sample", "newsapp.edition.commands", "sample", "Publish the sample edition, or take it away.", is_deed=False),
    Command("settings", "newsapp.settings.commands", "settings", "List and change what editors decide."),
    Command("user", "newsapp.people.commands", "user", "Add people, give them passwords."),
    Command("key", "newsapp.traffic.key_commands", "key", "Let a paper's own apps report views."),
    Command("recount", "newsapp.traffic.recount_command", "recount_command", "Count kept events again under another rule.", is_deed=False),
    Command("doctor", "newsapp.ops.commands", "doctor", "Look whether all is set up as it must be, and say what to do.", is_deed=False),
    Command("pictures", "newsapp.media.commands", "pictures", "Bring pictures of an older newsapp up to date.", is_deed=False),
    Command("ledger", "newsapp.traffic.commands", "ledger", "Show that every event is accounted for."),
    Command("backup", "newsapp.run.commands", "backup", "Keep a copy of the database, the pictures and the secrets.", is_deed=False),
    Command("read-only", "newsapp.ops.commands", "read_only", "Let editors read the desk and change nothing.", is_deed=False),
    Command("lists", "newsapp.traffic.agents.commands", "lists", "Show, renew and check the lists of bots."),
)
BY_NAME = {command.name: command for command in COMMANDS}


class Gathered(click.Group):
    """A group that imports a command's module only when that command runs: `up` needs no e-mail rules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [command.name for command in COMMANDS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in BY_NAME:
            return None
        command = BY_NAME[name]
        found: click.Command = getattr(import_module(command.module), command.attribute)
        if command.is_deed:
            begin_deed(ctx, name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(command.name, command.help) for command in COMMANDS])


def begin_deed(ctx: click.Context, name: str) -> None:
    """What the command changes is told as done by whoever runs it."""
    from newsapp.audit.deeds import Deed, begin

    begin(Deed(f"{getpass.getuser()} (command line)", f"newsapp {name}"))
    ctx.call_on_close(lambda: begin(None))
