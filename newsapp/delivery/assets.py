"""Static files: read once, compressed once, served under an address that changes with their content."""

from __future__ import annotations

import gzip
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from newsapp.delivery.headers import Environ, StartResponse
from newsapp.settings import accent

PREFIX = "/static/"
IMMUTABLE = "public, max-age=31536000, immutable"
BRIEF = "public, max-age=60"  # an address of another release, asked for while this one is rolled out
COMMENT = re.compile(rb"^\s*//.*\n", re.MULTILINE)  # a line of a script that is nothing else
ACCENT = re.compile(r"accent/([0-9a-f]{6})\.css")
SAMPLE = "#b3261e"
COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")


@dataclass(frozen=True)
class Asset:
    """One file, as is and compressed (None where compressing does not help)."""

    kind: str
    body: bytes
    gzipped: bytes | None


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
        digest, _, name = environ["PATH_INFO"][len(PREFIX) :].partition("/")
        file = self.file(name)
        if file is None:
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "10")])
            return [b"Not found\n"]
        gzipped = file.gzipped if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "") else None
        body = gzipped or file.body
        headers = [
            ("Content-Type", file.kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", IMMUTABLE if digest == self.digest else BRIEF),
            ("Vary", "Accept-Encoding"),
        ]
        if gzipped:
            headers.append(("Content-Encoding", "gzip"))
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


@lru_cache(maxsize=16)
def accent_sheet(colour: str) -> Asset | None:
    """The style sheet of an accent colour; None for one that cannot be read on our paper."""
    return None if accent.problem(colour) else Asset("text/css; charset=utf-8", accent.sheet(colour).encode(), None)


def read(path: Path) -> Asset:
    kind = {".woff2": "font/woff2", ".js": "text/javascript"}.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    body = path.read_bytes()
    if kind == "text/javascript":
        body = COMMENT.sub(b"", body)  # a quarter of what readers would load, for those who read the source
    gzipped = gzip.compress(body, 9, mtime=0) if kind.startswith(COMPRESSIBLE) else None
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    return Asset(kind, body, gzipped if gzipped and len(gzipped) < len(body) else None)
