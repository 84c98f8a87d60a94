"""What a fork must not cut through: a lock that another thread holds at that moment is held for ever in the child."""

from __future__ import annotations

import threading

STILL = threading.RLock()  # threads hold it while they are at something, and who forks while it does
