"""A home as a first start leaves it, made once in a run and copied for whoever wants a paper to work on: 15 seconds of a processor each.

What a first start does, tests/test_up.py sees on a home of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from tests.home import ROOT, Home

EDITOR = "editor.json"  # beside the home: the first editor's e-mail and password, told once


class Prepared:
    """The home to copy: its tables, its sample edition with pictures in every format, its first editor. It has met no Valkey yet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"

    def home_in(self, folder: Path, **variables: Any) -> Home:
        """A home of a test's own, whose `newsapp up` is not its first."""
        with self.folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the other processes of the run want it too
            if not (self.folder / EDITOR).exists():
                self.make()
        shutil.copytree(self.home, folder, dirs_exist_ok=True)
        home = Home(folder, **variables)
        home.editor = tuple(json.loads((self.folder / EDITOR).read_text()))
        return home

    def make(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)  # of a try that was ended in the middle
        self.home.mkdir(mode=0o700, parents=True)
        environment = {**os.environ, "NEWSAPP_HOME": str(self.home)}
        done = subprocess.run([sys.executable, "-m", "tests.prepared"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        (self.folder / EDITOR).write_text(done.stdout)


def prepare() -> None:
    """What `newsapp up` does to a new home before its parts start, and what they do in their first minutes."""
    from newsapp import create_app
    from newsapp.compiled import compiled_for
    from newsapp.config import load_config
    from newsapp.media.formats import bring_up_to_date
    from newsapp.run.first_start import prepare

    config = load_config()
    editor = prepare(config)
    with create_app(config).app_context():
        bring_up_to_date(seconds=40)  # what a busy machine leaves undone, the worker of each home does
    for role in ("site", "desk"):
        app = create_app(config, role)
        app.jinja_env.bytecode_cache = compiled_for(config, role)  # the tests' own apps keep theirs in memory
        for name in app.jinja_env.list_templates(extensions=["html", "xml", "txt"]):
            with contextlib.suppress(TemplateError):  # of a library that brings more than we install
                app.jinja_env.get_template(name)
    print(json.dumps(editor))


if __name__ == "__main__":
    prepare()
