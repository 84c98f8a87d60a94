"""TROUBLES: what is done to a counting newsapp, how often, and which events may be lost by it."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.appendonly import cut_tail, entries_of
from bench.parts import Part, Valkey, no_clock_of_python, no_clock_of_valkey, no_mounts
from newsapp.redis import RedisError
from newsapp.traffic.inbox import id_parts, stream_key
from newsapp.traffic.rollback import stream_state

if TYPE_CHECKING:
    from bench.torture import Torture

Chance = random.Random
NOTHING = "nothing"
PAGE = 4096  # bytes of a small disk's block
LARGEST_CUT = 100_000  # bytes: some two seconds of 500 readers
MOST_SHARDS = 8
TIME_TO_SYNC, TIME_TO_PROMOTE = 10.0, 30.0  # seconds


@dataclass(frozen=True)
class Trouble:
    """One sort of trouble.

    `every` is the mean of seconds between two. Troubles with the same `victim` wait for each other.
    `edge`: at its begin and end a repeat may count as a view. `needs` says why it cannot run here.
    """

    name: str
    every: float
    act: Callable[[Torture, Chance], bool]  # False: not possible at this moment
    loses: str
    victim: str = ""
    edge: bool = False
    database: str = ""  # the only one that it is for
    needs: Callable[[], str] = lambda: ""

    def not_here(self, database: str) -> str:
        """Why it cannot run on this machine with this database; empty when it can."""
        return f"it is for {self.database}" if self.database not in ("", database) else self.needs()


def kill_web(torture: Torture, chance: Chance) -> bool:
    """A web process, or now and then the server above them."""
    part = torture.one("web")
    pids = part.pids()
    if pids:
        part.kill(pids[0] if chance.random() < 0.25 else chance.choice(pids))
    return bool(pids)


def kill_worker(torture: Torture, chance: Chance) -> bool:
    part = chance.choice(torture.all("worker"))
    pids = part.pids()
    if pids:
        part.kill(pids[0])
    return bool(pids)


def kill_tickers(torture: Torture, chance: Chance) -> bool:
    """Every process that carries a ticker, at once: it is a thread of each worker, and cannot be killed alone."""
    pids = [(part, pid) for part in torture.all("worker") for pid in part.pids()]
    for part, pid in pids:
        part.kill(pid)
    return bool(pids)


def kill_valkey(torture: Torture, chance: Chance) -> bool:
    with torture.primary.away():
        time.sleep(chance.uniform(0, 0.4))
    return True


def pause_valkey(torture: Torture, chance: Chance) -> bool:
    """Events that were sent to it meanwhile get no answer, and are stored once it goes on."""
    torture.primary.signal(signal.SIGSTOP)
    time.sleep(chance.uniform(0.1, 3))
    torture.primary.signal(signal.SIGCONT)
    return True


def kill_postgresql(torture: Torture, chance: Chance) -> bool:
    """The postmaster, or the process behind one connection, after whose death it ends all others."""
    part = torture.one("postgresql")
    pids = part.pids()
    if pids:
        part.kill(chance.choice((pids[0], chance.choice(pids))))
    return bool(pids)


def fill_spill(torture: Torture, chance: Chance) -> bool:
    """The spill's disk has room for a few records only, while Valkey is away."""
    with torture.disks["spill"].full(left=chance.choice((0, PAGE, 2 * PAGE))), torture.primary.away():
        time.sleep(chance.uniform(0.5, 2.5))
    return True


def fill_database(torture: Torture, chance: Chance) -> bool:
    with torture.disks["database"].full(left=chance.choice((0, PAGE, 64 * PAGE))):
        time.sleep(chance.uniform(1, 4))
    return True


def set_clock_of_valkey(torture: Torture, chance: Chance) -> bool:
    return set_clock(torture, "valkey", chance)


def set_clock_of_python(torture: Torture, chance: Chance) -> bool:
    return set_clock(torture, "python", chance)


def set_clock(torture: Torture, whose: str, chance: Chance) -> bool:
    """Whole minutes, so that slots end when they do by the true clock, by which pairs of beacons are judged."""
    torture.clocks[whose].set(60 * chance.randint(-3, 3))
    return True


def cut_append_only_file(torture: Torture, chance: Chance) -> bool:
    """A power cut: the file ends earlier than what was answered."""
    with torture.primary.away():
        cut = cut_tail(torture.primary.folder, chance.randint(1, LARGEST_CUT))
        torture.allow("valkey-cut", cut)
    return True


def fail_over(torture: Torture, chance: Chance) -> bool:
    """The primary dies and stays away until Sentinel has promoted the replica."""
    old, new = torture.primary, torture.replica
    if not wait_until(lambda: follows(new), TIME_TO_SYNC):
        return False
    with torture.sentinel.watchful(), torture.primary.away():
        time.sleep(0.5)  # what is on the wire arrives
        known = {stream_key(shard): stream_state(new.connection, stream_key(shard))[0] for shard in range(torture.shards)}
        torture.allow("failover", [entry for entry in entries_of(old.folder) if id_parts(entry.entry_id) > id_parts(known[entry.stream])])
        if not wait_until(lambda: torture.sentinel.primary_port() == new.port, TIME_TO_PROMOTE):
            raise TimeoutError("Sentinel has promoted nobody")
        torture.primary, torture.replica = new, old
        new.follow(None)
        old.follow(new)
    return True


def follows(valkey: Valkey) -> bool:
    """Whether a replica has all that its primary had a moment ago."""
    with contextlib.suppress(RedisError):
        state = valkey.connection.info("replication")
        return bool(state["role"] == "slave" and state["master_link_status"] == "up" and not state["master_sync_in_progress"])
    return False


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return met


def grow_shards(torture: Torture, chance: Chance) -> bool:
    """One more shard; web and workers learn of it one after another, in any order."""
    if torture.shards == MOST_SHARDS:
        return False
    torture.shards += 1
    parts: list[Part] = [*torture.all("web"), *torture.all("worker")]
    for part in chance.sample(parts, len(parts)):
        part.environ["SHARDS"] = str(torture.shards)
        for pid in part.pids():
            part.kill(pid)
        time.sleep(chance.uniform(0, 1))
    return True


AT_MOST_ONCE = "what was not answered is booked at most once"
TROUBLES = (
    Trouble("web", 16, kill_web, AT_MOST_ONCE, edge=True),
    Trouble("worker", 8, kill_worker, NOTHING),
    Trouble("ticker", 15, kill_tickers, NOTHING),
    Trouble("valkey", 8, kill_valkey, AT_MOST_ONCE, victim="valkey", edge=True),
    Trouble("valkey-pause", 10, pause_valkey, AT_MOST_ONCE, victim="valkey", edge=True),
    Trouble("valkey-cut", 13, cut_append_only_file, "what was cut off and not counted before", victim="valkey", edge=True),
    Trouble("valkey-clock", 12, set_clock_of_valkey, NOTHING, victim="valkey", edge=True, needs=no_clock_of_valkey),
    Trouble("clock", 13, set_clock_of_python, NOTHING, edge=True, needs=no_clock_of_python),
    Trouble("failover", 15, fail_over, "what the replica had not received and was not counted before", victim="valkey", edge=True),
    Trouble("postgresql", 11, kill_postgresql, NOTHING, victim="database", database="postgresql"),
    Trouble("spill-disk", 14, fill_spill, AT_MOST_ONCE, victim="valkey", edge=True, needs=no_mounts),
    Trouble("database-disk", 14, fill_database, NOTHING, victim="database", needs=no_mounts),
    Trouble("shards", 17, grow_shards, NOTHING, edge=True),
)
BY_NAME = {trouble.name: trouble for trouble in TROUBLES}
