"""The processes of a `newsapp up`: which there are, how much memory each holds through its life, and killing one of them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import statistics
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from bench.parts import children
from tests.home import Home

EVERY = 2.0  # seconds between two looks at the memory
WARM = 90.0  # seconds at least until a process counts as warmed up
FLAT, SLACK = 1.10, 4 << 20  # a process may end at so many times what it held when warm, and so many bytes
CRASH_LOOP = 6.0  # seconds; a server whose worker dies twice within so many takes that for a fault of it, and ends
GRANIAN = ("site", "desk")  # the parts whose work is done by children of their process


@dataclass(frozen=True)
class Victim:
    """A sort of process that is killed, and what its death may do."""

    name: str
    part: str
    loses: str

    def pids(self, home: Home) -> list[int]:
        pid = home.pid(self.part)
        return (children(pid) if self.part in GRANIAN else [pid]) if pid else []


NOTHING = "nothing; another counts or does it"
VICTIMS = (
    Victim("site worker", "site", "the answers it was at; browsers ask again"),
    Victim("count worker", "count", NOTHING),
    Victim("desk worker", "work-desk", NOTHING),
    Victim("desk's web process", "desk", "the answers it was at"),
    Victim("Valkey", "valkey", "nothing; beacons spill, pages come from memory"),
)


NAMES = {victim.part: victim.name for victim in VICTIMS}


class Killer(threading.Thread):
    """Kills one process after another, of each sort about equally often, and two of a sort never before the first is back.

    `start`: the seconds that all takes to start here. Readers are promised answers while one of the site's workers is away.
    """

    def __init__(self, home: Home, every: float, seconds: float, start: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.home, self.every, self.seconds, self.chance = home, every, seconds, random.Random(seed)
        self.apart = max(CRASH_LOOP, start)
        self.over = threading.Event()
        self.kills: list[tuple[float, str]] = []

    def run(self) -> None:
        turns: list[Victim] = []
        end = time.monotonic() + self.seconds
        while not self.over.wait(self.every * self.chance.uniform(0.5, 1.5)) and time.monotonic() < end:
            turns = turns or self.chance.sample(VICTIMS, len(VICTIMS))
            victim = turns.pop()
            if not self.is_resting(victim) and (pids := victim.pids(self.home)):
                self.kill(self.chance.choice(pids), victim.name)

    def is_resting(self, victim: Victim) -> bool:
        return any(name == victim.name and time.time() - at < self.apart for at, name in self.kills)

    def kill(self, pid: int, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.kills.append((time.time(), name))
            os.kill(pid, signal.SIGKILL)

    def times(self) -> Counter[str]:
        return Counter(name for _, name in self.kills)

    def stop(self) -> None:
        self.over.set()
        self.join()


@dataclass(frozen=True)
class Growth:
    """How much a process held when it was warm, and at its end or the run's; bytes."""

    name: str
    warm: float
    end: float
    seconds: float

    @property
    def is_flat(self) -> bool:
        return self.end <= FLAT * self.warm + SLACK

    def __str__(self) -> str:
        return f"{self.name} {self.warm / 2**20:.1f} → {self.end / 2**20:.1f} MiB in {self.seconds:.0f} s"


class Memory(threading.Thread):
    """Looks at the memory of each process again and again. Who is killed begins anew: each life is judged by itself."""

    def __init__(self, home: Home, warm: float) -> None:
        super().__init__(daemon=True)
        self.home, self.warm = home, max(warm, WARM)
        self.over = threading.Event()
        self.lives: dict[tuple[str, int], list[tuple[float, int]]] = defaultdict(list)

    def run(self) -> None:
        while not self.over.wait(EVERY):
            for name, pid in self.processes():
                if held := resident(pid):
                    self.lives[name, pid].append((time.monotonic(), held))

    def processes(self) -> list[tuple[str, int]]:
        names = [path.stem for path in sorted((self.home.folder / "run").glob("*.pid"))]
        found = [(name, pid) for name in names if (pid := self.home.pid(name))]
        inner = [(NAMES[name], each) for name, pid in found if name in GRANIAN for each in children(pid)]
        return [(name if name in GRANIAN else NAMES.get(name, name), pid) for name, pid in found] + inner

    def growths(self) -> list[Growth]:
        """Of the lives that were long enough to be judged: what was held once warm, against the last tenth of what came after."""
        return [self.growth(name, life) for (name, _), life in self.lives.items() if life[-1][0] - life[0][0] >= 2 * self.warm]

    def growth(self, name: str, life: list[tuple[float, int]]) -> Growth:
        since = life[0][0] + self.warm
        after = [held for at, held in life if at >= since]
        part = max(1, len(after) // 10)
        return Growth(name, statistics.median(after[:part]), statistics.median(after[-part:]), life[-1][0] - since)

    def write(self, path: Path) -> None:
        """All that was seen, for whoever looks into growth: process, pid, second, bytes."""
        path.write_text("".join(f"{name},{pid},{at:.0f},{held}\n" for (name, pid), life in self.lives.items() for at, held in life))

    def stop(self) -> None:
        self.over.set()
        self.join()


def resident(pid: int) -> int:
    """Bytes of a process in memory; 0 when it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
