"""What an import did with every item it read."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from newsapp.imports.items import Item

Entry = dict[str, str]


@dataclass
class Report:
    """items == imported + updated + unchanged + len(left_out), always."""

    file: str
    items: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    left_out: list[Entry] = field(default_factory=list)
    notes: list[Entry] = field(default_factory=list)
    error: str = ""

    def leave_out(self, item: Item, reason: str) -> None:
        self.left_out.append({"id": item.id, "title": item.title[:200], "reason": reason})

    def note(self, item: Item, text: str) -> None:
        self.notes.append({"id": item.id, "title": item.title[:200], "note": text})

    @property
    def stored(self) -> int:
        """How many items stand in the paper as the file has them."""
        return self.imported + self.updated + self.unchanged

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """The report in short, for a terminal."""
        counts = f"{self.imported} imported, {self.updated} updated, {self.unchanged} unchanged, {len(self.left_out)} left out"
        reasons = Counter(entry["reason"] for entry in self.left_out).most_common(12)
        first = f"{self.file}: {self.items} items: {counts}; {len(self.notes)} notes."
        return [first, *(f"  left out, {count}: {reason}" for reason, count in reasons)]
