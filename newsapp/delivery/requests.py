"""A request as WSGI describes it, made of what RSGI says: the rules and the pages are written for it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from newsapp.delivery.headers import Environ

JOINTS = {"HTTP_COOKIE": ";"}  # between the values of a header that stands twice; elsewhere a comma
CONSTANT = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


def environ_of(scope: Any) -> Environ:
    """What can be known without Flask: method, path, query, address and headers."""
    headers = scope.headers
    given = headers.items()
    environ: Environ = {variable(name): value for name, value in given}
    if not len(given) == len(environ) == len(headers):
        environ = environ_of_all(given, headers)
    path = scope.path
    environ["REQUEST_METHOD"], environ["QUERY_STRING"] = scope.method, scope.query_string
    environ["PATH_INFO"] = path if path.isascii() else path.encode().decode("latin-1")  # as WSGI writes bytes
    environ["REMOTE_ADDR"] = scope.client.rpartition(":")[0].strip("[]")
    return environ


def environ_of_all(given: list[tuple[str, str]], names: Iterable[str]) -> Environ:
    """Of headers that stand twice, or have a value that is no text and so is not among those given."""
    environ: Environ = {}
    for name, value in given:
        known = variable(name)
        environ[known] = f"{environ[known]}{JOINTS.get(known, ',')}{value}" if known in environ else value
    return dict.fromkeys(map(variable, names), "") | environ


def whole_environ_of(scope: Any, environ: Environ) -> Environ:
    """The same with all that Flask wants to know. No body: those that have one are refused before."""
    host, _, port = scope.server.rpartition(":")
    server = {"SERVER_NAME": host.strip("[]"), "SERVER_PORT": port, "SERVER_PROTOCOL": f"HTTP/{scope.http_version}"}
    return CONSTANT | server | {"wsgi.url_scheme": scope.scheme, "wsgi.input": io.BytesIO()} | environ


@lru_cache(maxsize=1024)
def variable(name: str) -> str:
    """The name of a header in WSGI."""
    upper = name.upper().replace("-", "_")
    return upper if upper in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{upper}"
