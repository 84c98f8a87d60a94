"""Referring hosts: which site sent a reader, by its registrable domain, as a number that an event has room for."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any

import redis

from newsapp.database import write_unit
from newsapp.traffic.events import HOST_BITS
from newsapp.traffic.models import referrer_host
from newsapp.traffic.upserts import insert_or_ignore

KEY = "news:referrer-hosts"
HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")
MOST = 1000  # names that one process tells in a second: beyond, somebody invents them


@cache
def suffixes() -> Any:
    """The list of https://publicsuffix.org: where registrable domains begin. Read when first asked for: that takes a quarter of a second."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@lru_cache(maxsize=16384)
def domain_of(host: str) -> str:
    """The registrable domain of a host name; empty for what is no name."""
    if len(host) > 253 or not HOST_NAME.fullmatch(host):
        return ""
    return suffixes().privatesuffix(host) or host


@lru_cache(maxsize=16384)
def number_of(domain: str) -> int:
    """The domain's number, 1 and more; 0 for none."""
    digest = int.from_bytes(blake2b(domain.encode(), digest_size=4, person=b"referrer").digest(), "little")
    return digest % ((1 << HOST_BITS) - 1) + 1 if domain else 0


class Hosts:
    """Numbers for events, and the names behind them for who reads the figures. A name that is not told in time is a number without one."""

    def __init__(self) -> None:
        self.told: set[int] = set()
        self.fresh: dict[int, str] = {}

    def number(self, host: str) -> int:
        """The number of a host name as an event carries it."""
        domain = domain_of(host)
        number = number_of(domain)
        if number and number not in self.told and len(self.fresh) < MOST:
            self.fresh[number] = domain
        return number

    def tell(self, connection: redis.Redis) -> None:
        """Once a second, in the background: leave new names where a worker finds them."""
        fresh, self.fresh = self.fresh, {}
        if fresh:
            connection.hset(KEY, mapping={str(number): name for number, name in fresh.items()})
            self.told |= fresh.keys()


def keep_hosts(connection: redis.Redis) -> int:
    """Write the names that web processes told into the database. Returns how many."""
    found: dict[bytes, bytes] = connection.hgetall(KEY)  # type: ignore[assignment]
    rows = [{"host": int(number), "name": name.decode()} for number, name in sorted(found.items())]
    if rows:
        with write_unit() as sql:
            sql.execute(insert_or_ignore(sql, referrer_host), rows)
        connection.hdel(KEY, *found)
    return len(rows)
