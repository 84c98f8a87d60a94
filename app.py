"""The WSGI entries: `app:site` for readers, `app:desk` for editors and operators.

Each is made when a server asks for it, so that a web process holds only the one it serves.
"""

from __future__ import annotations

from typing import Any

from newsapp import create_app


def __getattr__(name: str) -> Any:
    if name not in ("site", "desk"):
        raise AttributeError(name)
    entry = create_app(role=name).extensions["entry"]
    if name == "site":
        entry.start()
    return entry
