"""The table of the audit log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model, Moment


class AuditEntry(Model):
    """One thing that somebody changed."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_kind_id", "kind", "id"), Index("ix_audit_entry_thing_id", "thing", "id"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment, index=True)
    who: Mapped[str] = mapped_column(String(255), index=True)  # an e-mail; empty for somebody who is not signed in
    kind: Mapped[str] = mapped_column(String(40))  # one of KINDS
    thing: Mapped[str] = mapped_column(String(120))  # such as article:12
    label: Mapped[str] = mapped_column(String(300))  # its name at that time
    what: Mapped[str] = mapped_column(Text)
    deed: Mapped[str] = mapped_column(String(120))  # the route or the command
