"""Who is the same reader, without knowing who: a keyed hash whose key is thrown away after two days."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from zoneinfo import ZoneInfo

import redis

from newsapp.config import Network
from newsapp.delivery.headers import Environ

TURN = timedelta(hours=4)  # the salt's day begins at 04:00 of the site
AHEAD = timedelta(hours=1)  # the next salt is fetched this long before
KEPT = 48 * 3600  # seconds a salt lives in Redis


class Visitor(NamedTuple):
    """Two hashes: of address, browser and language (64 bits), and of the network (16 bits)."""

    visitor: int
    network: int


class Salts:
    """The day's random key, the same in all processes. It lives in Redis only."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.by_day: dict[str, bytes] = {}
        self.own = os.urandom(16)  # until Redis gives one: repeats are then told within this process only

    def day(self, at: datetime) -> str:
        return day_of_minute(self.zone, int(at.timestamp()) // 60)

    def current(self, at: float) -> bytes:
        return self.by_day.get(day_of_minute(self.zone, int(at) // 60), self.own)

    def fetch(self, connection: redis.Redis) -> None:
        """Once a second, in the background: have today's salt, and an hour before its turn the next one's."""
        at = datetime.now(UTC)
        days = {self.day(at), self.day(at + AHEAD)}
        for day in days - self.by_day.keys():
            self.by_day[day] = salt_of_day(connection, day)
        for day in self.by_day.keys() - days:
            del self.by_day[day]


def salt_of_day(connection: redis.Redis, day: str) -> bytes:
    """A day's key as Redis has it; who asks first makes it."""
    key = f"news:salt:{day}"
    if not (salt := connection.get(key)):  # asked first: at maxmemory Redis refuses a SET that changes nothing
        connection.set(key, os.urandom(16), nx=True, ex=KEPT)
        salt = connection.get(key)
    return bytes(salt)  # type: ignore[arg-type]  # redis-py's types allow for its asyncio


@lru_cache(maxsize=16)
def day_of_minute(zone: ZoneInfo, minute: int) -> str:
    """The salt's day that a minute (since 1970) belongs to."""
    return (datetime.fromtimestamp(minute * 60, zone) - TURN).date().isoformat()


def client_address(environ: Environ, trusted: tuple[Network, ...]) -> str:
    """The reader's address: the nearest one that is not a proxy of ours. A header from anybody else is not believed."""
    address: str = environ.get("REMOTE_ADDR", "")
    if not trusted or not is_within(address, trusted):
        return address
    for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if not is_address(hop.strip()):
            break
        address = hop.strip()
        if not is_within(address, trusted):
            break
    return address


@lru_cache(maxsize=4096)
def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.version == 6 and parsed.ipv4_mapped:  # an IPv4 client of a listener on both
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks if network.version == parsed.version)


@lru_cache(maxsize=4096)
def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=16384)
def subscriber_of(address: str) -> str:
    """An IPv4 address itself; of an IPv6 one its /64, all of which one subscriber has."""
    if ":" not in address or not is_address(address):
        return address
    return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))


@lru_cache(maxsize=16384)
def network_of(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one."""
    if not is_address(address):
        return address
    bits = 24 if ipaddress.ip_address(address).version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def identify(address: str, agent: str, language: str, salt: bytes) -> Visitor:
    """The hashes of a reader for the salt's day."""
    visitor = blake2b(f"{address}|{agent}|{language}".encode(errors="replace"), key=salt, digest_size=8).digest()
    network = blake2b(network_of(address).encode(), key=salt, digest_size=2).digest()
    return Visitor(int.from_bytes(visitor, "little"), int.from_bytes(network, "little"))
