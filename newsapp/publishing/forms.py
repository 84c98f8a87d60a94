"""Forms of publishing: a note to readers, a story sent back, a preview link, the site at another moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, Field, RadioField, SelectField, TextAreaField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from newsapp.database import now
from newsapp.desk.forms import MINUTES, offer_which, sensible, settle
from newsapp.news.models import CORRECTION_KINDS
from newsapp.news.words import trimmed
from newsapp.publishing import times

DAYS = (("1", "One day"), ("3", "Three days"), ("7", "A week"), ("30", "30 days"))
SLACK = times.MINUTE  # the form shows minutes: the present one has not ended


class TimedForm(FlaskForm):  # type: ignore[misc]
    """A form with one moment, read by the paper's clock."""

    at = DateTimeLocalField("When", format=MINUTES, validators=[InputRequired("A time."), sensible])
    at_which = RadioField("Which of the two", choices=[], validators=[Optional()], validate_choice=False)
    zone = ZoneInfo("UTC")

    def in_zone(self, zone: ZoneInfo) -> Self:
        self.zone = zone
        offer_which(self.at, self.at_which, zone)
        return self

    def validate_at(self, field: Field) -> None:
        settle(field, self.at_which, self.zone)

    def moment(self) -> datetime:
        return times.moment_of(self.at.data, self.zone)


class NoteForm(TimedForm):
    """What readers are told that was changed."""

    kind = SelectField("What it is", choices=[SelectChoice(name, word) for name, word in CORRECTION_KINDS])
    text = TextAreaField(
        "Note to readers", [InputRequired("Readers want to know what was changed."), Length(max=2000)],
        filters=[trimmed], description="What was wrong, and what is right.",
    )  # fmt: skip

    def validate_at(self, field: Field) -> None:
        super().validate_at(field)
        if field.data and self.moment() > now() + SLACK:
            raise ValidationError("That time is still to come.")


class SendBackForm(FlaskForm):  # type: ignore[misc]
    """Why a story goes back to who wrote it."""

    note = TextAreaField("What is missing", [InputRequired("Say what is missing."), Length(max=2000)], filters=[trimmed])


class LinkForm(FlaskForm):  # type: ignore[misc]
    """How long a preview link opens."""

    days = SelectField("Opens for", choices=[SelectChoice(*each) for each in DAYS], default="3")


class MomentForm(TimedForm):
    """The moment at which the site is looked at. It changes nothing and is sent with GET."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        csrf = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.at.label.text = "The site on"
