"""What is typed about names and redirects."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from newsapp.desk.forms import well_formed
from newsapp.news.body import body_of
from newsapp.news.figures import undescribed
from newsapp.news.words import tidy, trimmed


class NameForm(FlaskForm):  # type: ignore[misc]
    """A tag's or an author's name; of authors, what readers are told of them."""

    name = StringField("Name", [DataRequired("A name is needed."), Length(max=120, message="At most 120 characters.")], filters=[tidy])
    bio = TextAreaField("About them", [Length(max=2000, message="At most 2,000 characters.")], filters=[trimmed], description="On their page.")


class MergeForm(FlaskForm):  # type: ignore[misc]
    """Which other one it becomes."""

    into = StringField("Merge into", [DataRequired("Say which one it becomes.")], filters=[tidy])


class RedirectForm(FlaskForm):  # type: ignore[misc]
    """An address, and where it leads."""

    old = StringField("Old address", [DataRequired("Which address?"), Length(max=400)], description="Such as /2019/05/harbour-fire.")
    new = StringField("Leads to", [DataRequired("Where does it lead?"), Length(max=400)], description="An address of this site.")


class PlainForm(FlaskForm):  # type: ignore[misc]
    """All that an editor types about one plain page."""

    version = HiddenField(filters=[lambda text: int(text) if str(text or "").isdigit() else 0])
    title = StringField("Title", [DataRequired("A page needs a title."), Length(max=300)], filters=[tidy])
    standfirst = TextAreaField("Standfirst", [Length(max=2000)], filters=[tidy])
    body = TextAreaField("Text", filters=[trimmed])
    slug = StringField("Address", [Optional(), Length(max=80), well_formed], filters=[tidy])
    position = IntegerField("Place", [Optional(), NumberRange(0, 9999)], default=100)
    shown = BooleanField("Readers see it")

    def validate_body(self, field: Field) -> None:
        if without := undescribed(body_of(field.data)):
            raise ValidationError(f"{without} of the pictures in it need a description: some readers hear them instead of seeing them.")
