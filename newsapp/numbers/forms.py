"""What the laboratory tries."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, Field, IntegerField, SelectField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional

from newsapp.database import now
from newsapp.desk.forms import MINUTES, sensible
from newsapp.numbers.lab import FARTHEST, TRIED, Rules


class TrialForm(FlaskForm):  # type: ignore[misc]
    """Other rules, and the moment of the past for which they are tried."""

    window = SelectField("Time span", choices=[SelectChoice(window.slug, window.label) for window in TRIED])
    half_life = IntegerField("Half-life, hours", [InputRequired("From 1 to 168."), NumberRange(1, 168)], description="For the span Trend.")
    per_section = IntegerField("Stories of one section", [InputRequired("0 is any number."), NumberRange(0, 50)], description="0: any number.")
    max_age = IntegerField("Days after which a story leaves", [InputRequired("0 is never."), NumberRange(0, 10_000)], description="0: never.")
    at = DateTimeLocalField("As of", format=MINUTES, validators=[Optional(), sensible])
    zone = ZoneInfo("UTC")

    def validate_at(self, field: Field) -> None:
        moment = self.moment()
        if moment > now():
            raise ValidationError("The future is not counted yet.")
        if moment < now() - FARTHEST:
            raise ValidationError(f"Hours are kept for {FARTHEST.days} days.")

    def moment(self) -> datetime:
        """The moment asked for, or now."""
        return self.at.data.replace(tzinfo=self.zone).astimezone(UTC) if self.at.data else now()

    def rules(self) -> Rules:
        return Rules(self.window.data, self.half_life.data, self.per_section.data, self.max_age.data)
