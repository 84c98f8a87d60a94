"""Reading WordPress's export format (WXR) as a stream: authors and categories are remembered, items are yielded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from newsapp.imports.items import Category, Item, discard, empty, item_of, kind_of, qualified, text_of
from newsapp.imports.mending import RefusedMarkup, SoundText, UnusableExport, open_export

MOST_AT_ONCE = 16 << 20  # characters that one item may take; the parser holds it whole
AGAIN = "export it again in WordPress under Tools → Export and import that file; nothing is doubled"


class BrokenExport(UnusableExport):
    """The file ends or breaks in the middle; `unfinished` is the item it breaks in."""

    def __init__(self, message: str, unfinished: Item | None) -> None:
        super().__init__(message)
        self.unfinished = unfinished


@dataclass
class Export:
    """One file. What the head declares fills up while items() is read."""

    path: Path
    base_url: str = ""
    authors: dict[str, str] = field(default_factory=dict)  # login -> display name
    categories: dict[str, Category] = field(default_factory=dict)  # slug -> category
    mended: list[str] = field(default_factory=list)
    unfinished: Any = None  # the element of the item that is being read
    seen: bool = False  # whether an item was read to its end
    since: int = 0  # characters since then

    def items(self, progress: Callable[[int], None] = lambda position: None) -> Iterator[Item]:
        """Each item, in the file's order; memory holds one at a time.

        Raises UnusableExport when the file is no export, and BrokenExport after its last sound item.
        """
        with open_export(self.path) as file:
            text = SoundText(file, self.path.name)
            try:
                yield from self.parsed(text, lambda: progress(file.tell()))
            except RefusedMarkup as refused:
                raise (BrokenExport(str(refused), self.half_read()) if self.seen else refused) from None
            finally:
                self.mended = text.mended.notes()

    def parsed(self, text: Iterable[str], tick: Callable[[], None]) -> Iterator[Item]:
        """The items of a text that comes in pieces; those before an error are there before it is raised."""
        parser = etree.XMLPullParser(
            events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, encoding="utf-8"
        )
        for piece in text:
            error = fed(parser, piece)
            yield from self.read(parser)
            self.since += len(piece)
            tick()
            if error or self.since > MOST_AT_ONCE:
                self.stop(error)
        if error := closed(parser):
            self.stop(error)

    def read(self, parser: Any) -> Iterator[Item]:
        for event, element in parser.read_events():
            kind, name = qualified(element)
            if event == "start":
                self.opened(element, kind, name)
            elif name == "item":
                self.unfinished, self.seen, self.since = None, True, 0
                yield item_of(element)
                discard(element)
            elif name == "comment" and kind == "wp":
                empty(element)
                self.since = 0
            elif element.getparent() is not None and qualified(element.getparent())[1] == "channel":
                self.declared(element, kind, name)
                discard(element)

    def opened(self, element: Any, kind: str, name: str) -> None:
        if element.getparent() is None and name != "rss":
            raise UnusableExport(f"{self.path.name} is not a WordPress export but <{name[:40]}>: {AGAIN}.")
        if name == "channel" and "wp" not in {kind_of(address) for address in element.nsmap.values()}:
            raise UnusableExport(f"{self.path.name} is a plain RSS feed without WordPress's own fields: {AGAIN}.")
        if name == "item":
            self.unfinished = element

    def declared(self, element: Any, kind: str, name: str) -> None:
        """Remember what a child of the channel says of authors, categories and the address."""
        texts = {qualified(child)[1]: text_of(child) for child in element} if kind == "wp" else {}
        if name == "base_blog_url" or (name == "link" and not self.base_url):
            self.base_url = text_of(element)
        elif name == "author" and texts.get("author_login"):
            self.authors[texts["author_login"]] = texts.get("author_display_name", "")
        elif name == "category" and texts.get("category_nicename"):
            slug = texts["category_nicename"]
            self.categories[slug] = Category(texts.get("term_id", ""), slug, texts.get("cat_name", ""), texts.get("category_parent", ""))

    def stop(self, error: etree.XMLSyntaxError | None) -> None:
        """Raise what the break means: not an export at all, or one that is sound up to here."""
        if error is None:
            raise BrokenExport(f"{self.path.name} has an item of more than {MOST_AT_ONCE >> 20} MB: {AGAIN}", self.half_read())
        what, line = str(error).partition(", line")[0].strip()[:120], error.lineno
        if not self.seen and self.unfinished is None and not self.base_url:
            raise UnusableExport(f"{self.path.name} is not XML, or not all of it is there ({what}, line {line}): {AGAIN}.")
        raise BrokenExport(f"{self.path.name} is damaged or cut off at line {line} ({what}): {AGAIN}", self.half_read())

    def half_read(self) -> Item | None:
        return None if self.unfinished is None else item_of(self.unfinished)


def fed(parser: Any, piece: str) -> etree.XMLSyntaxError | None:
    """Feed a piece; what was sound before an error can still be read."""
    try:
        parser.feed(piece.encode("utf-8", "replace"))
    except etree.XMLSyntaxError as error:
        return error
    return None


def closed(parser: Any) -> etree.XMLSyntaxError | None:
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        return error
    return None
