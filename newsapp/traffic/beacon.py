"""The beacon: where pages say that they were on screen. Answers below Flask's routing.

It refuses at the door what did not come from our page (`malformed`, `forged`, `foreign`, `flood`);
all else it notes as one event, with the reason against counting it that only the web process can see.
204 means: it is in the inbox, or in the spill. 503 means: it is in neither, or nobody can say.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import product
from typing import NamedTuple
from urllib.parse import urlsplit

import redis
import structlog

from newsapp.config import Config
from newsapp.delivery.entry import our_hosts
from newsapp.delivery.headers import Environ, StartResponse
from newsapp.delivery.memory import Memory
from newsapp.news import dates
from newsapp.traffic.answers import Refused, kept, refusal
from newsapp.traffic.bots import classify
from newsapp.traffic.events import (
    BY_AGENT,
    COPIES,
    COUNTED,
    ENGAGEMENT,
    LATEST,
    LONGEST_ENGAGED,
    NAVIGATIONS,
    PAGEVIEW,
    REFERRERS,
    SPILLING,
    STREAMS,
    Copied,
    Engagement,
    Kind,
    Pageview,
    code,
)
from newsapp.traffic.flood import Flood
from newsapp.traffic.groups import Groups
from newsapp.traffic.inbox import Inbox, Offer, stream_key
from newsapp.traffic.installation import is_another_one
from newsapp.traffic.lines import source_of
from newsapp.traffic.overload import Ladder
from newsapp.traffic.query import pairs
from newsapp.traffic.referrers import Hosts
from newsapp.traffic.rollback import mend_rollback
from newsapp.traffic.spill import Spill
from newsapp.traffic.tokens import is_ours, key_of
from newsapp.traffic.visitors import Salts, Visitor, client_address, identify, subscriber_of

log = structlog.get_logger()

PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
LONGEST = 450  # characters of a query that our pages could send, the longest host name included
SENT = {kind.name: kind for kind in (PAGEVIEW, ENGAGEMENT, *COPIES)}  # kinds that a page may tell of


class Report(NamedTuple):
    """What a beacon says."""

    article: int
    hour: int
    token: str
    kind: Kind
    driven: bool
    pixel: bool
    navigation: str
    referrer: str
    host: str  # the referrer's, for the class "other"
    late: int  # seconds since it was first sent
    seconds: int  # of engagement
    quarter: int
    ended: bool


class Beacon:
    """The WSGI callable of /beacon and /beacon.gif."""

    def __init__(self, config: Config, memory: Memory) -> None:
        self.memory = memory
        self.trusted = config["TRUSTED_PROXIES"]
        self.hosts = our_hosts(config)
        self.keys = tuple(key_of(secret) for secret in (config["SECRET_KEY"], config["SECRET_KEY_PREVIOUS"]) if secret)
        self.inbox, self.flood, self.referring = Inbox(config, self.mend), Flood(), Hosts()
        self.spills = {stream: Spill(config, stream) for stream in SPILLING}
        self.ladder = Ladder(config, self.inbox, self.spills)
        self.salts = Salts(dates.zone("UTC"))
        memory.each_second += [self.inbox.check, self.keep_to_our_own, self.fetch_salts, self.referring.tell]
        memory.always += [chore for spill in self.spills.values() for chore in (spill.sync, spill.measure)] + [self.ladder.look]

    def mend(self, connection: redis.Redis) -> None:
        """Let no event into a Redis that came back older: its ids could begin below the cursors, where no counter looks."""
        with self.memory.app.app_context():
            for stream, shard in product(STREAMS, range(self.inbox.shards)):
                mend_rollback(connection, source_of(shard, stream), stream_key(shard, stream))

    def keep_to_our_own(self, connection: redis.Redis) -> None:
        """Send nothing into the inbox of another installation, such as production's from a copy of it."""
        with self.memory.app.app_context():
            foreign = is_another_one(connection)
        self.inbox.ours = not foreign

    def fetch_salts(self, connection: redis.Redis) -> None:
        self.salts.zone = dates.zone(self.memory.read("settings")["values"].get("site", {}).get("time_zone", "UTC"))
        self.salts.fetch(connection)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            offer = self.judge(environ, time.time())
            answer = kept(self.ladder.store(offer), is_pixel(environ))
        except Refused as refused:
            answer = refusal(refused)
        start_response(answer.status, answer.headers)
        return [answer.body]

    async def answer(self, environ: Environ, groups: Groups) -> tuple[int, list[tuple[str, str]], bytes]:
        """The same in an event loop, where events that come at the same time share their write: status, headers, body."""
        try:
            offer = self.judge(environ, time.time())
        except Refused as refused:
            return refusal(refused).numbered
        outcome = await groups.add(offer.stream, offer.number, offer.packed)
        return kept(self.ladder.settle(offer, outcome), is_pixel(environ)).numbered

    def judge(self, environ: Environ, at: float) -> Offer:
        """Let it in, with the reason against counting it. Raises Refused."""
        report = read(environ, is_pixel(environ))
        if not is_ours(self.keys, report.article, report.hour, report.token, int(at)):
            raise Refused("forged")
        if is_foreign(environ, self.hosts):
            raise Refused("foreign")
        address = client_address(environ, self.trusted)
        if not self.flood.allows(subscriber_of(address), report.article, at):
            raise Refused("flood")
        agent, language = environ.get("HTTP_USER_AGENT", ""), environ.get("HTTP_ACCEPT_LANGUAGE", "")
        who = identify(address, agent, language, self.salts.current(at))
        packed = self.packed(report, who, reason_against(environ, agent, report))
        return Offer(report.kind.stream, who.network, packed, at)

    def packed(self, report: Report, who: Visitor, reason: int) -> bytes:
        if report.kind is ENGAGEMENT:
            return Engagement(report.article, *who, reason, report.seconds, report.quarter, report.ended).pack()
        if report.kind in COPIES:
            return Copied(report.article, *who, reason, report.kind).pack()
        host = self.referring.number(report.host)
        return Pageview(report.article, *who, reason, report.navigation, report.referrer, host, report.late, report.pixel).pack()


def is_pixel(environ: Environ) -> bool:
    return bool(environ["PATH_INFO"].endswith(".gif"))


def read(environ: Environ, pixel: bool) -> Report:
    """The beacon's query, all of it understood. Raises Refused."""
    query = environ.get("QUERY_STRING", "")
    try:
        if len(query) > LONGEST or (environ["REQUEST_METHOD"] == "POST") is pixel:
            raise ValueError
        given = pairs(query)
        report = Report(
            article=int(given.pop("a")), hour=int(given.pop("h")), token=given.pop("t"), kind=SENT[given.pop("k", PAGEVIEW.name)],
            driven=given.pop("w", "0") == "1", pixel=pixel, navigation=given.pop("n", "navigate"), referrer=given.pop("r", "unknown"),
            host=given.pop("f", ""), late=int(given.pop("d", "0")), seconds=int(given.pop("s", "0")), quarter=int(given.pop("q", "0")),
            ended=given.pop("e", "0") == "1",
        )  # fmt: skip
        known = report.navigation in NAVIGATIONS and report.referrer in REFERRERS and not given
        measured = 0 <= report.late <= LATEST and 0 <= report.seconds <= LONGEST_ENGAGED and 0 <= report.quarter <= 4
        if not (known and measured and 0 < report.article < 1 << 32):
            raise ValueError
    except (ValueError, KeyError):
        raise Refused("malformed") from None
    return report


def is_foreign(environ: Environ, hosts: frozenset[str]) -> bool:
    """Whether a page of another site sent it. Who says nothing of where it comes from, or comes from no page, is believed."""
    site = environ.get("HTTP_SEC_FETCH_SITE", "same-origin")
    origin = environ.get("HTTP_ORIGIN")
    return site not in ("same-origin", "none") or (origin is not None and urlsplit(origin).netloc.lower() not in hosts)


def reason_against(environ: Environ, agent: str, report: Report) -> int:
    """The first reason that the web process sees against counting it."""
    if any(environ.get(name) for name in PURPOSES):
        return code("prefetch")
    if kind := classify(agent):
        return BY_AGENT[kind].code
    if report.driven:
        return code("headless")
    if "staff=1" in environ.get("HTTP_COOKIE", ""):
        return code("staff")
    return COUNTED
