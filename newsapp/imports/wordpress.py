"""Moving in from WordPress: an export's posts and pages, in batches, as often as you like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from newsapp.database import analyse, db, now, writes
from newsapp.imports.dates import Clock
from newsapp.imports.identity import Identities
from newsapp.imports.items import Item
from newsapp.imports.mending import UnusableExport
from newsapp.imports.pictures import Album, Lead
from newsapp.imports.report import Report
from newsapp.imports.stories import Candidate, Story, digest_of, reason_to_leave_out, story_of
from newsapp.imports.storing import IMPORTED, KEPT, Storing, known_of
from newsapp.imports.terms import filing_of, rank_sections
from newsapp.imports.wxr import BrokenExport, Export
from newsapp.queues import later

BATCH = 50  # items in a transaction: short enough that an editor who saves does not notice
FILLED = ("article", "article_tag", "article_author", "section", "tag", "author")
Result = TypeVar("Result")
Progress = Callable[[int], None]


def import_wordpress(path: Path, section: str = "News", progress: Progress = lambda position: None) -> Report:
    """Import an export and tell what became of each of its items; `progress` hears the bytes read.

    Running again doubles nothing. Of a file that breaks off, or is no export, what is sound before the break
    is imported, and the report's `error` says what to do.
    """
    moving = WordPressImport(Export(path), section)
    try:
        for item in moving.export.items(progress):
            moving.take(item)
    except UnusableExport as broken:
        moving.finish()
        moving.broke(broken)
    else:
        moving.finish()
    return moving.report


class WordPressImport:
    """One run over one file."""

    def __init__(self, export: Export, section: str) -> None:
        self.export, self.section = export, section
        self.report = Report(str(export.path))
        self.clock, self.album, self.storing, self.identities = Clock(), Album(), Storing(), Identities()
        self.batch: dict[str, Candidate] = {}

    def take(self, item: Item) -> None:
        """Put an item where it belongs: into the batch, the album, or the list of what is left out."""
        self.report.items += 1
        published_at = self.clock.published(item)
        if item.type == "attachment":
            self.album.keep(item, self.export.base_url)
        if reason := reason_to_leave_out(item):
            self.report.leave_out(item, reason)
            return
        filing = filing_of(item, self.export, self.section)
        origin, shared = self.identities.origin_of(item, self.export.base_url)
        if shared:
            self.report.note(item, "has the GUID of another post in the file: told apart by its number or slug")
        if origin in self.batch or len(self.batch) >= BATCH:
            self.write_batch()
        self.batch[origin] = Candidate(item, origin, digest_of(item, filing), filing, published_at)

    def write_batch(self) -> None:
        """Convert what is new or changed, then write it in one short transaction."""
        batch, self.batch = self.batch, {}
        at = now()
        stories = [story_of(candidate, self.export.base_url, at) for candidate in self.without_unchanged(batch)]
        if not stories:
            return
        for entry in self.committed(lambda: self.storing.store(stories, at)):
            self.count(entry.story, entry.outcome, entry.reason)
            if entry.article_id and entry.outcome != KEPT:
                self.album.lead(entry.article_id, entry.story.candidate.item)

    def without_unchanged(self, batch: dict[str, Candidate]) -> list[Candidate]:
        """Those that are not in the paper just as they are; the others are counted and keep their pictures up to date."""
        known, changed = known_of(batch), []
        for origin, candidate in batch.items():
            before = known.get(origin)
            if before and before.digest == candidate.digest and not before.reason_to_keep:
                self.report.unchanged += 1
                if before.article_id:
                    self.album.lead(before.article_id, candidate.item)
            else:
                changed.append(candidate)
        db.session.close()  # nothing read here may hold a snapshot while the content is converted
        return changed

    def committed(self, work: Callable[[], Result]) -> Result:
        """The work in a transaction of its own, done again once when an editor or another import was faster."""
        for last in (False, True):
            try:
                with writes():
                    result = work()
                    db.session.commit()
                return result
            except (IntegrityError, StaleDataError):
                self.storing.terms.forget()
                if last:
                    raise
            finally:
                db.session.close()
        raise AssertionError("the second try returns or raises")

    def count(self, story: Story, outcome: str, reason: str) -> None:
        item = story.candidate.item
        if outcome == KEPT:
            self.report.leave_out(item, reason)
            return
        self.report.imported += outcome == IMPORTED
        self.report.updated += outcome != IMPORTED
        for note in story.notes:
            self.report.note(item, note)

    def finish(self) -> None:
        """Write what is left, hang the pictures, and have readers see it."""
        self.write_batch()
        for leads in self.album.batches():
            self.committed(lambda leads=leads: self.album.hang(leads))  # type: ignore[misc]
            self.note_missing(leads)
        for fault in self.export.mended:
            self.report.note(Item(), fault)
        if self.report.imported or self.report.updated:
            self.committed(rank_sections)
            analyse(*FILLED)
            later("refresh_site")

    def note_missing(self, leads: list[Lead]) -> None:
        for lead in leads:
            if not lead.address:
                item = Item(id=lead.item_id, title=lead.title)
                self.report.note(item, f"its lead picture, attachment {lead.attachment[:40]}, is not in this file")

    def broke(self, broken: UnusableExport) -> None:
        """Say where the file ends, and account for the item that it ends in."""
        self.report.error = str(broken)
        if not isinstance(broken, BrokenExport):
            return
        if broken.unfinished is not None:
            self.report.items += 1
            self.report.leave_out(broken.unfinished, "the file breaks off inside it")
        whole = self.report.items - (broken.unfinished is not None)
        self.report.error += f"; {self.report.stored} of the {whole} items before the break are imported."
