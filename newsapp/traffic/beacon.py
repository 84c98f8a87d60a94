"""The beacon: where pages say that they were on screen. Answers below Flask's routing.

It refuses at the door what did not come from our page (`malformed`, `forged`, `foreign`, `flood`);
all else it notes as one event, with the reason against counting it that only the web process can see.
204 means: it is in the inbox, or in the spill.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import redis
import structlog

from newsapp.config import Config
from newsapp.delivery.entry import our_hosts
from newsapp.delivery.headers import Environ, StartResponse
from newsapp.delivery.memory import Memory
from newsapp.news import dates
from newsapp.ops.metrics import REFUSED
from newsapp.traffic import events
from newsapp.traffic.bots import is_bot
from newsapp.traffic.events import COUNTED, LATEST, NAVIGATIONS, REFERRERS, code
from newsapp.traffic.flood import Flood
from newsapp.traffic.inbox import Inbox, Outcome
from newsapp.traffic.installation import is_another_one
from newsapp.traffic.spill import Spill
from newsapp.traffic.tokens import is_ours, key_of
from newsapp.traffic.visitors import Salts, client_address, identify, subscriber_of

log = structlog.get_logger()

STATUS = {"malformed": "400 Bad Request", "forged": "403 Forbidden", "foreign": "403 Forbidden", "flood": "429 Too Many Requests"}
PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
HEADERS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
LONGEST = 200  # characters of a query that our pages could send


class Refused(Exception):
    """Not received; the argument is the reason."""


class Report(NamedTuple):
    """What a beacon says."""

    article: int
    hour: int
    token: str
    navigation: str
    referrer: str
    driven: bool
    late: int  # seconds since it was first sent
    pixel: bool


class Beacon:
    """The WSGI callable of /beacon and /beacon.gif."""

    def __init__(self, config: Config, memory: Memory) -> None:
        self.memory = memory
        self.trusted = config["TRUSTED_PROXIES"]
        self.hosts = our_hosts(config)
        self.keys = tuple(key_of(secret) for secret in (config["SECRET_KEY"], config["SECRET_KEY_PREVIOUS"]) if secret)
        self.inbox, self.spill, self.flood = Inbox(config), Spill(config), Flood()
        self.salts = Salts(dates.zone("UTC"))
        memory.each_second += [self.inbox.check, self.keep_to_our_own, self.fetch_salts]
        memory.always.append(self.spill.sync)

    def keep_to_our_own(self, connection: redis.Redis) -> None:
        """Send nothing into the inbox of another installation, such as production's from a copy of it."""
        with self.memory.app.app_context():
            foreign = is_another_one(connection)
        self.inbox.ours = not foreign
        if foreign:
            log.error("this Redis belongs to another installation; events go to the spill until REDIS_URL is right")

    def fetch_salts(self, connection: redis.Redis) -> None:
        self.salts.zone = dates.zone(self.memory.read("settings")["values"].get("site", {}).get("time_zone", "UTC"))
        self.salts.fetch(connection)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        pixel = environ["PATH_INFO"].endswith(".gif")
        try:
            stored = self.receive(environ, read(environ, pixel), time.time())
        except Refused as refused:
            reason = str(refused)
            REFUSED.labels(reason).inc()
            return answer(STATUS[reason], reason.encode(), start_response)
        if not stored:
            return answer("503 Service Unavailable", b"try once more", start_response)
        if pixel:
            start_response("200 OK", [*HEADERS, ("Content-Type", "image/gif"), ("Content-Length", str(len(PIXEL)))])
            return [PIXEL]
        start_response("204 No Content", HEADERS)
        return []

    def receive(self, environ: Environ, report: Report, at: float) -> bool:
        """Let it in and note it. False when nobody can say whether it is stored. Raises Refused."""
        if not is_ours(self.keys, report.article, report.hour, report.token, int(at)):
            raise Refused("forged")
        if is_foreign(environ, self.hosts):
            raise Refused("foreign")
        address = client_address(environ, self.trusted)
        if not self.flood.allows(subscriber_of(address), report.article, at):
            raise Refused("flood")
        agent, language = environ.get("HTTP_USER_AGENT", ""), environ.get("HTTP_ACCEPT_LANGUAGE", "")
        who = identify(address, agent, language, self.salts.current(at))
        flags = events.flags(report.navigation, report.referrer, report.pixel)
        packed = events.pack(reason_against(environ, agent, report), flags, report.article, who.visitor, who.network, report.late)
        return self.store(who.visitor, packed, at)

    def store(self, visitor: int, packed: bytes, at: float) -> bool:
        outcome = self.inbox.add(visitor, packed)
        if outcome is Outcome.NOT_SENT:
            return self.spill.append(packed, int(at))
        return outcome is Outcome.STORED


def read(environ: Environ, pixel: bool) -> Report:
    """The beacon's query, all of it understood. Raises Refused."""
    query = environ.get("QUERY_STRING", "")
    try:
        if len(query) > LONGEST or (environ["REQUEST_METHOD"] == "POST") is pixel:
            raise ValueError
        given = dict(parse_qsl(query, strict_parsing=True, max_num_fields=8))
        report = Report(
            int(given.pop("a")), int(given.pop("h")), given.pop("t"), given.pop("n", "navigate"), given.pop("r", "unknown"),
            given.pop("w", "0") == "1", int(given.pop("d", "0")), pixel,
        )  # fmt: skip
        known = report.navigation in NAVIGATIONS and report.referrer in REFERRERS and not given
        if not known or not 0 < report.article < 1 << 32 or not 0 <= report.late <= LATEST:
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
    if is_bot(agent):
        return code("bot")
    if report.driven:
        return code("headless")
    if "staff=1" in environ.get("HTTP_COOKIE", ""):
        return code("staff")
    return COUNTED


def answer(status: str, body: bytes, start_response: StartResponse) -> Iterable[bytes]:
    start_response(status, [*HEADERS, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
