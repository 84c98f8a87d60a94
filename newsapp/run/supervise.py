"""supervisor in the foreground: stops in order on Ctrl-C, SIGTERM and a closed terminal, and says what it restarts."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from supervisor import events
from supervisor.medusa.asyncore_25 import ExitNow
from supervisor.options import ServerOptions
from supervisor.supervisord import Supervisor

from newsapp.run.terminal import say

PULSE = 0.2  # seconds until supervisor looks again; its own second would be added to every start and stop


class Options(ServerOptions):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        poll = self.poller.poll
        self.poller.poll = lambda timeout: poll(min(timeout, PULSE))

    def get_signal(self) -> int | None:
        """The next signal. A closed terminal stops everything; supervisor would start all anew without it."""
        received: int | None = super().get_signal()
        if received == signal.SIGHUP:
            return signal.SIGTERM
        return received


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


def supervise(conf: Path) -> None:
    """Run all parts until a signal asks for the end; returns when they have stopped."""
    options = Options()
    options.realize(["-n", "-c", str(conf)])
    options.first, options.test = True, False
    try:
        Foreground(options).main()
    except ExitNow:
        options.close_logger()
