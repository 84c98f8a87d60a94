"""The tables of alerts: which alarms are open, and what is to be told of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from newsapp.database import Base

WATCH = "watch"  # its turns stand in schedule_state, so that one process at a time looks

Number = BigInteger().with_variant(Integer, "sqlite")

# Moments are seconds since 1970, 0 for never.
open_alarm = Table(
    "open_alarm", Base.metadata,
    Column("name", String(40), primary_key=True),
    Column("since", Number, nullable=False),
    Column("calm", Number, nullable=False, default=0),  # since when it is over, while that is not told yet
    Column("told", Number, nullable=False, default=0),
    Column("title", String(300), nullable=False, default=""),
)  # fmt: skip

alert = Table(
    "alert", Base.metadata,
    Column("id", Number, primary_key=True),
    Column("name", String(40), nullable=False),  # of the alarm
    Column("channel", String(20), nullable=False),
    Column("said", Text, nullable=False),  # JSON
    Column("made", Number, nullable=False),
    Column("due", Number, nullable=False),  # not to be tried before
    Column("tries", Integer, nullable=False, default=0),
    Column("sent", Number, nullable=False, default=0),
    Column("error", String(500), nullable=False, default=""),
    Index("ix_alert_sent_due", "sent", "due"),
)  # fmt: skip
