"""What must hold before anything is started; each failure is one sentence that says what to do."""

from __future__ import annotations

import os
import socket
import stat
import sys
import tempfile
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from newsapp.config import CONFIG, SOCKET_PATH_LIMIT, Config
from newsapp.run.parts import is_embedded, socket_path
from newsapp.run.terminal import Refusal

LEAST_PYTHON = (3, 11)
LISTENERS = {"PORT": "the site", "DESK_PORT": "the desk"}
FOLDERS = ("run", "log", "valkey")


def check_python() -> None:
    if sys.version_info < LEAST_PYTHON:
        raise Refusal(f"Python {'.'.join(map(str, LEAST_PYTHON))} or newer is needed; this is {sys.version.split()[0]}.")


def home_of(environ: Mapping[str, str]) -> Path:
    """NEWSAPP_HOME alone; the whole configuration cannot be loaded before the home can be written."""
    variable = next(variable for variable in CONFIG if variable.name == "NEWSAPP_HOME")
    return Path(variable.value(environ, {}))


def check_home(home: Path) -> None:
    """Make the home and its folders, closed to other users."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in FOLDERS:
            (home / name).mkdir(mode=0o700, exist_ok=True)
            tempfile.TemporaryFile(dir=home / name).close()
    except OSError as error:
        raise Refusal(f"{home} cannot be written ({error.strerror}); set NEWSAPP_HOME to a folder of yours.") from error


def check_socket(config: Config) -> None:
    """The folder of Valkey's socket is ours alone and its path not longer than the kernel takes."""
    if not is_embedded(config):
        return
    path = socket_path(config)
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
        raise Refusal(f"the socket path {path} is longer than {SOCKET_PATH_LIMIT} bytes; set NEWSAPP_HOME or TMPDIR to a shorter path.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.parent.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o022:
        raise Refusal(f"{path.parent} may be written by others; remove it, or make it yours alone (chmod 700).")


def check_ports(config: Config) -> None:
    for one, other in combinations(LISTENERS, 2):
        if config[one] == config[other]:
            raise Refusal(f"{one} and {other} are both {config[one]}; {LISTENERS[one]} and {LISTENERS[other]} need one each.")
    for variable, what in LISTENERS.items():
        try:
            bind(config["HOST"], config[variable])
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise Refusal(f"{what} cannot listen on {config['HOST']}:{config[variable]} ({reason}); set {variable} to a free port.") from error


def bind(host: str, port: int) -> None:
    """Listen for a moment. Raises OSError when somebody else does."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the last run may linger
        listener.bind(address)
        listener.listen(1)
