"""The short way: a kept page goes out straight from what granian says of the request that nearly all readers make.

No environment is made, and all headers are put together once for a composed page. What is out of the ordinary (another
method, a query, a body, a name that is not ours, a page that has to be made) is left to the long way, which answers the
same, byte for byte (tests/test_listener.py).
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from newsapp.delivery.cached_page import Composed, Outward
from newsapp.delivery.composing import unchanged
from newsapp.delivery.encodings import chosen
from newsapp.delivery.headers import Headers, Told
from newsapp.delivery.page_cache import PageCache


class ShortWay:
    """Kept pages for those who ask the plain way."""

    def __init__(self, hosts: Container[str], cache: PageCache, constant: Headers, rights: Callable[[], Headers]) -> None:
        self.hosts, self.cache, self.constant, self.rights = hosts, cache, constant, rights

    def answer(self, scope: Any) -> Told | None:
        """A page, or that it is still the same; None for whatever the long way must look at."""
        given, path = scope.headers, scope.path
        if scope.method != "GET" or scope.query_string or not path.isascii():
            return None
        hosts = given.get_all("host")
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return None
        if "content-length" in given or "transfer-encoding" in given or self.cache.edge:
            return None
        page = self.cache.fresh(path, chosen(",".join(given.get_all("accept-encoding"))), given.get("user-agent") or "")
        if page is None:
            return None
        outward = self.outward(page)
        if page.etag in ",".join(given.get_all("if-none-match")):
            return 304, outward.unchanged, b""
        return 200, outward.whole, page.body

    def outward(self, page: Composed) -> Outward:
        """Its headers, put together anew where the paper's rights have moved."""
        rights = self.rights()
        if page.outward is None or page.outward.rights is not rights:
            page.outward = Outward(rights, page.headers + self.constant + rights, unchanged(page) + rights)
        return page.outward
