"""Tells when the site answers, and where. A process of its own, gone after its message."""

from __future__ import annotations

import http.client
import os
import signal
import time

import click

from newsapp.config import Config
from newsapp.run.terminal import say

PATIENCE = 60.0  # seconds until we say that something is wrong
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def send_herald(config: Config, started: float, editor: tuple[str, str] | None, lock: int) -> None:
    """Fork the process that waits for the site and prints the banner."""
    parent = os.getpid()
    if os.fork():
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.close(lock)
        proclaim(config, parent, started, editor)
    finally:
        os._exit(0)


def proclaim(config: Config, parent: int, started: float, editor: tuple[str, str] | None) -> None:
    ready = wait_until_ready(config, parent, PATIENCE - (time.monotonic() - started))
    if os.getppid() != parent:
        return
    if not ready:
        say(f"not ready after {PATIENCE:.0f} s; site.log and desk.log in {config['NEWSAPP_HOME']}/log say why")
    click.echo(banner(config, time.monotonic() - started if ready else None, editor))


def wait_until_ready(config: Config, parent: int, seconds: float) -> bool:
    """Whether all could be read in time. Stops waiting when the parent is gone."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and os.getppid() == parent:
        if are_ready(config):
            return True
        time.sleep(0.05)
    return False


def are_ready(config: Config) -> bool:
    """Whether the site and the desk both say so."""
    host: str = EVERYWHERE.get(config["HOST"]) or config["HOST"]
    return is_ready(host, config["PORT"]) and is_ready(host, config["DESK_PORT"])


def is_ready(host: str, port: int) -> bool:
    """Whether a listener answers /readyz with 200."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def banner(config: Config, seconds: float | None, editor: tuple[str, str] | None) -> str:
    """What a person needs to know now."""
    lines = [] if seconds is None else [f"newsapp is ready after {seconds:.1f} s."]
    lines += ["", f"  Site   {config['SITE_URL']}/", f"  Desk   {config['DESK_URL']}/"]
    if editor:
        lines += ["", f"  Sign in at the desk as {editor[0]} with the password {editor[1]}"]
        lines += ["  It is shown this once and kept nowhere; change it at the desk."]
    lines += ["", f"  Logs are in {config['NEWSAPP_HOME']}/log. Ctrl-C stops everything.", ""]
    return "\n".join(lines)
