"""supervisor in the foreground: stops in order on Ctrl-C, SIGTERM and a closed terminal, and says what it restarts."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from supervisor import events
from supervisor.medusa.asyncore_25 import ExitNow
from supervisor.options import ServerOptions
from supervisor.supervisord import Supervisor

from newsapp.run import part, preload
from newsapp.run.terminal import say

PULSE = 0.2  # seconds until supervisor looks again; its own second would be added to every start and stop


class Options(ServerOptions):  # type: ignore[misc]
    def __init__(self, is_preloaded: bool) -> None:
        super().__init__()
        self.is_preloaded = is_preloaded
        poll = self.poller.poll
        self.poller.poll = lambda timeout: poll(min(timeout, PULSE))

    def get_signal(self) -> int | None:
        """The next signal. A closed terminal stops everything; supervisor would start all anew without it."""
        received: int | None = super().get_signal()
        if received == signal.SIGHUP:
            return signal.SIGTERM
        return received

    def close_fd(self, fd: int) -> None:
        """In a child: leave nothing open of the supervisor's, and what imported modules hold as it is."""
        if fd not in preload.KEPT:
            super().close_fd(fd)

    def execve(self, filename: str, argv: list[str], env: dict[str, str]) -> None:
        """In a child of the supervisor: become the part. One of our own modules is run as it was imported before the fork."""
        launcher, command = parted(argv)
        if not (self.is_preloaded and preload.is_ours(command)):
            super().execve(filename, argv, env)  # which does not return
        os.environ.clear()
        os.environ.update(env)
        preload.forget_signals()
        part.claim(Path(launcher[-1]))
        preload.run(env["SUPERVISOR_PROCESS_NAME"], command)


class Foreground(Supervisor):  # type: ignore[misc]
    def runforever(self) -> None:
        events.subscribe(events.ProcessStateExitedEvent, say_restarted)
        events.subscribe(events.SupervisorStoppingEvent, say_stopping)
        super().runforever()


def say_restarted(event: Any) -> None:
    config = event.process.config
    say(f"{config.name} ended and is started again; its log is {config.stdout_logfile}")


def say_stopping(event: Any) -> None:
    say("stopping")


def parted(argv: list[str]) -> tuple[list[str], list[str]]:
    """The launcher's command line, whose last word is the pid file, and that of the part."""
    place = argv.index("--")
    return argv[:place], argv[place + 1 :]


def supervise(conf: Path, is_preloaded: bool) -> None:
    """Run all parts until a signal asks for the end; returns when they have stopped.

    Where all is imported already (run/preload.py), parts are forks of this process.
    """
    options = Options(is_preloaded)
    options.realize(["-n", "-c", str(conf)])
    options.first, options.test = True, False
    try:
        Foreground(options).main()
    except ExitNow:
        options.close_logger()
