"""Starting the Valkey that newsapp brings along, with our own configuration."""

from __future__ import annotations

import os
from pathlib import Path

from newsapp.config import SOCKET_PATH_LIMIT
from newsapp.redis import find_server


def chosen_server(folder: Path) -> str:
    """The server that this folder's data was written with, else the one found now.

    Valkey and Redis do not read each other's newer files, so a server that is installed later must
    not take over. Remove the file `server` in the folder to choose anew. Raises FileNotFoundError.
    """
    note = folder / "server"
    kept = note.read_text().strip() if note.exists() else ""
    if kept and os.access(kept, os.X_OK):
        return kept
    found = find_server()
    note.write_text(found)
    return found


def valkey_arguments(binary: str, folder: Path, socket: Path, *, memory: int) -> list[str]:
    """The command line of an inbox that loses nothing on kill -9 or a power cut: a file synced before each answer, no eviction, a private socket.

    Raises ValueError when the socket's path is too long for the kernel.
    """
    if len(str(socket).encode()) > SOCKET_PATH_LIMIT:
        raise ValueError(f"the socket path {socket} is longer than {SOCKET_PATH_LIMIT} bytes; choose a shorter NEWSAPP_HOME")
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "always",  # everysec answers while a slow sync goes on, and a kill takes those answers along
        "aof-use-rdb-preamble": "yes",
        "save": "",
        "maxmemory": str(memory),
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]
