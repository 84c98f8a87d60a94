"""supervisord.conf, written from the parts at every start."""

from __future__ import annotations

import shlex
from pathlib import Path

from newsapp.config import Config
from newsapp.run.parts import STOP_ORDER, Process, launch

SUPERVISOR = """\
; Written by `newsapp up` at every start; changes here are lost.
[supervisord]
nodaemon = true
silent = true
nocleanup = true
logfile = {log}/supervisor.log
logfile_maxbytes = 5MB
logfile_backups = 2
pidfile = {run}/supervisor.pid
directory = {root}
"""

# startsecs 0: a part counts as running at once, so supervisor never gives it up; the launcher
# makes one that died young rest, where supervisor's own pauses would grow by a second each time.
PROGRAM = """
[program:{name}]
command = {command}
directory = {root}
autorestart = true
startsecs = 0
startretries = 1000000000
stopwaitsecs = {stop_seconds}
killasgroup = true
redirect_stderr = true
stdout_logfile = {log}/{name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""

GROUP = """
[group:{name}]
programs = {programs}
priority = {priority}
"""


def escaped(value: object) -> str:
    """Text in which supervisor expands nothing."""
    return str(value).replace("%", "%%")


def supervisor_conf(config: Config, found: list[Process], root: Path) -> str:
    """The text of supervisord.conf."""
    home = config["NEWSAPP_HOME"]
    places = {"log": escaped(home / "log"), "run": escaped(home / "run"), "root": escaped(root)}
    text = [SUPERVISOR.format(**places)]
    text += [program(process, home, places) for process in found]
    text += [group(name, found) for name in STOP_ORDER]
    return "".join(text)


def program(process: Process, home: Path, places: dict[str, str]) -> str:
    command = escaped(shlex.join(launch(process, home / "run")))
    twice = {**places, "log": escaped(places["log"])}  # supervisor expands a part's log file two times
    return PROGRAM.format(name=process.name, command=command, stop_seconds=process.part.stop_seconds, **twice)


def group(name: str, found: list[Process]) -> str:
    """One group; supervisor stops that of the highest priority first and waits for it."""
    programs = [process.name for process in found if process.part.group == name]
    priority = 10 * (len(STOP_ORDER) - STOP_ORDER.index(name))
    return GROUP.format(name=name, programs=",".join(programs), priority=priority) if programs else ""
