"""What was imported before, so that running again doubles nothing and spares what editors changed since."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model, Moment, now


class ImportedItem(Model):
    """One item of another system, as it was when it was last imported."""

    __tablename__ = "imported_item"

    origin: Mapped[str] = mapped_column(String(300), primary_key=True)  # the origin of its article or page
    digest: Mapped[str] = mapped_column(String(32))  # of the item in the file
    at: Mapped[datetime] = mapped_column(Moment, default=now)
