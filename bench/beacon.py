"""How fast the beacon is, against the same callable with only the write left out, and against the same with redis-py's XADD.

Each variant is a granian of the product's own command line, before one Valkey of the product's own
configuration. They are loaded in turn, round after round, on loopback, and a ratio is the median of
the rounds' ratios: a busy machine slows both of its sides. Every event that was answered must be in
the stream. Ends with 0 when all goals are met.

    python bench/beacon.py [--seconds 4] [--rounds 5] [--share 1.0]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.readers import load, requests  # noqa: E402
from newsapp import create_app  # noqa: E402
from newsapp.config import load_config  # noqa: E402
from newsapp.database import db  # noqa: E402
from newsapp.redis import RedisError, client, find_server  # noqa: E402
from newsapp.run.parts import web  # noqa: E402
from newsapp.servers import valkey_arguments  # noqa: E402
from newsapp.traffic.events import RECORD  # noqa: E402
from newsapp.traffic.groups import TOGETHER  # noqa: E402
from newsapp.traffic.inbox import FIELD, pages_of, stream_key  # noqa: E402

PORT = 8290
WAITING = 100_000  # events that Redis keeps while their bytes are measured


class Variant(NamedTuple):
    """What granian is asked to serve. `writes`: whether its events must be found in the stream."""

    name: str
    target: str
    interface: str
    writes: bool


class Goal(NamedTuple):
    """At least so much of another variant's rate."""

    variant: str
    baseline: str
    ratio: float


class Room(NamedTuple):
    """At most so many bytes of Redis for a waiting event, with that many in an entry."""

    together: int
    most: float


VARIANTS = (
    Variant("site", "app:site", "rsgi", True),
    Variant("site, no write", "bench.variants:unwritten", "rsgi", False),
    Variant("site, redis-py", "bench.variants:redis_py", "rsgi", True),
    Variant("WSGI, no write", "bench.variants:wsgi_unwritten", "wsgi", False),
    Variant("WSGI, redis-py", "bench.variants:wsgi_redis_py", "wsgi", True),
)
GOALS = (
    Goal("site", "site, no write", 0.60),
    Goal("site", "site, redis-py", 1.5),
    Goal("site", "WSGI, no write", 0.60),
    Goal("site", "WSGI, redis-py", 1.5),
)
ROOMS = (Room(1, 32), Room(TOGETHER, 25))


class Round(NamedTuple):
    """What one variant did in one round; processor times in seconds for each answer."""

    rate: float
    p99: float
    server: float
    valkey: float


@dataclass
class Served:
    """A variant's granian, and its rounds."""

    variant: Variant
    port: int
    process: subprocess.Popen[bytes]
    rounds: list[Round] = field(default_factory=list)

    def median(self, of: str) -> float:
        return statistics.median(getattr(each, of) for each in self.rounds)


def processor_seconds(pid: int) -> float:
    """Of a process and its children, in user and kernel mode."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    times = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[11:13] for each in (pid, *children)]
    return sum(int(user) + int(kernel) for user, kernel in times) / os.sysconf("SC_CLK_TCK")


class Bench:
    """One run in a home of its own."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        own = {"NEWSAPP_HOME": str(home), "PORT": str(port), "TRUSTED_PROXIES": "127.0.0.1/32", "LOG_LEVEL": "WARNING", "REDIS_MEMORY": "1gb"}
        self.environ = {**os.environ, **own, "PYTHONPATH": str(ROOT)}
        self.config = load_config(own)
        self.redis = client(self.config["REDIS_URL"], timeout=5)

    @contextlib.contextmanager
    def valkey(self):
        socket = Path(self.config["REDIS_URL"].removeprefix("unix://"))
        for folder in (socket.parent, self.home / "valkey"):
            folder.mkdir(parents=True, exist_ok=True)
        command = valkey_arguments(find_server(), self.home / "valkey", socket, memory=self.config["REDIS_MEMORY"])
        with running(command, self.environ) as self.store:
            wait_for(self.redis.ping)
            yield

    @contextlib.contextmanager
    def granians(self, variants: tuple[Variant, ...]):
        """All variants, each on a port of its own."""
        app = create_app(self.config)
        with app.app_context():
            db.create_all()
        with contextlib.ExitStack() as stack:
            served = []
            for port, variant in enumerate(variants, self.port):
                argv = web("site", self.config, port=port, workers=2, threads=4 if variant.interface == "wsgi" else 1, interface=variant.interface)
                served.append(Served(variant, port, stack.enter_context(running([*argv[:-1], variant.target], self.environ))))
            for each in served:
                wait_for(lambda each=each: is_up(each.port))
            time.sleep(1)  # the second worker of each
            yield served

    def round(self, served: Served, beacons: list[bytes], seconds: int) -> Round:
        server, valkey = processor_seconds(served.process.pid), processor_seconds(self.store.pid)
        told = load(served.port, beacons, self.home, seconds)
        server, valkey = processor_seconds(served.process.pid) - server, processor_seconds(self.store.pid) - valkey
        self.check(served.variant, told.answers, told.refused)
        return Round(told.answers / told.seconds, told.p99, server / told.answers, valkey / told.answers)

    def check(self, variant: Variant, answers: int, refused: int) -> None:
        """Every event that was answered stands in the stream."""
        stored = sum(len(fields[1]) // RECORD.size for page in pages_of(self.redis, stream_key(0), "-", "+") for _, fields in page)
        self.redis.delete(stream_key(0))
        if refused or (variant.writes and stored < answers):
            sys.exit(f"{variant.name}: {answers} answered, {refused} refused, {stored} stored")

    def bytes_of_waiting(self, together: int) -> float:
        pipeline = self.redis.pipeline(transaction=False)
        for _ in range(0, WAITING, together):
            pipeline.xadd(stream_key(0), {FIELD: os.urandom(RECORD.size * together)})
        pipeline.execute()
        used = self.redis.memory_usage(stream_key(0), samples=0)
        events = self.redis.xlen(stream_key(0)) * together
        self.redis.delete(stream_key(0))
        return used / events


@contextlib.contextmanager
def running(command: list[str], environ: dict[str, str]):
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def wait_for(condition) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError, RedisError):
            if condition():
                return
        time.sleep(0.1)
    raise TimeoutError("waited a minute in vain")


def is_up(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with contextlib.closing(connection):
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200


def show(served: list[Served]) -> None:
    print(f"{'':18}{'a second':>10}{'99 %, ms':>10}{'server, µs':>12}{'Valkey, µs':>12}")
    for each in served:
        times = f"{each.median('p99') * 1e3:10.1f}{each.median('server') * 1e6:12.1f}{each.median('valkey') * 1e6:12.1f}"
        print(f"{each.variant.name:18}{each.median('rate'):10.0f}{times}")


def judge(served: list[Served], goals: tuple[Goal, ...], share: float) -> list[str]:
    """Print every ratio. Returns the goals that were missed."""
    by_name = {each.variant.name: each for each in served}
    missed = []
    for goal in goals:
        mine, other = by_name[goal.variant], by_name[goal.baseline]
        ratio = statistics.median(one.rate / two.rate for one, two in zip(mine.rounds, other.rounds, strict=True))
        cpu = statistics.median(two.server / one.server for one, two in zip(mine.rounds, other.rounds, strict=True))
        text = f"{goal.variant} / {goal.baseline}: {ratio:.2f} of its rate, {cpu:.2f} by processor time; goal {goal.ratio:.2f}"
        print(text)
        missed += [text] if ratio < goal.ratio * share else []
    return missed


def judge_room(bench: Bench) -> list[str]:
    """Print what waiting events take. Returns the goals that were missed."""
    missed = []
    for room in ROOMS:
        used = bench.bytes_of_waiting(room.together)
        text = f"a waiting event, {room.together} in an entry: {used:.1f} bytes of Redis; goal {room.most:g}"
        print(text)
        missed += [text] if used > room.most else []
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--share", type=float, default=1.0, help="of the goals for rates that must be reached")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="newsapp-bench-"))
    try:
        missed = run(Bench(home, options.port), options)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("missed: " + "; ".join(missed) if missed else "all goals are met")
    sys.exit(bool(missed))


def run(bench: Bench, options: argparse.Namespace) -> list[str]:
    with bench.valkey(), bench.granians(VARIANTS) as served:
        beacons = requests(bench.config["SECRET_KEY"], f"localhost:{options.port}")
        for each in served:
            bench.round(each, beacons, 1)  # so that all caches are warm
        for _ in range(options.rounds):
            for each in served:
                each.rounds.append(bench.round(each, beacons, options.seconds))
        show(served)
        return judge(served, GOALS, options.share) + judge_room(bench)


if __name__ == "__main__":
    main()
