"""Tables of WebSub: what the hub was told of each feed, and up to which change that was looked at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model, Moment


class HubFeed(Model):
    """A feed by what it depends on: front, section:3, tag:5, author:2. `told` is a digest of the stories that the hub knows of."""

    __tablename__ = "hub_feed"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    told: Mapped[str] = mapped_column(String(32), default="")
    due: Mapped[datetime | None] = mapped_column(Moment, index=True)  # when the hub is to be told; None: it knows all
    tries: Mapped[int] = mapped_column(Integer, default=0)  # in vain, since it knew all


class HubThrough(Model):
    """The number of the last change that was looked at: one row."""

    __tablename__ = "hub_through"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    change_id: Mapped[int] = mapped_column(Integer)
