"""CDNs: what a page tells the one in front of the paper, and how that one is told what has changed.

`changes.tell` leaves the names that a commit touched in Redis (`news:purge`), each with its moment.
A job takes those that every web process has heard of, and asks the CDN to forget what carries them.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

import redis
import structlog

from newsapp.changes import PURGE
from newsapp.config import Cdn, Config
from newsapp.delivery.headers import Headers
from newsapp.delivery.page import PageNote

log = structlog.get_logger()

HEARD = 1.0  # seconds after which every web process has dropped its own pages: earlier, the CDN would fetch the old one again
PATIENCE = 3.0  # seconds
RESTING, LONGEST_REST = "news:purge:rest", 60  # after a refusal: 2 s, 4 s, … 60 s
TRIES = "news:purge:tries"
MANY = 2000  # names at once; from here on the CDN is asked to forget everything
NAME = re.compile(r"[a-z_]+(:\d+)?")  # of what pages depend on; other names are of no page that a CDN keeps


class Request(NamedTuple):
    """One POST, or PURGE, to the CDN."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Service:
    """One sort of CDN: the header that carries a page's names, what stands between them, and how it is asked to forget some or all."""

    header: str
    between: str
    api: str
    forget: Callable[[str, str, list[str]], Request]  # (address of the API with the site's part, token, names); no names: everything
    most: int  # names in one request


def cloudflare(url: str, token: str, names: list[str]) -> Request:
    said = {"tags": names} if names else {"purge_everything": True}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return Request("POST", f"{url}/purge_cache", headers, json.dumps(said).encode())


def fastly(url: str, token: str, names: list[str]) -> Request:
    headers = {"Fastly-Key": token, "Accept": "application/json", **({"Surrogate-Key": " ".join(names)} if names else {})}
    return Request("POST", f"{url}/{'purge' if names else 'purge_all'}", headers)


def varnish(url: str, token: str, names: list[str]) -> Request:
    headers = {"xkey-purge": " ".join(names) if names else EVERY_PAGE, **({"Authorization": f"Bearer {token}"} if token else {})}
    return Request("PURGE", f"{url}/", headers)


EVERY_PAGE = "newsapp"  # a name that each page carries: Varnish forgets by names alone
SERVICES = {
    "cloudflare": Service("Cache-Tag", ",", "https://api.cloudflare.com/client/v4/zones/{site}", cloudflare, 30),
    "fastly": Service("Surrogate-Key", " ", "https://api.fastly.com/service/{site}", fastly, 256),
    "varnish": Service("xkey", " ", "{site}", varnish, 200),
}


class Refused(Exception):
    """The CDN did not do what it was asked for."""


class Edge:
    """What pages tell the CDN: how long it may keep them, and by which names it is told to forget them."""

    def __init__(self, cdn: Cdn, seconds: int) -> None:
        self.service, self.seconds = SERVICES[cdn.kind], seconds

    def headers(self, headers: Headers, note: PageNote, valid_until: float, at: float) -> Headers:
        """A page's headers, for the CDN too. It keeps none longer than the page is good."""
        seconds = int(min(self.seconds, max(0.0, min(valid_until, note.valid_until, note.ends) - at)))
        told = [(name, f"public, max-age=0, s-maxage={seconds}") if name == "Cache-Control" else (name, value) for name, value in headers]
        names = (EVERY_PAGE, *sorted(filter(NAME.fullmatch, note.depends)))
        return [*told, (self.service.header, self.service.between.join(names))]


def edge_of(config: Config) -> Edge | None:
    return Edge(config["CDN"], config["CDN_SECONDS"]) if config["CDN"] else None


def requests(config: Config, names: Iterable[str]) -> Iterator[Request]:
    """What to ask, so that the CDN forgets every page with one of these names."""
    cdn: Cdn = config["CDN"]
    service, wanted = SERVICES[cdn.kind], sorted(names)
    batches = [wanted[start : start + service.most] for start in range(0, len(wanted), service.most)] if len(wanted) < MANY else [[]]
    for site in cdn.sites:
        url = (config["CDN_API"] + "/{site}" if config["CDN_API"] else service.api).format(site=site)
        for batch in batches:
            yield service.forget(url, config["CDN_TOKEN"], batch)


def purge(connection: redis.Redis, config: Config, at: float) -> int:
    """Have the CDN forget what was changed. Returns how many names; when it refuses, they are kept for a later turn.

    Safe to run twice or at once: a name goes only if nobody has touched it again meanwhile.
    """
    if not config["CDN"] or connection.exists(RESTING):
        return 0
    due: list[tuple[bytes, float]] = connection.zrangebyscore(PURGE, "-inf", at - HEARD, withscores=True)  # type: ignore[assignment]
    if not due:
        return 0
    names = {name for name in (raw.decode() for raw, _ in due) if NAME.fullmatch(name)}
    try:
        for request in requests(config, names) if names else ():
            send(request)
    except (OSError, http.client.HTTPException, Refused) as error:
        rest(connection, error)
        return 0
    connection.delete(TRIES)
    connection.zremrangebyscore(PURGE, "-inf", max(score for _, score in due))  # touched again, a name has a later score
    return len(names)


def rest(connection: redis.Redis, error: Exception) -> None:
    """Ask no more for a while, each time for longer."""
    tries = int(connection.incr(TRIES))
    seconds = min(2**tries, LONGEST_REST)
    connection.set(RESTING, 1, ex=seconds)
    log.warning("the CDN did not forget what was changed; asked again later", seconds=seconds, error=str(error))


def send(request: Request) -> None:
    """Raises Refused for all but a 2xx; says nothing of the token."""
    parts = urlsplit(request.url)
    connection = (
        http.client.HTTPSConnection(parts.netloc, timeout=PATIENCE, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    )
    try:
        connection.request(request.method, parts.path or "/", request.body, {**request.headers, "User-Agent": "newsapp"})
        answer = connection.getresponse()
        said = answer.read(500)
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise Refused(f"{parts.netloc} answered {answer.status}: {said.decode(errors='replace')[:200]}")
