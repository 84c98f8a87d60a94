"""USES: what crawlers make of a paper beyond search; and which crawler does what, by a list that is kept up to date."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from newsapp.traffic.agents.renewal import SHORTEST, NotRenewed, fetched

ALLOWED, REFUSED = "allowed", "refused"


@dataclass(frozen=True)
class Use:
    """One use that is allowed or refused by a setting. `kinds` are the list's own names for it."""

    slug: str
    label: str
    help: str
    default: str
    kinds: tuple[str, ...]

    @property
    def setting(self) -> str:
        return f"rights_{self.slug}"


USES = (
    Use("training", "Training of language models", "Also says whether text and data mining is reserved.", REFUSED, ("ai-training", "dataset")),
    Use("answers", "AI search and answers", "They find your stories, quote them and link to them; without them nobody comes that way.", ALLOWED,
        ("ai-search",)),
    Use("fetchers", "Fetched because a person asked an assistant", "One page for one person. Some of these ask no robots.txt.", ALLOWED,
        ("user-fetch",)),
)  # fmt: skip
SEARCH = Use("search", "Search engines", "Always allowed; each story can be kept out of them.", ALLOWED, ("search",))
BY_KIND = {kind: use.slug for use in (*USES, SEARCH) for kind in use.kinds}

SHIPPED = Path(__file__).with_name("crawlers.json")
PACKAGE, FILE = "ai-crawler-index", "ai_crawler_index/data.json"
RENEWED = "crawlers-by-use.json"  # among the other renewed lists
TOKEN = re.compile(r"[A-Za-z0-9_-]+")  # RFC 9309, section 2.2.1, and digits, which crawlers have in their names all the same
OBEYS = {
    "documented": "says that it follows robots.txt",
    "undocumented": "does not say whether it follows robots.txt",
    "disputed": "is said not to follow robots.txt",
    "by-design-no": "says that it does not follow robots.txt",
    "own-token-only": "follows rules for its own name only",
    "n-a": "is a name for robots.txt alone; nothing fetches under it",
}


class Crawler(NamedTuple):
    """One crawler: its name in robots.txt, what it is for, whose it is, whether it obeys (OBEYS), and where its maker says so."""

    token: str
    use: str
    operator: str
    obeys: str
    docs: str


@dataclass(frozen=True)
class CrawlerList:
    """The list as it lies on disk: where from, of which licence and date."""

    source: str
    licence: str
    version: str
    date: str
    crawlers: tuple[Crawler, ...]

    def tokens(self, use: str) -> list[str]:
        """The names of all that serve a use."""
        return [crawler.token for crawler in self.crawlers if crawler.use == use]

    def write(self, path: Path) -> None:
        """Whole or not at all: whoever reads it meanwhile sees the old one."""
        head = json.dumps({name: value for name, value in asdict(self).items() if name != "crawlers"})
        rows = ",\n".join(json.dumps(crawler, ensure_ascii=False) for crawler in self.crawlers)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(f'{head[:-1]}, "crawlers": [\n{rows}\n]}}\n')
        fresh.replace(path)


def read_list(path: Path) -> CrawlerList:
    """Raises ValueError where the file is no list."""
    try:
        given = json.loads(path.read_text())
        rows = tuple(Crawler(*row) for row in given.pop("crawlers"))
        return CrawlerList(**given, crawlers=rows)
    except (TypeError, KeyError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no list of crawlers: {error}") from error


def newest(home: Path | None) -> CrawlerList:
    """The list as renewed, where that reads and is not older than what newsapp comes with."""
    shipped = read_list(SHIPPED)
    try:
        renewed = read_list(home / RENEWED) if home else shipped
    except (ValueError, OSError):
        return shipped
    return renewed if renewed.date >= shipped.date else shipped


def from_index(text: str, version: str, today: date) -> CrawlerList:
    """The package's table: the crawlers with a use that we know and a name that robots.txt takes."""
    rows = (row for row in json.loads(text)["crawlers"] if row["category"] in BY_KIND and TOKEN.fullmatch(row["robots_token"]))
    found = {
        row["robots_token"].lower(): Crawler(row["robots_token"], BY_KIND[row["category"]], row["operator"], row["respects_robots_txt"], row["docs"])
        for row in rows
    }
    return CrawlerList(f"the package {PACKAGE} on PyPI", "CC0-1.0", version, today.isoformat(), without_search(found.values()))


def without_search(crawlers: Iterable[Crawler]) -> tuple[Crawler, ...]:
    """Nothing that a search engine could take for itself: engines match their name by its beginning, so no rule for "Google" may stand there."""
    rows = tuple(crawlers)
    engines = [crawler.token.lower() for crawler in rows if crawler.use == SEARCH.slug]
    return tuple(row for row in rows if row.use == SEARCH.slug or not any(engine.startswith(row.token.lower()) for engine in engines))


def renew(home: Path, today: date) -> tuple[CrawlerList, CrawlerList]:
    """The list before and after. Raises NotRenewed, with nothing changed."""
    with tempfile.TemporaryDirectory() as place:
        wheel = fetched(PACKAGE, Path(place))
        try:
            with zipfile.ZipFile(wheel) as archive:
                after = from_index(archive.read(FILE).decode(), wheel.name.split("-")[1], today)
        except Exception as error:  # what others publish can be broken in any way
            raise NotRenewed(f"the package's file does not read ({type(error).__name__}: {error})") from error
    before = newest(home)
    if len(after.crawlers) < SHORTEST * len(before.crawlers):
        raise NotRenewed(f"the new one has {len(after.crawlers)} crawlers where {len(before.crawlers)} stood")
    after.write(home / RENEWED)
    return before, after
