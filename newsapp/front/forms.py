"""What editors say about one slot of the front page, and what is breaking."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, Field, IntegerField, RadioField, SelectField, StringField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from newsapp.database import now
from newsapp.desk.forms import MINUTES, sensible
from newsapp.front.filling import FILLINGS
from newsapp.front.models import MOST_VIEWED, NEWEST, STORY
from newsapp.news.models import Section
from newsapp.news.words import tidy
from newsapp.traffic.windows import WINDOWS

EVERYWHERE = SelectChoice(0, "The whole paper")


class Timed(FlaskForm):  # type: ignore[misc]
    """A form whose times are read by the paper's clock."""

    zone = ZoneInfo("UTC")

    def in_zone(self, zone: ZoneInfo) -> Self:
        self.zone = zone
        return self

    def moment(self, field: Field) -> datetime | None:
        return field.data.replace(tzinfo=self.zone).astimezone(UTC) if field.data else None

    def validate_until(self, field: Field) -> None:
        if (until := self.moment(field)) and until <= now():
            raise ValidationError("That time is over.")


class SlotForm(Timed):
    """What fills one slot, and when."""

    kind = RadioField("What stands here", choices=[SelectChoice(filling.kind, filling.label) for filling in FILLINGS], default=STORY)
    article = RadioField("Story", coerce=int, validate_choice=False, default=0)
    window = SelectField("Time span", choices=[SelectChoice(window.slug, window.label) for window in WINDOWS], default="day")
    section = SelectField("Section", coerce=int, default=0)
    starts = DateTimeLocalField("From", format=MINUTES, validators=[Optional(), sensible])
    until = DateTimeLocalField("Until", format=MINUTES, validators=[Optional(), sensible])

    def offer(self, sections: list[Section], stories: list[tuple[int, str]]) -> Self:
        """Fill in what there is to choose from."""
        self.section.choices = [EVERYWHERE, *(SelectChoice(section.id, section.name) for section in sections)]
        self.article.choices = [SelectChoice(number, headline) for number, headline in stories]
        return self

    def validate_article(self, field: Field) -> None:
        if self.kind.data == STORY and field.data not in {number for number, *_ in field.iter_choices()}:
            raise ValidationError("Choose the story that is to stand here.")

    def validate_section(self, field: Field) -> None:
        if self.kind.data == NEWEST and not field.data:
            raise ValidationError("Choose the section whose newest story is to stand here.")

    def validate_until(self, field: Field) -> None:
        super().validate_until(field)
        starts, until = self.moment(self.starts), self.moment(field)
        if starts and until and until <= starts:
            raise ValidationError("It ends before it begins.")

    def chosen(self) -> dict[str, Any]:
        """The columns of the slot."""
        kind = self.kind.data
        return {
            "kind": kind,
            "article_id": self.article.data if kind == STORY else None,
            "section_id": (self.section.data or None) if kind in (MOST_VIEWED, NEWEST) else None,
            "window": self.window.data if kind == MOST_VIEWED else "",
            "starts": self.moment(self.starts),
            "until": self.moment(self.until),
        }


class BreakingForm(Timed):
    """One line above the news."""

    text = StringField("The line", [DataRequired("What is breaking?"), Length(max=120, message="One line: at most 120 characters.")], filters=[tidy])
    number = IntegerField("Story", [Optional()], description="Its number, in the address of its page at the desk. Empty: no link.")
    until = DateTimeLocalField("Until", format=MINUTES, validators=[InputRequired("Every breaking line has an end."), sensible])
