"""When an item was published: exports give up to three dates, and any of them may be missing or 0000-00-00."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from newsapp.imports.items import Item

# What zeros become when PHP formats them: no date at all.
ZEROS = {datetime(1999, 11, 30, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)}
A_DAY = timedelta(hours=26)


def moment(text: str) -> datetime | None:
    """'2012-03-04 05:06:07' as UTC; None for zeros and what is no date."""
    try:
        found = datetime.strptime(text.strip()[:19].replace("T", " "), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found if found.year > 1 else None


def from_rss(text: str) -> datetime | None:
    """RSS's own date, where it is one."""
    try:
        found = parsedate_to_datetime(text)
        found = (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return None if found in ZEROS or found.year < 2 else found


class Clock:
    """Knows how far the blog's own time is from UTC, learnt from the items that give both."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def published(self, item: Item) -> datetime | None:
        """The item's date in UTC: the GMT one, else the blog's own with its offset, else RSS's."""
        gmt, local = moment(item.date_gmt), moment(item.date)
        if gmt and local and abs(local - gmt) < A_DAY:
            self.offset = local - gmt
        return gmt or self.in_utc(local) or from_rss(item.pub_date)

    def in_utc(self, local: datetime | None) -> datetime | None:
        try:
            return local - self.offset if local else None
        except OverflowError:
            return None
