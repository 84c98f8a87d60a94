"""What a log says was read, by whom, and how well a list of Most Viewed agrees with it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import groupby
from urllib.parse import urlsplit

from bench.access_logs import Hit
from newsapp.traffic.agents.lists import newest

# What is no page, by the end of its path or by what it is for.
NO_PAGE = re.compile(
    r"\.(avif|css|eot|gif|gz|ico|jpe?g|js|json|map|mp[34]|pdf|php|png|svg|ttf|txt|webp|woff2?|xml|zip)$|/(feed|robots|wp-|xmlrpc)|^\*", re.IGNORECASE
)
SEARCH = re.compile(r"(^|\.)(baidu|bing|duckduckgo|ecosia|google|kagi|qwant|yahoo|yandex)\.")
SOCIAL = re.compile(r"(^|\.)(bsky|facebook|instagram|linkedin|lnkd|mastodon|reddit|t|threads|tiktok|twitter|x|youtube)\.(app|co|com|in|net|social)$")


def is_page(hit: Hit) -> bool:
    """Whether a request brought somebody a page."""
    return hit.method == "GET" and hit.status == 200 and not NO_PAGE.search(hit.path)


@lru_cache(maxsize=65536)
def is_human(agent: str) -> bool:
    """Whether an agent is neither empty nor in the list crawler-user-agents."""
    return bool(agent.strip()) and not crawlers().search(agent)


@lru_cache(maxsize=1)
def crawlers() -> re.Pattern[str]:
    """The patterns of that one list, as shipped."""
    return re.compile("|".join(f"(?:{pattern.text})" for pattern in newest("crawler-user-agents", None).entries()))


def host_of(referrer: str) -> str:
    try:
        return urlsplit(referrer).hostname or ""
    except ValueError:
        return ""


def own_host(hits: Iterable[Hit]) -> str:
    """The log's own host: most requests are for what a page of its own names."""
    hosts = Counter(host_of(hit.referrer) for hit in hits if hit.referrer)
    return hosts.most_common(1)[0][0] if hosts else ""


def referrer_class(referrer: str, own: str) -> str:
    """The class that a page tells of where its reader came from."""
    host = host_of(referrer)
    if not host:
        return "direct"
    if host.removeprefix("www.") == own.removeprefix("www."):
        return "internal"
    return "search" if SEARCH.search(host) else "social" if SOCIAL.search(host) else "other"


# ---- agreement


def ranks(figures: Mapping[int, float]) -> dict[int, float]:
    """The place of each, the largest first; equals share the mean of theirs."""
    found: dict[int, float] = {}
    ordered = sorted(figures, key=lambda name: -figures[name])
    for _, equals in groupby(ordered, key=lambda name: figures[name]):
        names = list(equals)
        found |= dict.fromkeys(names, len(found) + (len(names) + 1) / 2)
    return found


def rank_correlation(first: Mapping[int, float], second: Mapping[int, float]) -> float:
    """Spearman's: 1 when both put the same names in the same order. A name that one lacks is 0 there."""
    names = first.keys() | second.keys()
    ours, theirs = (ranks({name: each.get(name, 0) for name in names}) for each in (first, second))
    middle = (len(names) + 1) / 2
    together = sum((ours[name] - middle) * (theirs[name] - middle) for name in names)
    spread = math.sqrt(math.prod(sum((each[name] - middle) ** 2 for name in names) for each in (ours, theirs)))
    return together / spread if spread else 1.0


def leaders_in_common(first: Mapping[int, float], second: Mapping[int, float], most: int = 10) -> tuple[int, int]:
    """(how many of the first's leaders lead the second too, how many leaders there are). Who equals the last leader leads too."""
    leading = sorted(first, key=lambda name: -first[name])[:most]
    floor = sorted(second.values(), reverse=True)[: len(leading)]
    return sum(second.get(name, 0) >= floor[-1] for name in leading) if floor else 0, len(leading)
