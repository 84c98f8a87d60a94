"""PARTS: the processes that make up a running newsapp, in the order in which they stop."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from newsapp import ROOT
from newsapp.config import Config, embedded_socket
from newsapp.servers import chosen_server, valkey_arguments

LAUNCHER = Path(__file__).with_name("part.py")
STOP_ORDER = ("web", "workers", "store")  # who answers people goes first, what keeps the events last


@dataclass(frozen=True)
class Part:
    """One sort of process.

    `stop_seconds` is how long it may take to finish what it is at.
    """

    name: str
    group: str
    argv: Callable[[Config], list[str]]
    stop_seconds: int
    help: str
    copies: Callable[[Config], int] = lambda config: 1


@dataclass(frozen=True)
class Process:
    """One process to run: `site`, or `count-2`."""

    name: str
    part: Part
    argv: list[str]


def is_embedded(config: Config) -> bool:
    """Whether Valkey is ours to start."""
    return bool(config["REDIS_URL"] == embedded_socket(config))


def socket_path(config: Config) -> Path:
    return Path(config["REDIS_URL"].removeprefix("unix://"))


def valkey(config: Config) -> list[str]:
    folder = config["NEWSAPP_HOME"] / "valkey"
    return valkey_arguments(chosen_server(folder), folder, socket_path(config), memory=config["REDIS_MEMORY"])


LOOP = {"loop": "uvloop", "runtime-mode": "st"}  # of RSGI: a third more requests than with the ones that granian would choose


def web(entry: str, config: Config, *, port: int, workers: int, threads: int, interface: str = "wsgi") -> list[str]:
    """Granian's command line. Header and stop timeouts keep a slow client from holding a worker."""
    options = {
        "interface": interface,
        "http": "1",
        "host": config["HOST"],
        "port": port,
        "workers": workers,
        "blocking-threads": threads,
        "backlog": 2048,
        "http1-header-read-timeout": 10_000,
        "workers-kill-timeout": 4,
        "respawn-interval": 0.5,
        "log-level": "warning",
        "working-dir": ROOT,
        "process-name": f"newsapp: {entry}",
        **(LOOP if interface == "rsgi" else {}),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "granian", *words, "--no-ws", "--no-access-log", "--respawn-failed-workers", f"app:{entry}"]


def site(config: Config) -> list[str]:
    """Its threads are its own, beside an event loop; SITE_THREADS says how many."""
    return web("site", config, port=config["PORT"], workers=config["SITE_WORKERS"], threads=1, interface="rsgi")


def desk(config: Config) -> list[str]:
    """Its threads are its own too: DESK_THREADS says how many."""
    return web("desk", config, port=config["DESK_PORT"], workers=1, threads=1, interface="rsgi")


def worker(queue: str) -> Callable[[Config], list[str]]:
    return lambda config: [sys.executable, "-m", "workers", queue]


PARTS = (
    Part("site", "web", site, 8, "Serves readers: pages, feeds, beacons, pictures."),
    Part("desk", "web", desk, 8, "Serves editors and operators."),
    Part("count", "workers", worker("count"), 8, "Moves events from the inbox to the tables.", copies=lambda config: int(config["COUNT_WORKERS"])),
    Part("work-desk", "workers", worker("desk"), 8, "Does what editors wait for."),
    Part("work-slow", "workers", worker("slow"), 8, "Imports, pictures, nightly work."),
    Part("valkey", "store", valkey, 60, "Keeps the inbox, the jobs and the copies.", copies=lambda config: int(is_embedded(config))),
)


def processes(config: Config) -> list[Process]:
    """Every process that this configuration asks for."""
    found = []
    for part in PARTS:
        copies = part.copies(config)
        for number in range(1, copies + 1):
            name = part.name if copies == 1 else f"{part.name}-{number}"
            found.append(Process(name, part, part.argv(config)))
    return found


def launch(process: Process, run_folder: Path) -> list[str]:
    """The command line that starts the process under the lock of its pid file."""
    pid_file = run_folder / f"{process.name}.pid"
    return [sys.executable, "-S", "-E", str(LAUNCHER), str(pid_file), "--", *process.argv]
