"""The main menu, as editors made it of sections, pages and links of their own."""

from __future__ import annotations

from typing import Any, NamedTuple

from newsapp.settings.links import REST, Pair

MENU = 10  # sections in the menu that nobody named; the rest are one step away


class Entry(NamedTuple):
    name: str
    address: str


def menu_of(wanted: list[Pair], site: dict[str, Any]) -> tuple[list[Entry], bool]:
    """The entries in their order, and whether sections are left out that a star would have shown. What is not there is passed over."""
    wanted = wanted or [[REST, ""]]
    sections = {section["path"]: section["name"] for section in site["sections"]}
    names = {page["path"]: page["title"] for page in site["pages"]} | sections
    named = {address for _, address in wanted}
    others = [Entry(name, path) for path, name in sections.items() if path not in named]
    room = max(0, MENU - len([pair for pair in wanted if pair[1]]))
    entries: list[Entry] = []
    for name, address in wanted:
        if name == REST and not address:
            entries += others[:room]
        elif name or address in names:
            entries.append(Entry(name or names[address], address))
    return entries, [REST, ""] in wanted and len(others) > room
