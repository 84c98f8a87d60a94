"""Hotlinks: pictures that a page of another site shows as if they were its own. Off unless an editor says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from newsapp.config import Config
from newsapp.delivery.headers import Environ
from newsapp.traffic.bots import classify
from newsapp.traffic.referrers import domain_of

OURS = ("localhost", "127.0.0.1", "::1")
LET_IN = ("search", "preview")  # classes of agents that fetch pictures to lead people here
# Sites that show a picture beside the link that leads to it: engines by their name in front of any suffix, readers of feeds by their domain.
ENGINES = frozenset({"google", "bing", "duckduckgo", "ecosia", "qwant", "yahoo", "yandex", "baidu", "kagi", "startpage", "brave"})
FEED_READERS = frozenset({
    "feedly.com", "inoreader.com", "newsblur.com", "theoldreader.com", "feedbin.com", "bazqux.com", "feeder.co", "freshrss.net", "miniflux.app",
    "netvibes.com", "flipboard.com",
})  # fmt: skip
DEPENDS_ON = "Referer, Sec-Fetch-Site, Sec-Fetch-Dest, User-Agent"


def are_refused(settings: Mapping[str, Any]) -> bool:
    return bool(settings["hotlinks"] == "refused")


def is_hotlink(environ: Environ, config: Config, listed: Collection[str]) -> bool:
    """Whether a page of a site that is neither ours nor listed asks for a picture.

    A request that says of no page is let in: readers of feeds, letters, and who opens the picture itself. A page of
    another site that hides its name is one that is not listed.
    """
    if environ.get("HTTP_SEC_FETCH_DEST") == "document" or classify(environ.get("HTTP_USER_AGENT", "")) in LET_IN:
        return False
    host = host_of(environ.get("HTTP_REFERER", ""))
    if not host:
        return bool(environ.get("HTTP_SEC_FETCH_SITE") == "cross-site")
    return not (is_within(host, own_hosts(config)) or is_within(host, listed) or shows_the_way(host))


def host_of(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return "invalid"  # some page's, and none of ours


def own_hosts(config: Config) -> set[str]:
    """The hosts of the paper, and the domain that they are part of."""
    named = {urlsplit(config[name]).hostname or "" for name in ("SITE_URL", "DESK_URL")}
    return {*OURS, *named, *map(domain_of, named)} - {""}


def is_within(host: str, hosts: Collection[str]) -> bool:
    """Whether a host is one of these, or part of one."""
    parts = host.split(".")
    return any(".".join(parts[start:]) in hosts for start in range(len(parts)))


def shows_the_way(host: str) -> bool:
    domain = domain_of(host)
    return domain in FEED_READERS or domain.partition(".")[0] in ENGINES
