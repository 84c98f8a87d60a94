"""Where editors' settings are stored: a row for each change, so history and undo are there from the start."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model, Moment, now


class SettingChange(Model):
    """One change of one setting. A `value` of None means: back to what is inherited."""

    __tablename__ = "setting"
    __table_args__ = (Index("ix_setting_scope_name_revision", "scope", "name", "revision"),)

    revision: Mapped[int] = mapped_column(Integer, primary_key=True)  # grows with every change of any setting
    scope: Mapped[str] = mapped_column(String(80))  # "site", "section:3", "article:12"
    name: Mapped[str] = mapped_column(String(80))
    value: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    editor: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Moment, default=now)
