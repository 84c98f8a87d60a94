"""EVENTS and REASONS: what can happen on a page, why it may not count, and the 20 bytes that carry it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

VERSION = 1
SLOT = 30  # seconds; COUNTER Code of Practice 5.1, section 7: a second click within 30 s is one view
LATEST = 29  # seconds a beacon may be late (its one retry); at most one slot back, so that state stays small


@dataclass(frozen=True)
class Kind:
    """What can happen on a page. `views`: whether it counts as a view when no reason stands against it."""

    code: int
    name: str
    views: bool


EVENTS = (Kind(1, "pageview", True),)
PAGEVIEW = EVENTS[0]


@dataclass(frozen=True)
class Reason:
    """Why an event does not count. `found` is where: at the door, in the web process, or when counted."""

    code: int
    name: str
    found: str
    help: str


REASONS = (
    Reason(1, "prefetch", "web", "The browser fetched the page ahead of time and nobody had it on screen."),
    Reason(2, "bot", "web", "The user agent is a crawler's, by the list crawler-user-agents."),
    Reason(3, "headless", "web", "The browser says that a program drives it."),
    Reason(4, "staff", "web", "Somebody signed in at the desk."),
    Reason(5, "unknown_article", "count", "No such article is live any more."),
    Reason(6, "reload", "count", "The page was reloaded, or reached by Back or Forward."),
    Reason(7, "repeat", "count", "The same visitor opened the same article again within 30 seconds."),
    Reason(8, "unconfirmed", "count", "Without JavaScript nobody can tell that it was on screen."),
    Reason(10, "malformed", "count", "The stored event cannot be read; it is kept in a side file."),
    Reason(101, "malformed", "door", "The beacon is not of the form that our pages send."),
    Reason(102, "forged", "door", "Its token is missing or was not made by us."),
    Reason(103, "foreign", "door", "It comes from a page of another site."),
    Reason(104, "flood", "door", "Too many from one address, or from one address for one article."),
)
BY_CODE = {reason.code: reason for reason in REASONS}
BY_NAME = {(reason.found == "door", reason.name): reason for reason in REASONS}
COUNTED = 0


def code(name: str, door: bool = False) -> int:
    """The number that stands for a reason in events and tables."""
    return BY_NAME[door, name].code


# Flags of an event: two bits of navigation, three of referrer class, one for the pixel.
NAVIGATIONS = ("navigate", "reload", "back_forward", "prerender")
REFERRERS = ("unknown", "direct", "internal", "search", "social", "other")
PIXEL = 1 << 7


class Event(NamedTuple):
    """One event. `value` is, for a pageview, how many seconds before its storing it happened."""

    head: int  # version in the high 4 bits, kind in the low
    reason: int
    flags: int
    article: int
    visitor: int
    network: int
    value: int


RECORD = struct.Struct("<BBHIQHH")
SPILLED = struct.Struct("<BBHIQHHII")  # and the time in seconds since 1970, and a CRC of what stands before it
HEAD = VERSION << 4 | PAGEVIEW.code


def flags(navigation: str, referrer: str, pixel: bool) -> int:
    return NAVIGATIONS.index(navigation) | REFERRERS.index(referrer) << 2 | (PIXEL if pixel else 0)


def navigation_of(event_flags: int) -> str:
    return NAVIGATIONS[event_flags & 3]


def pack(reason: int, event_flags: int, article: int, visitor: int, network: int, value: int) -> bytes:
    """A pageview as its 20 bytes."""
    return RECORD.pack(HEAD, reason, event_flags, article, visitor, network, value)


def unpack(packed: bytes) -> list[Event]:
    """The events of a stream entry's field. Raises ValueError when they are not ours."""
    if not packed or len(packed) % RECORD.size:
        raise ValueError(f"{len(packed)} bytes are not whole events of {RECORD.size}")
    events = [Event(*fields) for fields in RECORD.iter_unpack(packed)]
    if any(event.head != HEAD for event in events):
        raise ValueError("an event of another version or kind")
    return events


def pack_spilled(packed: bytes, at: int) -> bytes:
    """An event as a spill file keeps it: with its time in seconds and a checksum."""
    timed = packed + struct.pack("<I", at)
    return timed + struct.pack("<I", zlib.crc32(timed))


def unpack_spilled(record: bytes) -> tuple[Event, int] | None:
    """(event, seconds since 1970); None when the record was torn."""
    timed, crc = record[:-4], struct.unpack("<I", record[-4:])[0]
    if zlib.crc32(timed) != crc:
        return None
    return Event(*RECORD.unpack(timed[: RECORD.size])), struct.unpack("<I", timed[-4:])[0]
