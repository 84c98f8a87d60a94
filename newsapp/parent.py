"""Leaving with one's parent: a server killed with SIGKILL must not leave processes that hold its port."""

from __future__ import annotations

import os
import signal
import threading
import time

LOOK_EVERY = 1.0  # seconds
TIME_TO_LEAVE = 3.0


def leave_with_parent() -> None:
    """End this process, in a thread of its own, once the process that started it is gone."""
    threading.Thread(target=watch, args=(os.getppid(),), name="parent", daemon=True).start()


def watch(parent: int) -> None:
    while not is_orphan(parent):
        time.sleep(LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(TIME_TO_LEAVE)
    os._exit(1)


def is_orphan(parent: int) -> bool:
    """Whether the parent is another one by now, or was gone before anybody looked.

    Process 1 adopts orphans; it is a real parent only where it leads our group, as in a container.
    """
    return os.getppid() != parent or (parent == 1 and os.getpgrp() != 1)
