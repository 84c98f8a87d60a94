"""Static files: read once, compressed once, served under an address that changes with their content."""

from __future__ import annotations

import mimetypes
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from newsapp.delivery.encodings import BY_NAME, LEAST_TO_COMPRESS, chosen
from newsapp.delivery.headers import Environ, StartResponse
from newsapp.settings import accent

PREFIX = "/static/"
IMMUTABLE = "public, max-age=31536000, immutable"
BRIEF = "public, max-age=60"  # an address of another release, asked for while this one is rolled out
COMMENT = re.compile(rb"^\s*//.*\n", re.MULTILINE)  # a line of a script that is nothing else
ACCENT = re.compile(r"accent/([0-9a-f]{6})\.css")
SAMPLE = "#b3261e"
COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")


@dataclass(eq=False)
class Asset:
    """One file, as is; compressed when first asked for so."""

    kind: str
    body: bytes
    is_compressible: bool
    packed: dict[str, bytes] = field(default_factory=dict)
    gate: threading.Lock = field(default_factory=threading.Lock)

    def encoded(self, name: str) -> bytes:
        """The file in an encoding; as it is where that would not be shorter."""
        found = self.packed.get(name)
        if found is not None:
            return found
        with self.gate:
            if name not in self.packed:
                packed = BY_NAME[name].thorough(self.body)
                self.packed[name] = packed if len(packed) < len(self.body) else self.body
        return self.packed[name]


class Assets:
    """All files of a folder. Their common digest is part of each address, so relative links between them hold."""

    def __init__(self, folder: Path) -> None:
        self.files = {str(path.relative_to(folder)): read(path) for path in sorted(folder.rglob("*")) if path.is_file()}
        digest = blake2b(digest_size=5)
        for name, file in self.files.items():
            digest.update(name.encode() + b"\0" + file.body)
        digest.update(accent.sheet(SAMPLE).encode())  # what is made here changes with how it is made, too
        self.digest = digest.hexdigest()

    def address(self, name: str) -> str:
        """The immutable address of a file. Raises KeyError when there is none, so that a template's slip shows."""
        if self.file(name) is None:
            raise KeyError(f"no file static/{name}")
        return f"{PREFIX}{self.digest}/{name}"

    def file(self, name: str) -> Asset | None:
        """A file of the folder, or the style sheet of an accent colour; None for what is neither."""
        colour = ACCENT.fullmatch(name)
        return self.files.get(name) or (accent_sheet(f"#{colour[1]}") if colour else None)

    def serve(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request below /static/."""
        answer = self.answer(environ, start_response, wait=True)
        assert answer is not None  # it waits
        return answer

    def serve_at_once(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """The same from what is compressed already; None when it has to be. An event loop asks."""
        return self.answer(environ, start_response, wait=False)

    def answer(self, environ: Environ, start_response: StartResponse, wait: bool) -> Iterable[bytes] | None:
        digest, _, name = environ["PATH_INFO"][len(PREFIX) :].partition("/")
        file = self.file(name)
        if file is None:
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "10")])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"Not found\n"]
        encoding = chosen(environ.get("HTTP_ACCEPT_ENCODING", "")) if file.is_compressible else ""
        if encoding and not wait and encoding not in file.packed:
            return None
        body = file.encoded(encoding) if encoding else file.body
        headers = [
            ("Content-Type", file.kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", IMMUTABLE if digest == self.digest else BRIEF),
            ("Vary", "Accept-Encoding"),
        ]
        if encoding and body is not file.body:
            headers.append(("Content-Encoding", encoding))
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


@lru_cache(maxsize=16)
def accent_sheet(colour: str) -> Asset | None:
    """The style sheet of an accent colour; None for one that cannot be read on our paper."""
    return None if accent.problem(colour) else Asset("text/css; charset=utf-8", accent.sheet(colour).encode(), is_compressible=True)


def read(path: Path) -> Asset:
    kind = {".woff2": "font/woff2", ".js": "text/javascript"}.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    body = path.read_bytes()
    if kind == "text/javascript":
        body = COMMENT.sub(b"", body)  # a quarter of what readers would load, for those who read the source
    compressible = kind.startswith(COMPRESSIBLE) and len(body) >= LEAST_TO_COMPRESS
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    return Asset(kind, body, compressible)
