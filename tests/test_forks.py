"""Forks of a worker: none while another thread of it is at something."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rq import Worker

from newsapp.forks import STILL
from tests.home import ROOT
from workers.__main__ import Forking

IS_WHOLE = "import newsapp; from newsapp.database import db; newsapp.create_app(role='{}'); print(db.Model.registry._new_mappers)"


@pytest.mark.parametrize("role", ["site", "desk", "work"])
def test_no_thread_has_mappings_left_to_make(role: str, tmp_path: Path) -> None:
    environment = {**os.environ, "NEWSAPP_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", IS_WHOLE.format(role)], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_job_is_forked_when_the_ticker_and_the_watcher_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    forked: list[float] = []
    monkeypatch.setattr(Worker, "fork_work_horse", lambda *_: forked.append(time.monotonic()))
    taken, leave = threading.Event(), threading.Event()

    def at_something() -> None:
        with STILL:
            taken.set()
            leave.wait(10)

    threads = [threading.Thread(target=at_something), threading.Thread(target=Forking.fork_work_horse, args=(object.__new__(Forking), None, None))]
    threads[0].start()
    taken.wait(10)
    threads[1].start()
    threads[1].join(0.2)
    assert forked == []
    leave.set()
    for thread in threads:
        thread.join(10)
    assert len(forked) == 1
