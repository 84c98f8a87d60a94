"""What granian serves: `app:site` for readers, and `app:desk` for editors and operators, both over RSGI.

Each is made when a server asks for it, so that a web process holds only the one it serves.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask

from newsapp import create_app
from newsapp.config import Config, load_config
from newsapp.garbage import held_for_good
from newsapp.parent import leave_with_parent


def __getattr__(name: str) -> Any:
    if name not in ("site", "desk"):
        raise AttributeError(name)
    config = load_config()
    share_counters(config)
    with held_for_good():
        app = create_app(config, name)
        trace(app)
        if name == "site":
            read_suffixes()
    entry = app.extensions["entry"]
    leave_with_parent()
    if name == "desk":
        from newsapp.ops.watcher import Watcher

        app.extensions["periods"], app.extensions["queue_of"] = periods()
        Watcher(app).start()
        return receiving(entry, config)
    entry.start()
    return listening(entry, config)


def read_suffixes() -> None:
    """Now, so that no reader waits for it."""
    from newsapp.traffic.referrers import suffixes

    suffixes()


def trace(app: Flask) -> None:
    """Send traces and errors where the configuration wants it."""
    from newsapp.ops.tracing import begin

    begin(app)


def listening(site: Any, config: Config) -> Any:
    from newsapp.delivery.listener import Listener

    return Listener(site, config["SITE_THREADS"])


def receiving(desk: Any, config: Config) -> Any:
    from newsapp.desk.listener import Listener

    return Listener(desk, config["DESK_THREADS"], config["DESK_URL"])


def share_counters(config: Config) -> None:
    """Let every web process tell the counters of all; must be set before prometheus_client is imported."""
    folder = config["NEWSAPP_HOME"] / "run" / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(folder))


def periods() -> tuple[dict[str, int], dict[str, str]]:
    """Seconds between two turns of each scheduled job, so that the board can say which is late; and the queue of each."""
    from workers.schedule import SCHEDULE

    return {periodic.job: periodic.every for periodic in SCHEDULE}, {periodic.job: periodic.queue for periodic in SCHEDULE}
