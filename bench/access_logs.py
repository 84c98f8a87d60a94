"""FORMATS: the access logs that are understood, told apart by their first lines.

Texts are kept as latin-1: one character for each byte that was on the wire, whatever its encoding.
A line that fits no format is counted and named, never dropped in silence.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from urllib.parse import unquote_to_bytes

FIRST_LINES = 50  # by which a format is told
NAMED = 5  # lines without a format that are named; the rest are counted


class Hit(NamedTuple):
    """One request. Empty is what its log does not tell."""

    at: float  # seconds since 1970
    address: str
    method: str
    path: str  # without its query
    status: int
    referrer: str
    agent: str
    language: str


class Parser:
    """Makes hits of lines."""

    def learn(self, comment: str) -> None:
        """Take in a line that begins with #: some logs tell their fields there."""

    def parse(self, line: str) -> Hit:
        """Raises ValueError or KeyError for a line that does not fit."""
        raise NotImplementedError


@dataclass(frozen=True)
class Format:
    """One format. `parser` makes a fresh one, since some learn from the log's own head."""

    name: str
    help: str
    parser: Callable[[], Parser]


@dataclass
class Log:
    """A file as it was read."""

    path: Path
    format: str = ""
    lines: int = 0
    hits: list[Hit] = field(default_factory=list)
    directives: int = 0  # comments of the log's own, and empty lines
    unfit: list[int] = field(default_factory=list)  # numbers of the lines that fit no format

    def __str__(self) -> str:
        named = f" (lines {', '.join(map(str, self.unfit[:NAMED]))}{', …' * (len(self.unfit) > NAMED)})" if self.unfit else ""
        return f"{self.path.name}: {self.format or 'no format'}, {len(self.hits)} of {self.lines} lines, {len(self.unfit)} fit none{named}"


# ---- one pattern a line

QUOTED = r'"(?P<{}>(?:[^"\\]|\\.)*)"'
REQUEST, REFERRER, AGENT = (QUOTED.format(name) for name in ("request", "referrer", "agent"))
TIME = r"\[(?P<time>[^\]]+)\]"
STATUS = r"(?P<status>\d{3}) \S+"
WHO = r"(?P<address>\S+) \S+ \S+"
TOOK = r"(?:\(\d+ s\) )?"  # some hosts write how long it took
BALANCED = r"(?:\w+ )?(?P<time>\d{4}-\S+Z) \S+ (?P<address>\S+) \S+ \S+ \S+ \S+ (?P<status>\d{3}) \S+ \S+ \S+"
STORED = rf"\S+ \S+ {TIME} (?P<address>\S+) \S+ \S+ \S+ \S+"
PROXIED = rf"\w+ +\d+ \S+ \S+ haproxy\[\d+\]: (?P<address>\S+) {TIME} \S+ \S+ \S+ {STATUS} \S+ \S+ \S+ \S+ \S+"


class ByPattern(Parser):
    """Lines that fit the parts, one space between them; what stands behind is not looked at."""

    def __init__(self, *parts: str) -> None:
        self.pattern = re.compile(" ".join(parts))

    def parse(self, line: str) -> Hit:
        found = self.pattern.match(line)
        if not found:
            raise ValueError(line)
        given = {name: unescaped(value) for name, value in found.groupdict().items()}
        given["method"], given["target"] = given.pop("request").split(" ")[:2]
        return hit(**given)


def unescaped(text: str) -> str:
    r"""What Apache and nginx wrote as \" or \xhh."""
    if "\\" not in text:
        return text
    return re.sub(r"\\x([0-9a-fA-F]{2})|\\(.)", lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)


# ---- one JSON object a line


class ByKeys(Parser):
    """JSON objects: for each part of a hit the keys that lead to it, joined by dots; of several the first that is there."""

    def __init__(self, **paths: str) -> None:
        self.paths = paths

    def parse(self, line: str) -> Hit:
        found = json.loads(line.encode("latin-1"))
        return hit(**{part: next(texts_at(found, paths), "") for part, paths in self.paths.items()})


def texts_at(found: Any, paths: str) -> Iterator[str]:
    for path in paths.split():
        value = found
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        value = value[0] if isinstance(value, list) and value else value
        if value is not None:
            yield str(value).encode().decode("latin-1")


# ---- fields told by the log's head


class ByFields(Parser):
    """The W3C's extended format: `#Fields:` names what each column is."""

    COLUMNS: ClassVar = {
        "address": ("c-ip",), "method": ("cs-method",), "target": ("cs-uri-stem", "cs-uri"), "status": ("sc-status", "c-status"),
        "referrer": ("cs(Referer)", "cs(Referrer)", "c-referrer"), "agent": ("cs(User-Agent)", "c-user-agent"), "language": ("cs(Accept-Language)",),
    }  # fmt: skip
    TOKEN = re.compile(r'"([^"]*)"|([^\s"]\S*)')

    def __init__(self) -> None:
        self.fields: list[str] = []

    def learn(self, comment: str) -> None:
        name, _, rest = comment.partition(":")
        if name == "#Fields":
            self.fields = re.sub(r"[^\x21-\x7e\s]", "", rest).split()

    def parse(self, line: str) -> Hit:
        tokens = [quoted or plain for quoted, plain in self.TOKEN.findall(line)]
        if not tokens or len(tokens) != len(self.fields):
            raise ValueError(line)
        row = dict(zip(self.fields, tokens, strict=True))
        given = {part: next((row[name] for name in names if name in row), "") for part, names in self.COLUMNS.items()}
        given["agent"] = decoded(given["agent"])
        if not set(self.COLUMNS["status"]) & row.keys():
            given["status"] = "200"  # the log of a server that tells of success only
        return hit(time=f"{row.get('date') or row['date-local']} {row.get('time') or row['time-local']}", **given)


def decoded(agent: str) -> str:
    """An agent without the marks that stand for spaces: + of IIS, %20 or %2520 of CloudFront."""
    text = unquote_to_bytes(unquote_to_bytes(agent.encode("latin-1"))).decode("latin-1")
    return text if " " in text else text.replace("+", " ")


# ---- parts of a hit


def hit(time: str, address: str, target: str, status: str, method: str = "", referrer: str = "", agent: str = "", language: str = "") -> Hit:
    """A hit of texts as logs have them. A log without methods is one of reading. Raises ValueError."""
    if not re.fullmatch("[A-Z]*", method):
        raise ValueError(method)
    rest = (known(text) for text in (referrer, agent, language))
    return Hit(moment(time), without_port(address), method or "GET", path_of(target), int(status), *rest)


TIMES = ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S.%f")


@lru_cache(maxsize=4096)
def moment(text: str) -> float:
    """Seconds since 1970; a time without a zone is taken for UTC. Raises ValueError."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    for form in TIMES:
        try:
            return in_utc(datetime.strptime(text, form))
        except ValueError:
            continue
    return in_utc(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)))


def in_utc(time: datetime) -> float:
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def without_port(address: str) -> str:
    """The address of ADDRESS:PORT or [ADDRESS]:PORT; of IPv6 without brackets all of it."""
    if address.count(":") == 1 or address.startswith("["):
        address = address.rpartition(":")[0] if not address.endswith("]") else address
    return address.strip("[]")


def path_of(target: str) -> str:
    """The path of a request's target, which may be a whole address. Raises ValueError when it has none."""
    path = re.sub(r"^(?:[a-z]+://)?[^/?*]*", "", target).partition("?")[0]
    if not path.startswith(("/", "*")):
        raise ValueError(target)
    return path


def known(text: str) -> str:
    return "" if text == "-" else text


FORMATS = (
    Format("combined", "Apache's, nginx's, NCSA's extended, Icecast's.", partial(ByPattern, WHO, TIME, REQUEST, STATUS, REFERRER, AGENT)),
    Format("combined with host", "The same, behind a host.", partial(ByPattern, r"\S+", WHO, TIME, TOOK + REQUEST, STATUS, REFERRER, AGENT)),
    Format("common", "The common log format: no referrer, no agent.", partial(ByPattern, WHO, TIME, REQUEST, STATUS)),
    Format("common with host", "The same behind the host's name.", partial(ByPattern, r"\S+", WHO, TIME, REQUEST, STATUS)),
    Format("balancer", "Elastic Load Balancers, classic and for applications.", partial(ByPattern, BALANCED, REQUEST, AGENT)),
    Format("bucket", "S3 server access logs.", partial(ByPattern, STORED, REQUEST, STATUS, r"\S+ \S+ \S+ \S+", REFERRER, AGENT)),
    Format("haproxy", "HAProxy's HTTP format through syslog: no referrer, no agent.", partial(ByPattern, PROXIED, REQUEST)),
    Format("w3c", "The W3C's extended format: IIS, CloudFront, Incapsula, NetScaler, SHOUTcast.", ByFields),
    Format("caddy", "Caddy's JSON.", partial(
        ByKeys, time="ts", address="request.client_ip request.remote_ip", method="request.method", target="request.uri", status="status",
        referrer="request.headers.Referer", agent="request.headers.User-Agent", language="request.headers.Accept-Language",
    )),
    Format("traefik", "Traefik's JSON.", partial(
        ByKeys, time="StartUTC time", address="ClientHost", method="RequestMethod", target="RequestPath", status="DownstreamStatus",
        referrer="request_Referer", agent="request_User-Agent", language="request_Accept-Language",
    )),
    Format("nginx json", "nginx's log_format as JSON, with the names that its manuals use or short ones.", partial(
        ByKeys, time="date time_iso8601 time_local msec", address="ip remote_addr", method="method request_method", target="path request_uri uri",
        status="status", referrer="referrer http_referer", agent="user_agent http_user_agent", language="accept_language http_accept_language",
    )),
)  # fmt: skip


# ---- files


def read_log(path: Path, most: int | None = None) -> Log:
    """Read a log, plain or .gz: all of it, or its first lines."""
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="latin-1", newline="\n") as stream:
        lines = [line.rstrip("\r\n") for line in itertools.islice(stream, most)]
    chosen = format_of(lines[:FIRST_LINES])
    return parsed(path, lines, chosen)


def format_of(lines: list[str]) -> Format | None:
    """The format that most of these lines fit, of equals the first; None when no line fits any."""
    logs = [(parsed(Path(), lines, each), each) for each in FORMATS]
    best, chosen = max(logs, key=lambda pair: len(pair[0].hits))
    return chosen if best.hits else None


def parsed(path: Path, lines: list[str], chosen: Format | None) -> Log:
    log = Log(path, chosen.name if chosen else "", len(lines))
    parser = chosen.parser() if chosen else Parser()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            log.directives += 1
            parser.learn(line)
            continue
        try:
            log.hits.append(parser.parse(line))
        except (ValueError, KeyError, TypeError, NotImplementedError):
            log.unfit.append(number)
    return log
