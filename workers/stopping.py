"""Set when this process was asked to stop: long jobs look at it between two steps."""

from __future__ import annotations

import threading

STOPPING = threading.Event()
