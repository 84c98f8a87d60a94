"""EVENTS and REASONS: what can happen on a page, why it may not count, and the 20 bytes that carry it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from newsapp.languages import N_

VERSION = 2
SLOT = 30  # seconds; COUNTER Code of Practice 5.1, section 7: a second click within 30 s is one view
LATEST = 29  # seconds a beacon may be late (its one retry); at most one slot back, so that state stays small

VIEWS, SIGNALS, INGEST = "views", "signals", "ingest"
STREAMS = (VIEWS, SIGNALS, INGEST)  # of each shard; apart, so that Redis's own counter proves views alone
SPILLING = (VIEWS, SIGNALS)  # whose events go to the spill while Redis is away; an app is told to send again


@dataclass(frozen=True)
class Kind:
    """What can happen on a page. `stream` is where it waits; a pageview counts as a view, the others in the ledger by their kind."""

    code: int
    name: str
    stream: str
    help: str


EVENTS = (
    Kind(1, "pageview", VIEWS, N_("An article was on screen for a second.")),
    Kind(2, "engagement", SIGNALS, N_("How long somebody was with an article and how far they came, told when they left.")),
    Kind(3, "crawl", SIGNALS, N_("A crawler fetched an article; its class is the reason.")),
    Kind(4, "copy", SIGNALS, N_("Somebody copied something of an article; never what, nor how much.")),
    Kind(5, "refused_copy", SIGNALS, N_("Somebody wanted to copy something of an article, and the paper does not allow it.")),
)
PAGEVIEW, ENGAGEMENT, CRAWL, COPY, REFUSED_COPY = EVENTS
COPIES = (COPY, REFUSED_COPY)
KIND_NAMES = {kind.name: kind for kind in EVENTS}


@dataclass(frozen=True)
class Reason:
    """Why an event does not count. `found` is where: at the door, in the web process, or when counted.

    Reasons of one name are one reason in figures; `agent` tells the classes of crawlers apart.
    """

    code: int
    name: str
    found: str
    help: str
    agent: str = ""


REASONS = (
    Reason(1, "prefetch", "web", N_("The browser fetched the page ahead of time and nobody had it on screen.")),
    Reason(2, "bot", "web", N_("The user agent is a crawler's.")),
    Reason(3, "headless", "web", N_("The browser says that a program drives it.")),
    Reason(4, "staff", "web", N_("Somebody signed in at the desk.")),
    Reason(5, "unknown_article", "count", N_("No such article is live any more.")),
    Reason(6, "reload", "count", N_("The page was reloaded, or reached by Back or Forward.")),
    Reason(7, "repeat", "count", N_("The same visitor opened the same article again within 30 seconds.")),
    Reason(8, "unconfirmed", "count", N_("Without JavaScript nobody can tell that it was on screen.")),
    Reason(9, "burst", "count", N_("Too many of one network for one article this hour; held until an editor releases them.")),
    Reason(10, "malformed", "count", N_("The stored event cannot be read; it is kept in a side file.")),
    Reason(11, "duplicate", "count", N_("An app sent the same event id before.")),
    Reason(20, "bot", "web", N_("A search engine's crawler."), "search"),
    Reason(21, "bot", "web", N_("A crawler that feeds a language model."), "ai"),
    Reason(22, "bot", "web", N_("A messenger or a social network that draws a preview."), "preview"),
    Reason(23, "bot", "web", N_("A monitor that looks whether the site is up."), "monitor"),
    Reason(24, "bot", "web", N_("A programming library."), "library"),
    Reason(25, "bot", "web", N_("Another program that a list names."), "listed"),
    Reason(26, "bot", "web", N_("No list knows the agent, but it does not look like a browser's; can be released."), "unknown"),
    Reason(101, "malformed", "door", N_("The beacon is not of the form that our pages send.")),
    Reason(102, "forged", "door", N_("Its token is missing or was not made by us.")),
    Reason(103, "foreign", "door", N_("It comes from a page of another site.")),
    Reason(104, "flood", "door", N_("Too many from one address, or from one address for one article.")),
)
BY_CODE = {reason.code: reason for reason in REASONS}
BY_NAME = {(reason.found == "door", reason.name): reason for reason in reversed(REASONS)}
BY_AGENT = {reason.agent: reason for reason in REASONS if reason.agent}
COUNTED = 0


def code(name: str, door: bool = False) -> int:
    """The number that stands for a reason in events and tables."""
    return BY_NAME[door, name].code


# Flags of a pageview: two bits of navigation, three of referrer class, one for the pixel, and above
# them the high bits of the referrer's host. Its value: five bits of lateness, and the host's low bits.
NAVIGATIONS = ("navigate", "reload", "back_forward", "prerender")
REFERRERS = ("unknown", "direct", "internal", "search", "social", "other", "article")
PIXEL = 1 << 5
HOST_IN_FLAGS, HOST_IN_VALUE = 6, 5  # where the host's bits begin
HOST_LOW_BITS = 11
HOST_BITS = 21  # of 300 referring sites, two share a number with a chance of 2 %; they then show as one
LATE_MASK = (1 << HOST_IN_VALUE) - 1
# Flags of an engagement: three bits of scroll quarter, one for the end. Its value: engaged seconds.
QUARTER_MASK, ENDED = 7, 1 << 3
LONGEST_ENGAGED = 3600  # seconds

FIELDS = np.dtype([("head", "u1"), ("reason", "u1"), ("flags", "<u2"), ("article", "<u4"), ("visitor", "<u8"), ("network", "<u2"), ("value", "<u2")])
RECORD = struct.Struct("<BBHIQHH")
SPILLED = struct.Struct("<BBHIQHHII")  # and the time in seconds since 1970, and a CRC of what stands before it
OLD_HEAD, OLD_PIXEL = 1 << 4 | PAGEVIEW.code, 1 << 7  # of version 1: pageviews without a host
HEADS = {VERSION << 4 | kind.code: kind for kind in EVENTS} | {OLD_HEAD: PAGEVIEW}

Events = np.ndarray[Any, Any]  # of FIELDS


class Pageview(NamedTuple):
    """What a page tells when it was on screen. `late`: seconds since it was first sent; `host`: the referrer's number."""

    article: int
    visitor: int
    network: int
    reason: int = COUNTED
    navigation: str = "navigate"
    referrer: str = "unknown"
    host: int = 0
    late: int = 0
    pixel: bool = False

    def pack(self) -> bytes:
        """Its 20 bytes."""
        flags = NAVIGATIONS.index(self.navigation) | REFERRERS.index(self.referrer) << 2 | (PIXEL if self.pixel else 0)
        flags |= self.host >> HOST_LOW_BITS << HOST_IN_FLAGS
        value = self.late | (self.host & ((1 << HOST_LOW_BITS) - 1)) << HOST_IN_VALUE
        return RECORD.pack(VERSION << 4 | PAGEVIEW.code, self.reason, flags, self.article, self.visitor, self.network, value)


class Engagement(NamedTuple):
    """What a page tells when it is left: seconds visible, focused and not idle; the furthest quarter; whether the end was read."""

    article: int
    visitor: int
    network: int
    reason: int
    seconds: int
    quarter: int
    ended: bool

    def pack(self) -> bytes:
        """Its 20 bytes."""
        flags = self.quarter | (ENDED if self.ended else 0)
        return RECORD.pack(VERSION << 4 | ENGAGEMENT.code, self.reason, flags, self.article, self.visitor, self.network, self.seconds)


class Copied(NamedTuple):
    """What a page tells when something of its story is copied, or was refused to be: that, and no more."""

    article: int
    visitor: int
    network: int
    reason: int
    kind: Kind = COPY

    def pack(self) -> bytes:
        """Its 20 bytes."""
        return RECORD.pack(VERSION << 4 | self.kind.code, self.reason, 0, self.article, self.visitor, self.network, 0)


def pack_crawl(article: int, reason: int) -> bytes:
    """A crawler's fetch as its 20 bytes; `reason` is the code of its class."""
    return RECORD.pack(VERSION << 4 | CRAWL.code, reason, 0, article, 0, 0, 0)


def unpack(packed: bytes) -> Events:
    """The events of a stream entry's field, those of version 1 as version 2. Raises ValueError when they are not ours."""
    if not packed or len(packed) % RECORD.size:
        raise ValueError(f"{len(packed)} bytes are not whole events of {RECORD.size}")
    events = np.frombuffer(packed, FIELDS)
    if not np.isin(events["head"], list(HEADS)).all():
        raise ValueError("an event of another version or kind")
    return renewed(events)


def renewed(events: Events) -> Events:
    """Events of version 1 as version 2 writes them."""
    old = events["head"] == OLD_HEAD
    if not old.any():
        return events
    events = events.copy()
    flags = events["flags"][old]
    events["flags"][old] = (flags & 31) | np.where(flags & OLD_PIXEL, PIXEL, 0).astype("u2")
    events["head"][old] = VERSION << 4 | PAGEVIEW.code
    return events


def navigation_of(events: Events) -> Events:
    """The place of each pageview's navigation in NAVIGATIONS."""
    return events["flags"] & 3


def referrer_of(events: Events) -> Events:
    """The place of each pageview's referrer class in REFERRERS."""
    return events["flags"] >> 2 & 7


def host_of(events: Events) -> Events:
    """The number of each pageview's referring host; 0 for none."""
    return (events["flags"].astype("u4") >> HOST_IN_FLAGS << HOST_LOW_BITS) | (events["value"] >> HOST_IN_VALUE)


def late_by(events: Events) -> Events:
    """Seconds that each event happened before it was stored."""
    views = events["head"] & 15 == PAGEVIEW.code
    return np.where(views, events["value"] & LATE_MASK, 0).astype("i8")


def pack_spilled(packed: bytes, at: int) -> bytes:
    """An event as a spill file keeps it: with its time in seconds and a checksum."""
    timed = packed + struct.pack("<I", at)
    return timed + struct.pack("<I", zlib.crc32(timed))


def unpack_spilled(record: bytes) -> tuple[bytes, int] | None:
    """(the event's 20 bytes, seconds since 1970); None when the record was torn."""
    timed, crc = record[:-4], struct.unpack("<I", record[-4:])[0]
    if zlib.crc32(timed) != crc:
        return None
    return timed[: RECORD.size], struct.unpack("<I", timed[-4:])[0]
