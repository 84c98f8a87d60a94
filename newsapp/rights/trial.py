"""A trial: one address of the site, asked as a person and as crawlers ask it, and what each is told."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from lxml import html
from lxml.etree import ParserError
from protego import Protego

from newsapp.rights.crawlers import SEARCH, USES, Crawler, CrawlerList
from newsapp.rights.policy import EVERY_ROBOT, RSL

PATIENCE = 4.0  # seconds for one answer
MOST = 1 << 20  # bytes of a page that are looked at; its head is in the first few
SENT_AS_IS = "%/:=&?~#+!$,;'@()*[]"
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
# Whom the page shows: the best known of each use, where the list has them.
SHOWN = ("Googlebot", "bingbot", "GPTBot", "ClaudeBot", "CCBot", "OAI-SearchBot", "PerplexityBot", "ChatGPT-User", "Claude-User")
LABELS = {use.slug: use.label for use in (SEARCH, *USES)}


class NotOurs(Exception):
    """The address is none of the site; the message says what one is."""


class NoAnswer(Exception):
    """The site could not be asked; the message says why."""


class Answer(NamedTuple):
    """What the site said."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(self.all(name))

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(frozen=True)
class Told:
    """What one visitor gets. `may_fetch` is robots.txt's word, None for people; `crawler` is None for a person."""

    name: str
    crawler: Crawler | None
    may_fetch: bool | None
    answer: Answer
    metas: list[str]  # robots rules in the page that are for it, whoever else they are for
    tags: list[str]  # the same of the header

    @property
    def use(self) -> str:
        return LABELS[self.crawler.use] if self.crawler else "Reads"

    @property
    def may_list(self) -> bool:
        """Whether a search may show it: robots.txt lets it be fetched, it is there, and no rule keeps it out."""
        said = {word.strip() for rules in (*self.metas, *self.tags) for word in rules.lower().split(",")}
        return bool(self.may_fetch) and self.answer.status == http.client.OK and not said & {"noindex", "none"}

    @property
    def leads_to(self) -> str:
        return self.answer.header("Location")

    @property
    def mining(self) -> str:
        return self.answer.header("tdm-reservation")

    @property
    def mining_policy(self) -> str:
        return self.answer.header("tdm-policy")


@dataclass(frozen=True)
class Trial:
    """All that was found out about an address."""

    address: str
    visitors: list[Told]
    page: dict[str, str]  # what stands in the page's head, by its name
    licence: str  # the address of the RSL licence, by the header
    listed: list[tuple[Crawler, bool]]  # every crawler of the list, and whether robots.txt lets it in

    @property
    def disagreements(self) -> list[str]:
        """Where the page's head and the headers say different things: something between the site and its readers took one away."""
        person = self.visitors[0].answer
        if person.status != http.client.OK or not self.page:
            return []
        return [name for name in ("tdm-reservation", "tdm-policy") if self.page.get(name, "") != person.header(name)]


def path_of(typed: str, site: str) -> str:
    """The path, with its query, of what somebody typed: a path, or a whole address of the site. Raises NotOurs."""
    typed = typed.strip()
    try:
        parts, ours = urlsplit(typed), urlsplit(site)
        named = f"{parts.hostname}:{parts.port}" if parts.netloc else ""
    except ValueError:
        raise NotOurs(f"{typed!r} is not an address.") from None
    if parts.netloc and (parts.scheme not in ("http", "https") or named not in {f"{ours.hostname}:{ours.port}", f"{ours.hostname}:None"}):
        raise NotOurs(f"Only addresses of {site} can be tried.")
    if not parts.netloc and not typed.startswith("/"):
        raise NotOurs("An address begins with / or with the site’s own address.")
    return quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=SENT_AS_IS)


def ask(site: str, path: str, agent: str, method: str = "GET") -> Answer:
    """One request to the site itself; redirects are told, not followed. Raises NoAnswer."""
    parts = urlsplit(site)
    try:
        if parts.scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=PATIENCE, context=ssl.create_default_context()
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        connection.request(method, path, headers={"User-Agent": agent, "Accept": "text/html,*/*"})
        said = connection.getresponse()
        answer = Answer(said.status, said.getheaders(), said.read(MOST))
        connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NoAnswer(f"{site} does not answer this server ({type(error).__name__}: {error}).") from error
    return answer


def try_out(site: str, path: str, crawlers: CrawlerList) -> Trial:
    """Ask for the page as a person; of crawlers, ask for its head alone, so that none of it is booked as a fetch. Raises NoAnswer."""
    robots = Protego.parse(rules_of(ask(site, "/robots.txt", PERSON)))
    page = ask(site, path, PERSON)
    metas, address = metas_of(page), site + path
    known = {crawler.token: crawler for crawler in crawlers.crawlers}
    visitors = [told("A person", None, None, page, metas)]
    for token in (token for token in SHOWN if token in known):
        answer = ask(site, path, f"Mozilla/5.0 (compatible; {token}/1.0)", "HEAD")
        visitors.append(told(token, known[token], robots.can_fetch(address, token), answer, metas))
    listed = [(crawler, robots.can_fetch(address, crawler.token)) for crawler in crawlers.crawlers]
    return Trial(address, visitors, dict(metas), licence_of(page), listed)


def rules_of(answer: Answer) -> str:
    """What robots.txt says; without one all is allowed (RFC 9309, section 2.3.1.3)."""
    return answer.body.decode(errors="replace") if answer.status == http.client.OK else ""


def metas_of(answer: Answer) -> list[tuple[str, str]]:
    """(name, content) of the page's meta elements."""
    if "html" not in answer.header("Content-Type"):
        return []
    try:
        root = html.fromstring(answer.body)
    except (ParserError, ValueError):
        return []
    return [(str(meta.get("name")).lower(), meta.get("content") or "") for meta in root.iter("meta") if meta.get("name")]


def told(name: str, crawler: Crawler | None, may_fetch: bool | None, answer: Answer, metas: Iterable[tuple[str, str]]) -> Told:
    ours = {EVERY_ROBOT, crawler.token.lower()} if crawler else {EVERY_ROBOT}
    rules = [content for name, content in metas if name in ours] if answer.status == http.client.OK else []
    return Told(name, crawler, may_fetch, answer, rules, [rule for value in answer.all("X-Robots-Tag") if (rule := rule_for(ours, value))])


def rule_for(robots: set[str], value: str) -> str:
    """A header's rule as far as it is for one of these robots. A name and a colon stand before one that is not for all."""
    name, colon, rest = value.partition(":")
    if not colon or name.strip().lower().startswith(("max-", "unavailable_after")):
        return value
    return rest.strip() if name.strip().lower() in robots else ""


def licence_of(answer: Answer) -> str:
    """The address of the RSL licence, from the Link header."""
    links = (link for value in answer.all("Link") for link in value.split(",") if RSL in link)
    return next((link.partition("<")[2].partition(">")[0] for link in links), "")
