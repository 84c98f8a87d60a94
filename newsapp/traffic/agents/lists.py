"""LISTS: who names bots, in which package of which registry, and how their file reads."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from newsapp.traffic.agents.matcher import Pattern

SHIPPED = Path(__file__).resolve().parent.parent / "lists"
# Agents of people. A pattern that finds one of them is no bot's name.
READERS = tuple((SHIPPED / "readers.txt").read_text().splitlines())
# Programs that nobody has made. A pattern that finds one is a general word; those are for signs.py to weigh.
NOBODYS = (
    "Qzxw-Crawler/1.0", "qzxwbot/1.0", "Mozilla/5.0 (compatible; QzxwBot/1.0; +http://qzxw.example/bot.html)", "Qzxw Spider (crawler@qzxw.example)",
    "qzxw-robot/2.1", "qzxw web scraper 3", "qzxw-fetcher/1.0", "qzxw feed reader", "qzxw monitoring", "qzxw link checker", "qzxw http client",
    "qzxw scanner", "qzxw archiver", "qzxw indexer", "qzxw search engine", "qzxw rss parser", "qzxw-agent/1.0", "qzxw preview", "qzxw validator",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A list: the PyPI package that carries it, the file in there, and what reads patterns and classes out of it."""

    name: str
    package: str
    file: str
    licence: str
    home: str
    read: Callable[[str], Iterator[tuple[str, str]]]
    ignore_case: bool = True


@dataclass
class BotList:
    """A list as it lies on disk: where from, of which licence and date, and its patterns."""

    name: str
    source: str
    licence: str
    version: str
    date: str
    ignore_case: bool
    patterns: list[tuple[str, str]] = field(default_factory=list)

    def entries(self) -> Iterator[Pattern]:
        for text, kind in self.patterns:
            yield Pattern(text, kind, self.ignore_case)

    def write(self, folder: Path) -> None:
        """Whole or not at all: whoever reads it meanwhile sees the old one."""
        head = {name: value for name, value in asdict(self).items() if name != "patterns"}
        rows = ",\n".join(json.dumps(pattern, ensure_ascii=False) for pattern in self.patterns)
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{self.name}.json"
        fresh.write_text(f'{json.dumps(head)[:-1]}, "patterns": [\n{rows}\n]}}\n')
        fresh.replace(folder / f"{self.name}.json")


def read_list(path: Path) -> BotList:
    """Raises ValueError where the file is no list."""
    try:
        found = BotList(**json.loads(path.read_text()))
        found.patterns = [(text, kind) for text, kind in found.patterns]
        for text, _ in found.patterns:
            re.compile(text)
    except (TypeError, re.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no list of bots: {error}") from error
    return found


def usable(patterns: Iterable[tuple[str, str]], ignore_case: bool) -> list[tuple[str, str]]:
    """The patterns that name a bot: each once, none a general word, none that finds a reader."""
    agents = [*NOBODYS, *READERS]
    kept: dict[str, str] = {}
    for text, kind in patterns:
        search = Pattern(text, kind, ignore_case).compiled().search
        if text not in kept and not any(search(agent) for agent in agents):
            kept[text] = kind
    return list(kept.items())


TAGS = {
    "ai-crawler": "ai", "search-engine": "search", "social-preview": "preview", "monitoring": "monitor", "http-library": "library",
    "browser-automation": "library",
}  # fmt: skip


def crawler_user_agents(text: str) -> Iterator[tuple[str, str]]:
    """JSON rows with a pattern and tags; the first tag of TAGS's order counts."""
    for row in json.loads(text):
        tags = row.get("tags", ())
        yield row["pattern"], next((kind for tag, kind in TAGS.items() if tag in tags), "listed")


def counter_robots(text: str) -> Iterator[tuple[str, str]]:
    """One pattern a line."""
    yield from ((line, "listed") for line in text.splitlines() if line.strip())


def counter_machines(text: str) -> Iterator[tuple[str, str]]:
    """One pattern a line, of programs that a person's script runs."""
    yield from ((line, "library") for line in text.splitlines() if line.strip())


def crawler_detect(text: str) -> Iterator[tuple[str, str]]:
    """A Python list of patterns, read without running it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.List):
            yield from ((item.value, "listed") for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str))


def ai_crawlers(text: str) -> Iterator[tuple[str, str]]:
    """JSON with the names of crawlers by category; those of language models count here."""
    table = json.loads(text)
    for row in table["crawlers"]:
        if row["category"] in table["ai_categories"] and re.fullmatch(r"[\w .-]{3,}", row["ua"]):
            yield re.escape(row["ua"]), "ai"


LISTS = (
    Source("crawler-user-agents", "crawler-user-agents", "crawleruseragents/crawler-user-agents.json", "MIT",
           "github.com/monperrus/crawler-user-agents", crawler_user_agents, ignore_case=False),
    Source("counter-robots", "counter-robots", "counter_robots/data/robot.txt", "MIT", "github.com/atmire/COUNTER-Robots", counter_robots),
    Source("counter-machines", "counter-robots", "counter_robots/data/machine.txt", "MIT", "github.com/atmire/COUNTER-Robots", counter_machines),
    Source("crawler-detect", "crawlerdetect", "crawlerdetect/providers/crawlers.py", "MIT", "github.com/moskrc/crawlerdetect", crawler_detect),
    Source("ai-crawlers", "ai-crawler-index", "ai_crawler_index/data.json", "CC0-1.0", "the package ai-crawler-index on PyPI", ai_crawlers),
)  # fmt: skip
OWN = "newsapp"  # the list of names that we keep ourselves; it comes with newsapp alone


def current(home: Path | None) -> list[BotList]:
    """Each list, renewed where the home has a newer one that reads, else as shipped."""
    names = [source.name for source in LISTS] + [OWN]
    return [newest(name, home) for name in names]


def newest(name: str, home: Path | None) -> BotList:
    shipped = read_list(SHIPPED / f"{name}.json")
    if home is None or not (home / f"{name}.json").exists():
        return shipped
    try:
        renewed = read_list(home / f"{name}.json")
    except ValueError:
        return shipped
    return renewed if renewed.date >= shipped.date else shipped


def stamp(home: Path | None) -> tuple[float, ...]:
    """When each renewed list was written; another stamp, other lists."""
    return tuple(sorted(path.stat().st_mtime for path in home.glob("*.json"))) if home and home.is_dir() else ()
