"""The garbage collector and what a process holds for good: modules, routes, mappings, 300,000 objects that are never garbage."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def held_for_good() -> Iterator[None]:
    """For a start: what is made meanwhile is never searched for garbage. It was an eighth of the start, and then a pause now and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
