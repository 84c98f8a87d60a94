"""Templates, compiled once for a home: a page that is the first of its process takes no longer than others."""

from __future__ import annotations

import contextlib
from pathlib import Path
from pickle import UnpicklingError

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

from newsapp.config import Config

ROLES = ("site", "desk")  # a command may be given by another user, whose files these could not renew


def compiled_for(config: Config, role: str) -> Compiled | None:
    """Where an application of this role keeps its compiled templates: each role its own, since filters differ. None: nowhere."""
    return Compiled(config["NEWSAPP_HOME"] / "run" / "templates", role) if role in ROLES else None


class Compiled(FileSystemBytecodeCache):
    """Jinja's own files in a folder of the home; it compares source and versions. Where they cannot be read or written, pages are none the worse."""

    def __init__(self, folder: Path, role: str) -> None:
        super().__init__(str(folder), f"{role}-%s")

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, UnpicklingError):  # half a file is what a power cut may leave
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)
