"""A home folder and the `newsapp up` that runs on it, for tests that meet newsapp as its users do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import redis

from newsapp.run import herald, part
from tests.conftest import wait_for

ROOT = Path(__file__).resolve().parent.parent
PORT = 8130
UP = [sys.executable, "-m", "newsapp.cli", "up"]


class Home:
    """A home folder and the `newsapp up` that runs on it."""

    def __init__(self, folder: Path, **variables: Any) -> None:
        self.folder, self.said = folder, folder.with_name(f"{folder.name}.said")
        own = {"NEWSAPP_HOME": folder, "PORT": PORT, **variables}
        self.environment = {**os.environ, **{name: str(value) for name, value in own.items()}}
        self.process: subprocess.Popen[bytes] | None = None
        self.editor: tuple[str, str] | None = None

    def up(self) -> Home:
        """Start, and wait until all is ready; on a machine that is busy, beyond the minute after which the banner comes in any case."""
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(UP, cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            wait_for(lambda: "Ctrl-C stops" in self.text() or self.process.poll() is not None, 90, "the banner")
            assert self.process.poll() is None, self.text()
            wait_for(lambda: "is ready" in self.text() or self.is_ready(), 120, "site and desk to be ready")
        except BaseException:  # a test's time may be over, too: the next try needs the ports
            self.stop()
            raise
        return self

    def is_ready(self) -> bool:
        port = int(self.environment["PORT"])
        return herald.is_ready("127.0.0.1", port) and herald.is_ready("127.0.0.1", port + 1)

    def run(self, *command: str) -> str:
        """What a command says that is given on this home."""
        arguments = [sys.executable, "-m", "newsapp.cli", *command]
        done = subprocess.run(arguments, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def text(self) -> str:
        return self.said.read_text()

    def refused(self) -> str:
        """Start where it must not, and return what it says."""
        done = subprocess.run(UP, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def stop(self, ask: int = signal.SIGTERM) -> int:
        self.process.send_signal(ask)
        return self.process.wait(60)

    def pid_file(self, name: str) -> Path:
        return self.folder / "run" / f"{name}.pid"

    def pid(self, name: str) -> int | None:
        """The process number of a part that runs."""
        path = self.pid_file(name)
        return int(path.read_text() or 0) if path.exists() and part.is_held(path) else None

    def inbox(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.folder / "run" / "redis.sock"), socket_timeout=5)

    def left(self, forks: bool = True) -> list[str]:
        """All processes that were started for this home and are still there; without `forks`, those of a worker for a job are not told."""
        mark = f"NEWSAPP_HOME={self.folder}".encode()
        found = {pid: command_of(pid) for pid in os.listdir("/proc") if pid.isdigit() and mark in read(f"/proc/{pid}/environ")}
        return [line for pid, line in found.items() if line and (forks or line != found.get(parent_of(pid)))]


def read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def parent_of(pid: str) -> str:
    fields = read(f"/proc/{pid}/stat").decode().rpartition(")")[2].split()
    return fields[1] if len(fields) > 1 else ""


def command_of(pid: str) -> str:
    """What the process is; nothing for one that has ended."""
    return read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode()
