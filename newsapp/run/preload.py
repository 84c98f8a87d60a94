"""Parts as forks of a process that has imported all of them: there within half a second instead of two, and the memory of it is shared.

On Linux alone: on macOS a fork that goes on without a new program may crash in the system's own libraries.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import runpy
import signal
import sys
import threading
import traceback
from multiprocessing import util

from newsapp.config import Config
from newsapp.garbage import held_for_good

KEPT: set[int] = set()  # descriptors of files that imported modules hold open: a fork must have them, or close others by their numbers
ROLES = ("site", "desk", "work")
MODULES = ("granian.cli", "granian.server", "uvloop", "workers.jobs", "workers.ticker")

os.environ.setdefault("SPT_NOENV", "1")  # setproctitle then leaves a process's environment readable in /proc

from setproctitle import getproctitle, setproctitle  # noqa: E402

getproctitle()  # finds the title's place by the environment as it is now


def is_possible() -> bool:
    return sys.platform == "linux"


def import_all(config: Config) -> None:
    """Import what every part runs. Opens no connection and starts no thread, so that all can be forked from here.

    An application of each role is made and thrown away: what one imports is known to it alone.
    """
    setproctitle("newsapp up")
    multiprocessing.set_start_method("fork", force=True)  # granian's own children, too
    before = open_files()
    with held_for_good():
        import app
        from newsapp import create_app

        app.share_counters(config)
        for module in MODULES:
            importlib.import_module(module)
        for role in ROLES:
            create_app(config, role)
        app.read_suffixes()
    KEPT.update(open_files() - before)


def open_files() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}


def is_ours(argv: list[str]) -> bool:
    """Whether this command runs one of the modules that are imported here."""
    return argv[:2] == [sys.executable, "-m"]


def run(name: str, argv: list[str]) -> None:
    """Be the part, in this process, which was forked a moment ago. Never returns; prints and exits as the interpreter would."""
    setproctitle(f"newsapp: {name}")
    module, sys.argv = argv[2], argv[2:]
    status = 1
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        leave(status)


def leave(status: int) -> None:
    """End as a program does, but for what the parent has open: closing its files here would close ours that have their numbers."""
    threading._shutdown()  # type: ignore[attr-defined]
    util._exit_function()  # type: ignore[attr-defined]
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def forget_signals() -> None:
    """As a program begins: nothing of the supervisor's is handled here."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
